"""What the torch side sees: its own layers by their package, its functions wherever they live."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harness.breadcrumb import Breadcrumb
from harness.sides.framework_code import TORCH
from harness.sides.operations import canonical, draws
from harness.sides.perturbation import PERTURBATIONS
from harness.sides.recorder import Recorder, Rehearsal
from harness.sides.torch_side import TorchSide
from tests.unit.sides.observed import hold, results, seen

MOVES_DATA = {"channel_shuffle", "embedding", "native_channel_shuffle", "one_hot"}
DROPS = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}
LOSSES = {
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss", "linear_cross_entropy",
    "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "poisson_nll_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
}  # fmt: skip
"""A loss is computed after the model has run; these have no counterpart in Jittor."""
OTHERS = {"conv_tbc", "embedding_bag", "grouped_mm", "pdist", "scaled_grouped_mm", "scaled_mm"}
"""Nothing in Jittor is like them."""
PLUMBING = {
    "assert_int_or_pair", "boolean_dispatch", "handle_torch_function", "has_torch_function",
    "has_torch_function_unary", "has_torch_function_variadic",
}  # fmt: skip


@pytest.fixture
def side(tmp_path: Path) -> TorchSide:
    return TorchSide("cpu", Breadcrumb(tmp_path / "side"))


def test_every_function_of_torch_is_an_operation_or_left_out_for_a_reason() -> None:
    known = MOVES_DATA | DROPS | LOSSES | OTHERS | PLUMBING
    offered = {
        name
        for name, function in vars(F).items()
        if callable(function)
        and not inspect.isclass(function)
        and not name.startswith("_")
        and name != "Optional"
        and not name.endswith("_with_indices")
    }
    left = {name for name in offered if canonical(name) is None and name not in known and not draws(name)}
    assert not left
    assert sum(canonical(name) is not None for name in offered) > 90


def _classes() -> Iterator[type[nn.Module]]:
    for found in pkgutil.walk_packages(nn.__path__, "torch.nn."):
        space = importlib.import_module(found.name)
        for kind in vars(space).values():
            if inspect.isclass(kind) and issubclass(kind, nn.Module) and kind.__module__ == found.name:
                yield kind


def test_every_class_of_torchs_packages_is_its_own() -> None:
    kinds = list(_classes())
    assert len(kinds) > 140
    assert all(kind.__module__ in TORCH for kind in kinds)


@pytest.mark.parametrize("package", ["torch_own.layers", "torchvision.ops.misc", "torch_scatter"])
def test_a_class_of_another_package_is_looked_into(package: str, side: TorchSide, tmp_path: Path) -> None:
    class Own(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.exp() + x

    Own.__module__ = package
    assert results(seen(side, nn.Sequential(Own()), tmp_path, torch.ones(2))) == [
        "0/exp.0",
        "0/add.0",
        "0",
        "(model)",
    ]
    assert not side.layers["0"].builtin


class Calls(nn.Module):
    """A model that only calls a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: F.scaled_dot_product_attention(x, x, x), "scaled_dot_product_attention"),
        (lambda x: F.max_pool2d(x, 2), "max_pool2d"),
        (lambda x: nn.AdaptiveAvgPool2d(1)(x), "adaptive_avg_pool2d"),
        (lambda x: nn.LeakyReLU()(x), "leaky_relu"),
        (lambda x: torch.special.softmax(x, 1), "softmax"),
        (lambda x: torch.linalg.norm(x), "norm"),
        (lambda x: torch.linalg.matmul(x, x), "matmul"),
        (lambda x: torch.einsum("nchw,nchw->nchw", x, x), "einsum"),
        (lambda x: F.prelu(x, x.mean((0, 2, 3))), "prelu"),
    ],
)
def test_a_function_is_seen_wherever_it_lives(
    function: Callable[[Any], Any], name: str, side: TorchSide, tmp_path: Path
) -> None:
    found = results(seen(side, Calls(function), tmp_path, torch.rand(1, 2, 6, 6)))
    assert found[-2:] == [f"(model)/{name}.0", "(model)"]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: x.max(1), ("values", "indices")),
        (lambda x: torch.min(x, 1), ("values", "indices")),
        (lambda x: x.median(1), ("values", "indices")),
        (lambda x: torch.var_mean(x), ()),
    ],
)
def test_a_result_of_several_tensors_keeps_its_class(
    function: Callable[[Any], Any], names: tuple[str, ...], side: TorchSide, tmp_path: Path
) -> None:
    found: list[Any] = []
    given = torch.rand(3, 4)
    seen(side, Calls(lambda x: found.append(function(x)) or x), tmp_path, given)
    assert type(found[0]) is type(function(given))
    for place, name in enumerate(names):
        assert torch.equal(getattr(found[0], name), function(given)[place])


def test_a_result_moved_by_rounding_is_the_one_that_a_model_in_place_goes_on_with(
    side: TorchSide, tmp_path: Path
) -> None:
    """The model goes on with the argument itself, so what is done to it must not go to a copy."""

    def function(x: Tensor) -> Tensor:
        y = x * 1.0
        y.mul_(0.5).add_(1.0)
        torch.relu_(y)
        y += 1.0
        return y

    hold(side, Calls(function))
    alter = side.perturbation(0, PERTURBATIONS["eval"][0])
    recorder = Recorder(side.tensors, side.layers, Rehearsal(), side.breadcrumb, alter=alter)
    given = torch.rand(3, 4)
    with side.without_gradients(), side.observed(recorder):
        moved = side.model(given)
    assert not torch.equal(moved, given * 0.5 + 2)
    torch.testing.assert_close(moved, given * 0.5 + 2, rtol=1e-5, atol=0)


@pytest.mark.parametrize("whole", [True, False])
def test_a_mask_is_no_rounded_result(side: TorchSide, whole: bool) -> None:
    """A mask is one minus it times a large number at last: moved by rounding, it would hide all scores."""

    def function(x: Tensor) -> Tensor:
        mask = torch.ones(4, 4).tril() * torch.ones(3, 1, 4)
        hidden = (1 - mask) if whole else (1.25 - mask * 1.25)
        return x + hidden * -1e9

    hold(side, Calls(function))
    alter = side.perturbation(0, PERTURBATIONS["eval"][0])
    recorder = Recorder(side.tensors, side.layers, Rehearsal(), side.breadcrumb, alter=alter)
    given = torch.rand(3, 4, 4)
    with side.without_gradients(), side.observed(recorder):
        moved = side.model(given)
    seen = torch.ones(3, 4, 4).tril() == 1
    assert not torch.equal(moved[seen], given[seen])
    assert torch.allclose(moved[seen], given[seen], rtol=1e-5, atol=0) is whole


def test_multihead_attention_is_one_layer(side: TorchSide, tmp_path: Path) -> None:
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2)

        def forward(self, x: Tensor) -> Any:
            return self.attention(x, x, x)[0]

    assert set(results(seen(side, Attends(), tmp_path, torch.rand(3, 2, 8)))) == {"attention", "(model)"}
    hold(side, Attends())
    assert side.layers["attention"].builtin

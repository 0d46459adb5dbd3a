"""Models that come with Jittor are looked into like any other, and so is all of Jittor outside jittor.nn."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np
import pytest
from jittor import attention, models, nn, pool
from jittor.models import inception, resnet, squeezenet

from harness.breadcrumb import Breadcrumb
from harness.sides.jittor_patches import name_spaces, operations
from harness.sides.jittor_side import JittorSide
from harness.sides.operations import canonical
from harness.sides.recorder import Recorder, Rehearsal
from tests.unit.sides.observed import hold, results, seen
from tests.unit.sides.small import PAIR


@pytest.fixture
def side(tmp_path: Path) -> JittorSide:
    return JittorSide("cpu", Breadcrumb(tmp_path / "side"))


def image(*shape: int) -> jt.Var:
    return jt.array(np.random.default_rng(0).random(shape, dtype=np.float32))


def test_fire_is_recorded_whole(side: JittorSide, tmp_path: Path) -> None:
    found = results(seen(side, squeezenet.Fire(4, 2, 3, 3), tmp_path, image(1, 4, 6, 6)))
    layers = [
        f"{name}{part}" for name in ("squeeze", "expand1x1", "expand3x3") for part in ("", "_activation")
    ]
    assert sorted(found) == sorted([*layers, "(model)/cat.0", "(model)"])


def test_inception_block_is_recorded_whole(side: JittorSide, tmp_path: Path) -> None:
    block = inception.InceptionA(4, 3)
    block.eval()
    found = results(seen(side, block, tmp_path, image(1, 4, 6, 6)))
    branches = ["1x1", "5x5_1", "5x5_2", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3", "_pool"]
    layers = {f"branch{branch}{part}" for branch in branches for part in ("", ".conv", ".bn", "/relu.0")}
    assert set(found) == {*layers, "(model)/avg_pool2d.0", "(model)/cat.0", "(model)"}


def test_resnet_block_is_recorded_whole(side: JittorSide, tmp_path: Path) -> None:
    block = resnet.BasicBlock(4, 4)
    block.eval()
    found = results(seen(side, block, tmp_path, image(1, 4, 6, 6)))
    assert {"conv1", "bn1", "conv2", "bn2", "(model)/add.0"} <= set(found)


def test_every_module_of_the_zoo_is_a_layer(side: JittorSide) -> None:
    """Inception has 17 convolutions and blocks before its first pooling alone; all its modules are layers."""
    model = models.Inception3(init_weights=False)
    hold(side, model)
    every = {path for path, _ in model.named_modules()}
    assert set(side.layers) == every
    assert sum(layer.type == "BasicConv2d" for layer in side.layers.values()) == 96


def test_a_class_of_ones_own_is_no_layer_of_jittor_whatever_its_package_is_called(side: JittorSide) -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

        def execute(self, x: Any) -> Any:
            return self.inner(x)

    Own.__module__ = "jittor_own.layers"
    hold(side, nn.Sequential(Own()))
    assert list(side.layers) == ["", "0", "0.inner"]
    assert not side.layers["0"].builtin


class Calls(nn.Module):
    """A model that only calls a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def execute(self, x: Any) -> Any:
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: attention.scaled_dot_product_attention(x, x, x), "scaled_dot_product_attention"),
        (lambda x: pool.max_pool2d(x, 2), "max_pool2d"),
        (lambda x: nn.pool(x, 3, "maximum", stride=2), "max_pool2d"),
        (lambda x: pool.pool(x, 2, op="mean"), "avg_pool2d"),
        (lambda x: nn.AdaptiveAvgPool2d(1)(x), "adaptive_avg_pool2d"),
        (lambda x: nn.Pool(2, op="maximum")(x), "max_pool2d"),
        (lambda x: nn.LeakyReLU()(x), "leaky_relu"),
        (lambda x: nn.bmm(x[0], x[0]), "matmul"),
        (lambda x: jt.scatter(x, 1, jt.zeros(x.shape, "int32"), x, reduce="add"), "scatter"),
        (lambda x: jt.linalg.einsum("nchw,nchw->nchw", x, x), "einsum"),
        (lambda x: jt.contrib.concat([x, x], 1), "cat"),
        (lambda x: jt.misc.cumsum(x, 1), "cumsum"),
        (lambda x: (x * 1).abs_(), "abs"),
    ],
)
def test_a_function_is_seen_wherever_it_lives_and_nothing_inside_it(
    function: Callable[[Any], Any], name: str, side: JittorSide, tmp_path: Path
) -> None:
    found = results(seen(side, Calls(function), tmp_path, image(1, 2, 6, 6)))
    assert found[-2:] == [f"(model)/{name}.0", "(model)"]
    assert len(found) == (3 if name == "abs" else 2)


def test_what_jittor_does_inside_a_function_that_is_not_recorded_is_its_own_business(
    side: JittorSide, tmp_path: Path
) -> None:
    found = results(seen(side, Calls(lambda x: jt.misc.repeat(x, (2, 1, 1, 1))), tmp_path, image(1, 2, 6, 6)))
    assert found == ["(model)"]


def test_multihead_attention_is_one_layer(side: JittorSide, tmp_path: Path) -> None:
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention.MultiheadAttention(8, 2)

        def execute(self, x: Any) -> Any:
            return self.attention(x, x, x)[0]

    found = results(seen(side, Attends(), tmp_path, image(3, 2, 8)))
    assert set(found) == {"attention", "(model)"}
    assert side.layers["attention"].builtin


def test_every_operation_that_any_part_of_jittor_offers_is_watched(side: JittorSide) -> None:
    """Walks Jittor's packages as they are installed, and torchlike's."""
    offered = {
        (space.__name__, name): function
        for space in name_spaces()
        for name, function in vars(space).items()
        if inspect.isfunction(function) and canonical(name) and function.__module__.startswith("jittor")
    }
    assert {"jittor", "jittor.nn", "jittor.attention", "jittor.pool", "jittor.linalg"} <= {
        space for space, _ in offered
    }
    recorder = Recorder(side.tensors, {}, Rehearsal(), side.breadcrumb)
    with operations(recorder, jt.Var):
        spaces = {space.__name__: vars(space) for space in name_spaces()}
        left = [place for place, function in offered.items() if spaces[place[0]][place[1]] is function]
    assert not left
    assert len(offered) > 100
    assert all(spaces[space][name] is function for (space, name), function in offered.items())


def test_a_gradient_is_that_of_the_value_before_it_was_changed_in_place(
    side: JittorSide, tmp_path: Path
) -> None:
    """Of y = 2x; y = y / 2 + 1: the gradient of sum(y * y) is 2y behind it, and half of that before."""

    def function(x: jt.Var) -> jt.Var:
        y = x * 2.0
        y.multiply_(0.5).add_(1.0)
        return y

    hold(side, Calls(function))
    side.pair, side._learning = PAIR, []
    found: dict[str, Any] = {}
    sink = Rehearsal()
    sink.add = lambda address, array, type="": found.update({address: array})  # type: ignore[method-assign]
    recorder = Recorder(side.tensors, side.layers, sink, side.breadcrumb, gradients=True)
    given = jt.array([1.0, 2.0, 3.0])
    given.start_grad()
    with side.observed(recorder):
        outputs = side.model(given)
    side.gradients((outputs * outputs).sum(), recorder)
    last = 2 * (np.array([1.0, 2.0, 3.0]) + 1)
    np.testing.assert_allclose(found["layer:(model)/mul.0#0:grad"], last / 2)
    np.testing.assert_allclose(found["layer:(model)/add.0#0:grad"], last)


def test_the_gradient_of_a_leaf_is_that_before_a_model_changed_it_in_place(side: JittorSide) -> None:
    """A layer that runs alone hands a leaf on: what is overwritten has no share in the gradient."""
    leaf, onward = side.leaf(np.ones((2, 3), np.float32), jt.zeros((2, 3)), learns=True)
    onward[:, 0] = 0.0
    onward *= 4.0
    (gradient,) = jt.grad((onward * 3.0).sum(), [leaf])
    np.testing.assert_array_equal(gradient.numpy(), [[0, 12, 12], [0, 12, 12]])

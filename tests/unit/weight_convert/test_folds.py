"""Folds against torch's own arithmetic on whole blocks in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from harness.errors import BadInput
from weight_convert import State
from weight_convert.dtypes import widen_bfloat16
from weight_convert.folds import fold_conv_bn, fold_repnr, fold_repvgg
from weight_convert.folds.parts import rounded
from weight_convert.tensor import Tensor

EPS = 1e-3
Tensors = dict[str, Tensor]


def drawn(norm: nn.BatchNorm2d, seed: int) -> nn.BatchNorm2d:
    """A batch norm with statistics that are not its initial ones, in evaluation."""
    torch.manual_seed(seed)
    for value in (norm.weight, norm.running_var):
        assert value is not None
        value.data.uniform_(0.5, 1.5)
    for value in (norm.bias, norm.running_mean):
        assert value is not None
        value.data.normal_()
    return norm.eval()


class RepVGG(nn.Module):
    """A block with its three branches, as upstream names them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        if channels_in == channels_out and stride == 1:
            self.rbr_identity = nn.BatchNorm2d(channels_in, EPS)
        for name, size in (("rbr_dense", 3), ("rbr_1x1", 1)):
            conv = nn.Conv2d(channels_in, channels_out, size, stride, size // 2, bias=False)
            branch = nn.Sequential()
            branch.add_module("conv", conv)
            branch.add_module("bn", nn.BatchNorm2d(channels_out, EPS))
            self.add_module(name, branch)
        for seed, part in enumerate(self.modules()):
            if isinstance(part, nn.BatchNorm2d):
                drawn(part, seed)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of the branches."""
        identity = self.rbr_identity(x) if hasattr(self, "rbr_identity") else 0
        return self.rbr_dense(x) + self.rbr_1x1(x) + identity


def tensors_of(module: nn.Module, prefix: str = "") -> Tensors:
    """A module's state as tensors."""
    return State.of({prefix + key: value.numpy() for key, value in module.state_dict().items()}).tensors


def as_torch(tensors: Tensors, key: str) -> torch.Tensor:
    """An entry as a float64 torch tensor."""
    return torch.from_numpy(np.array(tensors[key].values(), np.float64))


@pytest.mark.parametrize(
    ("channels_in", "channels_out", "stride"), [(4, 4, 1), (4, 4, 2), (3, 8, 2), (1, 1, 1)]
)
def test_repvgg_becomes_one_convolution(channels_in: int, channels_out: int, stride: int) -> None:
    block = RepVGG(channels_in, channels_out, stride).double().eval()
    folded, reports = fold_repvgg(tensors_of(block, "stem."), EPS)
    assert list(folded) == ["stem.rbr_reparam.weight", "stem.rbr_reparam.bias"]
    x = torch.randn(2, channels_in, 9, 7, dtype=torch.float64)
    weight, bias = (as_torch(folded, key) for key in folded)
    ours = functional.conv2d(x, weight, bias, stride, 1)
    torch.testing.assert_close(ours, block(x), rtol=1e-12, atol=1e-12)
    assert reports[0].at == "stem"
    assert reports[0].error < 1e-14


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 4])
def test_conv_and_norm_become_one_convolution(bias: bool, groups: int) -> None:
    conv = nn.Conv2d(4, 8, 3, padding=1, bias=bias, groups=groups)
    norm = drawn(nn.BatchNorm2d(8, EPS), 1)
    both = nn.Sequential()
    both.add_module("conv", conv)
    both.add_module("bn", norm)
    both = both.double().eval()
    folded, reports = fold_conv_bn(
        tensors_of(both, "a.") | tensors_of(both, "kept."), EPS, lambda path: path == "a"
    )
    assert [key for key in folded if key.startswith("a.")] == ["a.conv.weight", "a.conv.bias"]
    assert [key for key in folded if key.startswith("kept.")] == [f"kept.{key}" for key in both.state_dict()]
    x = torch.randn(2, 4, 9, 7, dtype=torch.float64)
    weight, shift = as_torch(folded, "a.conv.weight"), as_torch(folded, "a.conv.bias")
    ours = functional.conv2d(x, weight, shift, padding=1, groups=groups)
    torch.testing.assert_close(ours, both(x), rtol=1e-12, atol=1e-12)
    assert [report.at for report in reports] == ["a"]


def repnr(bias: bool, auxiliary: bool, cameras: int = 3) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """The entries of one RepNR convolution, four inputs to six outputs."""
    rng = np.random.default_rng(0)
    entries = {"c.main_weight": rng.standard_normal((6, 4, 3, 3))}
    if bias:
        entries["c.main_bias"] = rng.standard_normal(6)
    if auxiliary:
        entries |= {"c.aux_weight": rng.standard_normal((6, 4, 3, 3)), "c.aux_bias": rng.standard_normal(6)}
    for holder in ("align_weights", "align_biases"):
        entries |= {f"c.{holder}.{camera}": rng.standard_normal((1, 4, 1, 1)) for camera in range(cameras)}
    return entries


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("auxiliary", [True, False])
@pytest.mark.parametrize("camera", [-1, 0, 1])
def test_repnr_becomes_one_convolution(bias: bool, auxiliary: bool, camera: int) -> None:
    entries = repnr(bias, auxiliary)
    folded, _ = fold_repnr(State.of({"own.beta": np.ones(3), **entries}).tensors, camera)
    assert list(folded) == ["own.beta", "c.weight", "c.bias"]
    part = {key.removeprefix("c."): torch.from_numpy(value) for key, value in entries.items()}
    x = torch.randn(2, 4, 8, 8, dtype=torch.float64)
    chosen = camera % 3
    shifted = part[f"align_weights.{chosen}"] * x + part[f"align_biases.{chosen}"]
    theirs = functional.conv2d(shifted, part["main_weight"], part.get("main_bias"))
    if auxiliary:
        theirs = theirs + functional.conv2d(x, part["aux_weight"], part["aux_bias"])
    ours = functional.conv2d(x, as_torch(folded, "c.weight"), as_torch(folded, "c.bias"))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_repnr_without_any_shift_gets_no_bias() -> None:
    entries = {key: value * ("align_biases" not in key) for key, value in repnr(False, False).items()}
    folded, _ = fold_repnr(State.of(entries).tensors)
    assert list(folded) == ["c.weight"]


def test_a_camera_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="3 cameras"):
        fold_repnr(State.of(repnr(True, False)).tensors, 3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_fold_keeps_the_kind_of_number(dtype: str) -> None:
    block = RepVGG(4, 4).to(getattr(torch, dtype))
    arrays = {}
    for key, value in block.state_dict().items():
        bits = (
            value.view(torch.int16).numpy().view(np.uint16)
            if value.dtype == torch.bfloat16
            else value.numpy()
        )
        arrays[key] = Tensor.of(bits, dtype if value.is_floating_point() else None)
    folded, reports = fold_repvgg({f"b.{key}": value for key, value in arrays.items()}, EPS)
    assert {tensor.dtype for tensor in folded.values()} == {dtype}
    assert 0 < reports[0].error < {"float16": 1e-2, "bfloat16": 5e-2, "float32": 1e-6}[dtype]


def test_rounding_to_bfloat16_is_torchs() -> None:
    values = np.concatenate(
        [np.random.default_rng(0).standard_normal(5000), [0.0, -0.0, 1.00390625, 3e38, np.inf]]
    )
    ours = widen_bfloat16(rounded(values, "bfloat16").bits())
    theirs = torch.from_numpy(values.astype(np.float32)).bfloat16().float().numpy()
    np.testing.assert_array_equal(ours, theirs)


def test_weights_that_are_not_finite_are_refused() -> None:
    block = RepVGG(4, 4)
    block.state_dict()["rbr_dense.conv.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(BadInput, match="may not be finite"):
        fold_repvgg(tensors_of(block, "b."), EPS)


def test_a_block_without_a_branch_is_refused() -> None:
    tensors = tensors_of(RepVGG(4, 4), "b.")
    del tensors["b.rbr_1x1.bn.running_mean"]
    with pytest.raises(BadInput, match=r"b\.rbr_1x1\.bn\.running_mean"):
        fold_repvgg(tensors, EPS)

"""The PyTorch reference of CPANet against runs of the published code."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.pairs.base import InputRequest
from harness.pairs.cpanet.data import draw_inputs
from harness.pairs.cpanet.pair import configured
from harness.pairs.cpanet.switches import switches
from refs_torch import cpanet
from refs_torch.cpanet.network import CPANet
from tests import needs_shared
from tests.selection import others_slow
from tests.upstream import cpanet_truth as truth
from tests.upstream.recorded import Array, Recorded, distance, whole_distance
from tests.upstream.watching import copied, watch

pytestmark = needs_shared
IN_THE_GATE = ("vgg16_eval_nonsquare", "resnet50_train_1shot")  # each mode and each kind of backbone

# In float64 the reference is the published function to the last bits. Upstream's float32 is 1e-6 from its
# float64 in eval, 4.3e-6 in train mode, on a processor with AVX-512. Where vectors have another length,
# convolutions add up in another order, and float32 is 2.3e-6 and 1.1e-5 from the recorded one with the same
# operations: test_recorded_convolutions_add_up_16_channels_at_a_time shows that.
OUTPUT = {
    ("eval", "float32"): 5e-6,
    ("train", "float32"): 1.5e-5,
    ("eval", "float64"): 1e-13,
    ("train", "float64"): 1e-13,
}
LOSS = {"float32": 1e-5, "float64": 1e-13}
# Upstream's masks stay float32 when all else is float64. Between these two sizes a resized mask is not exact
# in float32, and the recorded float64 run not the exact one; the reference's is.
INEXACT_MASKS = {"vgg16_eval_nonsquare": 2e-6, "resnet50_train_1shot": 1e-5}
LAYER = 3e-5
GRADIENT, GRADIENT_WHOLE = 5e-3, 2e-3
ZERO = {"float32": 1e-4, "float64": 1e-12}


@dataclass
class Run:
    """What came of repeating a recorded run."""

    recorded: Recorded
    dtype: str
    outputs: dict[str, Array]
    layers: dict[tuple[str, int], Array]
    losses: dict[str, float] = field(default_factory=dict)
    gradients: dict[str, Array] = field(default_factory=dict)


class SingleMasks(CPANet):
    """Resizes supports' masks in float32 whatever the network's type, as upstream does."""

    def _prototype(self, support: Tensor, mask: Tensor) -> Tensor:
        return super()._prototype(support, mask.float())


def network(backbone: str, mode: str, dtype: str, kind: type[CPANet] = CPANet) -> CPANet:
    """A network with seeded weights in eval or train mode, without dropout."""
    model = kind(backbone, switches())
    state = {key: torch.from_numpy(np.array(value)) for key, value in truth.seeded_state(backbone).items()}
    model.load_state_dict(state, strict=True)
    model.train(mode == "train")
    for module in model.modules():
        if isinstance(module, nn.Dropout2d):
            module.eval()
    return model.to(getattr(torch, dtype))


def tensors(recorded: Recorded, dtype: str) -> dict[str, Tensor]:
    """The inputs of a recorded run."""
    found = {name: torch.from_numpy(value) for name, value in recorded.inputs.items()}
    return {
        name: value.to(getattr(torch, dtype)) if value.is_floating_point() else value
        for name, value in found.items()
    }


@cache
def repeat(case: str, dtype: str, kind: type[CPANet] = SingleMasks) -> Run:
    """Run the reference as upstream was run."""
    recorded = truth.traced(case)
    model = network(recorded.variant, recorded.mode, dtype, kind)
    layers = watch(model, keep=copied)
    inputs = tensors(recorded, dtype)
    found = model(**inputs)
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    outputs = {
        key: value.detach().numpy() if isinstance(value, Tensor) else value
        for key, value in truth.outputs(found, state).items()
    }
    run = Run(recorded, dtype, outputs, layers)
    if recorded.mode == "train":
        losses = cpanet.losses(found, inputs)
        next(iter(losses.values())).backward()
        run.losses = {name: value.item() for name, value in losses.items()}
        grads = {name: value.grad for name, value in model.named_parameters()}
        run.gradients = {name: grad.numpy() for name, grad in grads.items() if grad is not None}
    return run


@pytest.fixture(params=others_slow(truth.CASES, *IN_THE_GATE))
def case(request: pytest.FixtureRequest) -> str:
    """Every recorded run."""
    return str(request.param)


@pytest.fixture(params=others_slow(truth.TRAINING, IN_THE_GATE[1]))
def training(request: pytest.FixtureRequest) -> str:
    """Every recorded run in train mode."""
    return str(request.param)


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    """Both precisions."""
    return str(request.param)


@pytest.mark.parametrize("backbone", truth.BACKBONES)
def test_the_state_has_the_published_keys_shapes_types_and_order(backbone: str) -> None:
    expected = truth.state_file()[backbone]
    model = cpanet.build(backbone, backbone)
    table = [[key, list(value.shape), str(value.dtype)[6:]] for key, value in model.state_dict().items()]
    assert table == expected["state"]
    sizes = {name: value.numel() for name, value in model.named_parameters()}
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert sum(sizes.values()) == expected["parameters"]
    assert sum(sizes[name] for name in trained) == expected["trained_parameters"]
    children = {
        name: sum(value.numel() for value in part.parameters()) for name, part in model.named_children()
    }
    assert {name: count for name, count in children.items() if count} == expected["per_child"]


def test_the_inputs_are_drawn_as_recorded(case: str) -> None:
    recorded = truth.traced(case)
    batch, shots, _, height, width = recorded.inputs["s_x"].shape
    variant = configured("any number of shots", shots=shots)
    mode: Any = recorded.mode
    drawn = draw_inputs(InputRequest(variant, mode, truth.SEED, batch, (height, width), tag=case))
    for name, value in recorded.inputs.items():
        np.testing.assert_array_equal(drawn[name], value)
        assert drawn[name].dtype == value.dtype


def test_outputs(case: str, dtype: str) -> None:
    run = repeat(case, dtype)
    assert "logits" in run.recorded.truth
    for name, value in {**run.recorded.outputs, **run.recorded.truth}.items():
        found = run.outputs[name]
        assert found.shape == value.shape
        if value.dtype.kind == "i":
            np.testing.assert_array_equal(found, value)
        else:
            allowed = OUTPUT[run.recorded.mode, dtype if name in run.recorded.truth else "float32"]
            assert distance(found, value) < allowed, name


def test_masks_in_float32_are_all_that_sets_upstream_apart_in_float64(case: str) -> None:
    run = repeat(case, "float64", CPANet)
    apart = distance(run.outputs["logits"], run.recorded.truth["logits"])
    if case in INEXACT_MASKS:
        assert 1e-8 < apart < INEXACT_MASKS[case]
    else:
        assert apart < OUTPUT[run.recorded.mode, "float64"]


def test_layers(case: str, dtype: str) -> None:
    run = repeat(case, dtype)
    apart = {place: kept.distance(run.layers[place]) for place, kept in run.recorded.modules.items()}
    assert len(apart) >= 80
    assert {place: value for place, value in apart.items() if not value < LAYER} == {}


class Blocked(nn.Module):
    """A 3x3 convolution in float32 that adds up `block` channels at a time, each product fused."""

    def __init__(self, weight: Array, block: int) -> None:
        super().__init__()
        self.weight, self.block = weight, block

    def forward(self, x: Tensor) -> Tensor:
        (height, width), padded = x.shape[2:], np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
        whole = np.zeros((len(x), len(self.weight), height, width), np.float32)
        for start in range(0, x.shape[1], self.block):
            part = np.zeros_like(whole)
            for row, column, channel in product(range(3), range(3), range(start, start + self.block)):
                seen = padded[:, channel, row : row + height, column : column + width].astype(np.float64)
                weights = self.weight[:, channel, row, column].astype(np.float64)
                part = (part + seen[:, None] * weights[:, None, None]).astype(np.float32)
            whole += part
        return torch.from_numpy(whole)


@pytest.mark.slow
def test_recorded_convolutions_add_up_16_channels_at_a_time() -> None:
    """Bit for bit after three convolutions: float32 is as far off as processors differ, not the networks."""
    kept = truth.traced("resnet50_eval_1shot")
    stem = network(kept.variant, kept.mode, "float32").layer0
    for place in (3, 6):
        stem[place] = Blocked(stem[place].weight.numpy(), 16)
    seen = watch(stem, keep=copied)
    with torch.no_grad():
        stem(tensors(kept, "float32")["x"])
    for place in range(10):
        if (f"layer0.{place}", 0) in kept.modules:
            sample = kept.modules[f"layer0.{place}", 0]
            np.testing.assert_array_equal(seen[str(place), 0].reshape(-1)[sample.index], sample.value)


def test_losses(training: str, dtype: str) -> None:
    run = repeat(training, dtype)
    assert run.losses == pytest.approx(run.recorded.losses_truth, rel=0, abs=LOSS[dtype])


def test_gradients(training: str, dtype: str) -> None:
    run = repeat(training, dtype)
    kept = dict(run.recorded.gradients)
    assert set(run.gradients) == set(kept)
    assert len(kept) == 31
    for name in truth.SMALLEST_GRADIENTS:
        assert np.abs(run.gradients[name]).max() < ZERO[dtype]
        del kept[name]
    apart = {name: sample.distance(run.gradients[name]) for name, sample in kept.items()}
    assert {name: value for name, value in apart.items() if not value < GRADIENT} == {}
    assert whole_distance(run.gradients, kept) < GRADIENT_WHOLE

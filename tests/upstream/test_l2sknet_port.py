"""The Jittor port of L2SKNet against runs of the published code."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jittor as jt
import numpy as np
import pytest

from harness.pairs.l2sknet.pair import PAIR
from ports_jittor import l2sknet
from ports_jittor.l2sknet.loss import soft_iou_loss
from ports_jittor.torchlike import nn, optim, state
from tests import needs_shared
from tests.selection import others_slow
from tests.upstream import l2sknet_truth as truth
from tests.upstream.l2sknet_truth import PUBLISHED
from tests.upstream.recorded import Array, Recorded, distance, whole_distance
from tests.upstream.watching import watch

pytestmark = needs_shared

# The port is as near to upstream's float64 as upstream's own float32: 1.2e-6 in eval, 2.7e-6 in train mode.
OUTPUT = {"eval": 3e-6, "train": 5e-6}
LOSS = 2e-7
LAYER = 3e-5
# A forward error of 1e-6 may flip single ReLUs, which depends on the processor: one flip moves the whole
# gradient by 1e-4 to 1e-2, but few parameters by much.
GRADIENT_MEDIAN, GRADIENT_WHOLE = 5e-5, 1e-2
ZERO = 1e-6
STEPS, STEP_LOSS = 3, 2e-4


@dataclass
class Run:
    """What came of repeating a recorded run."""

    recorded: Recorded
    output: Array
    layers: dict[tuple[str, int], Array]
    losses: dict[str, float] = field(default_factory=dict)
    gradients: dict[str, Array] = field(default_factory=dict)


def network(variant: str, mode: str) -> nn.Module:
    """A network with seeded weights in eval or train mode, without dropout."""
    model = l2sknet.build(variant)
    state.load_state_dict(model, truth.seeded_state(variant))
    model.train(mode == "train")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    return model


def tensors(recorded: Recorded) -> dict[str, jt.Var]:
    """The inputs of a recorded run."""
    return {name: jt.array(value) for name, value in recorded.inputs.items()}


def trainable(model: nn.Module) -> dict[str, jt.Var]:
    """The parameters that learn."""
    return {name: value for name, value in state.named_parameters(model) if not value.is_stop_grad()}


@cache
def repeat(variant: str, mode: str) -> Run:
    """Run the port as upstream was run."""
    recorded = truth.traced(variant, mode)
    model = network(variant, mode)
    seen = watch(model, {path for path, _ in recorded.modules})
    inputs = tensors(recorded)
    outputs = model(inputs["image"])
    losses = l2sknet.losses(outputs, inputs) if mode == "train" else {}
    run = Run(recorded, outputs.numpy(), {place: value.numpy() for place, value in seen.items()})
    if mode == "train":
        run.losses = {name: float(value.item()) for name, value in losses.items()}
        learning = trainable(model)
        gradients = jt.grad(next(iter(losses.values())), list(learning.values()))
        run.gradients = {name: value.numpy() for name, value in zip(learning, gradients, strict=True)}
    return run


@pytest.fixture(params=PUBLISHED)
def variant(request: pytest.FixtureRequest) -> str:
    """Every published variant."""
    return str(request.param)


def training_marks(variant: str) -> list[pytest.MarkDecorator]:
    """What the gate leaves out: training one more variant costs a cold Jittor a minute."""
    return [] if variant == PUBLISHED[0] else [pytest.mark.slow]


LEARNERS = [pytest.param(variant, marks=training_marks(variant)) for variant in PUBLISHED]
RUNS = [
    pytest.param(
        (variant, mode), marks=training_marks(variant) if mode == "train" else [], id=f"{mode}-{variant}"
    )
    for variant in PUBLISHED
    for mode in ("eval", "train")
]


@pytest.fixture(params=LEARNERS)
def learner(request: pytest.FixtureRequest) -> str:
    """Every published variant, to be trained."""
    return str(request.param)


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    """Every variant's repeated run in either mode."""
    return repeat(*request.param)


def test_the_state_has_the_published_keys_shapes_types_and_order(variant: str) -> None:
    expected = truth.state_file()["variants"][variant]
    model = l2sknet.build(variant)
    exported = state.torch_state_dict(model)
    assert [[key, list(value.shape), str(value.dtype)] for key, value in exported.items()] == expected[
        "entries"
    ]
    assert sum(value.numel() for value in trainable(model).values()) == expected["trainable_parameters"]


@pytest.mark.parametrize("variant", ["L2SKNet_1D_UNet", "L2SKNet_1D_FPN"])
def test_the_forks_state_lacks_what_the_fork_removed(variant: str) -> None:
    expected = truth.state_file()["fork_1d"][variant]
    kept = [
        key for key in state.torch_state_dict(l2sknet.build(variant)) if key not in expected["removed_keys"]
    ]
    assert list(state.torch_state_dict(l2sknet.build(f"{variant}_fork"))) == kept
    assert len(kept) == expected["entries_count"]


def test_the_state_survives_loading_and_exporting(variant: str) -> None:
    seeded = truth.seeded_state(variant)
    exported = state.torch_state_dict(network(variant, "eval"))
    assert list(exported) == list(seeded)
    for key, value in seeded.items():
        assert exported[key].shape == value.shape
        np.testing.assert_array_equal(exported[key], value)


def test_outputs(run: Run) -> None:
    assert distance(run.output, run.recorded.truth["0"]) < OUTPUT[run.recorded.mode]


def test_layers(run: Run) -> None:
    apart = {place: kept.distance(run.layers[place]) for place, kept in run.recorded.modules.items()}
    assert len(apart) >= 30
    assert {place: value for place, value in apart.items() if not value < LAYER} == {}


def test_losses(learner: str) -> None:
    run = repeat(learner, "train")
    assert run.losses == pytest.approx(run.recorded.losses_truth, rel=0, abs=LOSS)


def test_gradients(learner: str) -> None:
    run = repeat(learner, "train")
    unused = {name for name in run.gradients if name in truth.no_gradients(learner)}
    assert all(not run.gradients[name].any() for name in unused)
    kept = {
        name: kept for name, kept in run.recorded.gradients.items() if name not in truth.no_gradients(learner)
    }
    assert set(run.gradients) - unused == set(kept)
    for name in truth.zero_gradients(learner):
        assert np.abs(run.gradients[name]).max() < ZERO
        del kept[name]
    found = {name: run.gradients[name].reshape(sample.shape) for name, sample in kept.items()}
    assert np.median([sample.distance(found[name]) for name, sample in kept.items()]) < GRADIENT_MEDIAN
    assert whole_distance(found, kept) < GRADIENT_WHOLE


def test_adam_steps(learner: str) -> None:
    expected = truth.adam_steps(learner)
    model = network(learner, "train")
    recipe = PAIR.recipe
    optimizer = optim.Adam(state.parameters(model), lr=recipe.lr, **recipe.options)
    inputs = tensors(truth.traced(learner, "train"))
    found = []
    for _ in range(STEPS):
        (loss,) = l2sknet.losses(model(inputs["image"]), inputs).values()
        if not found:
            buffers = state.torch_state_dict(model)
            norms = {name: np.linalg.norm(buffers[name].astype(np.float64)) for name in expected["bn_l2"]}
            assert norms == pytest.approx(expected["bn_l2"], rel=5e-6)
            assert buffers["contrast3.1.num_batches_tracked"] == 101
        found.append(loss.item())
        optimizer.step(loss)
    assert found == pytest.approx(expected["loss64"][:STEPS], rel=0, abs=STEP_LOSS)


@pytest.mark.parametrize("case", truth.metrics_file()["loss"] if truth.shared_folder() else [])
def test_the_loss(case: dict[str, Any]) -> None:
    first, second, mask = (jt.array(value) for value in truth.loss_inputs(case))
    nothing = jt.zeros_like(mask)
    found = {
        "loss64": soft_iou_loss(first, mask),
        "loss64_list_of_two": soft_iou_loss([first, second], mask),
        "loss64_empty_mask": soft_iou_loss(first, nothing),
        "loss64_empty_pred": soft_iou_loss(nothing, mask),
        "loss64_both_empty": soft_iou_loss(nothing, nothing),
        "loss64_pred_is_mask": soft_iou_loss(mask, mask),
    }
    expected = {key: value for key, value in case.items() if key.startswith("loss64")}
    assert {key: value.item() for key, value in found.items()} == pytest.approx(expected, rel=0, abs=2e-7)


@pytest.mark.parametrize("variant", others_slow(["L2SKNet_1D_UNet", "L2SKNet_1D_FPN"], "L2SKNet_1D_UNet"))
def test_the_fork_is_the_published_network_where_the_biases_are_zero(variant: str) -> None:
    weights = truth.seeded_state(variant)
    biases = [key for key in weights if key.endswith(("conv_1xn.bias", "conv_nx1.bias"))]
    fork, published = l2sknet.build(f"{variant}_fork").eval(), l2sknet.build(variant).eval()
    state.load_state_dict(fork, {key: weights[key] for key in state.torch_state_dict(fork)})
    image = tensors(truth.traced(variant, "eval"))["image"]
    apart = []
    with jt.no_grad():
        for factor in (1, 0):
            state.load_state_dict(published, weights | {key: weights[key] * factor for key in biases})
            apart.append(float(np.abs(fork(image).numpy() - published(image).numpy()).max()))
    assert apart[0] > 0.01
    assert apart[1] < 1e-5  # noise of float32: the two fuse their operations differently

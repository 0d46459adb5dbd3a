"""The PyTorch reference of LED against runs of the published code."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.pairs.base import Variant
from harness.pairs.led.data import draw_inputs
from harness.pairs.led.pair import PAIR
from refs_torch import led
from refs_torch.led import loss as reference_loss
from refs_torch.led.repnr import (
    RepNRConv2d,
    choose_camera,
    deploy,
    generalize,
    receptive,
    repnr_convolutions,
)
from refs_torch.led.training import Finetuner, Pretrainer, finetuned_parameters
from tests import needs_shared
from tests.selection import others_slow
from tests.upstream import led_truth as truth
from tests.upstream.led_truth import DEPLOYED, LOSSES, STEMS, TRAINED
from tests.upstream.recorded import Array, distance
from tests.upstream.watching import copied, watch

pytestmark = needs_shared

# Upstream's own float32 is up to 2.2e-6 from its float64.
OUTPUT = {"float32": 3e-6, "float64": 1e-12}
FOLDED = {"float32": 3e-6, "float64": 1e-6}  # folded weights are rounded to float32
LOSS = {"float32": 1e-6, "float64": 1e-12}
LAYER = 1e-5
GRADIENT = {"float32": 2e-5, "float64": 1e-5}  # recorded from float32: 5.2e-6 of its own
NORM = {"float32": 1e-3, "float64": 3e-4}  # one temperature of Restormer: 1.5e-4 of its own
COMPLETE = 3e-6
EXACT = 0.0  # folded in its own arithmetic
CONVERTED = 1e-6  # folded in double precision and rounded to float32, compared in double precision: 2e-7
STEP, GENERALIZED = 1e-5, 2e-8
# Adam divides by the size of a gradient: where one nearly cancels, rounding decides how far an element moves.
# The recorded elements are up to 4.9e-7 from those of the same steps in float64, and it depends on the
# processor which of the two float32 meets. A wrong momentum, rate or order of cameras moves 6.5e-5 and more.
MOVED = 0.01  # of a step's rate


def network(variant: Variant, dtype: str = "float32") -> nn.Module:
    """A network with seeded weights."""
    model = led.build(variant.name, **variant.options)
    table = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    state = truth.weights(variant, table)
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in state.items()})
    return model.to(getattr(torch, dtype))


def tensors(stem: str, dtype: str = "float32") -> dict[str, Tensor]:
    """The inputs of a recorded run."""
    inputs = truth.traced(stem).inputs
    return {name: torch.from_numpy(value).to(getattr(torch, dtype)) for name, value in inputs.items()}


@cache
def trained(stem: str, dtype: str) -> tuple[float, dict[str, Array]]:
    """The loss and the gradients of a recorded run."""
    model, inputs = network(truth.variant_of(stem), dtype), tensors(stem, dtype)
    (loss,) = led.losses(model(inputs["lq"]), inputs).values()
    loss.backward()
    found = {name: value.grad for name, value in model.named_parameters()}
    return loss.item(), {name: grad.numpy() for name, grad in found.items() if grad is not None}


LARGE = (
    "nafnet__train", "repnr_nafnet__finetune", "repnr_nafnet__pretrain_train", "repnr_restormer__finetune",
    "repnr_restormer__pretrain", "repnr_restormer__pretrain_train",
)  # fmt: skip


@pytest.fixture(params=STEMS)
def stem(request: pytest.FixtureRequest) -> str:
    """Every recorded run."""
    return str(request.param)


@pytest.fixture(params=others_slow(["float32", "float64"], "float64"))
def dtype(request: pytest.FixtureRequest) -> str:
    """Both precisions."""
    return str(request.param)


@pytest.mark.parametrize("variant", PAIR.variants.values(), ids=PAIR.variants)
def test_state(variant: Variant) -> None:
    model = led.build(variant.name, **variant.options)
    table = [[key, list(value.shape), str(value.dtype)[6:]] for key, value in model.state_dict().items()]
    added = [row for row in table if row[0] not in {key for key, *_ in truth.entries(variant)}]
    assert [row for row in table if row not in added] == truth.entries(variant)
    assert len(added) == (69 if variant.name == "repnr_restormer_deployed" else 0)
    expected = truth.models()[truth.state_name(variant)]
    learning = [value for value in model.parameters() if value.requires_grad]
    if "optimised_tensors" in expected:
        assert len(learning) == expected["optimised_tensors"]
        assert sum(value.numel() for value in learning) == expected["optimised_scalars"]
    if "repnr_convs" in expected and variant.options["stage"] in ("pretrain", "finetune"):
        assert len(repnr_convolutions(model)) == expected["repnr_convs"]


def test_inputs_are_drawn_as_recorded(stem: str) -> None:
    drawn = draw_inputs(truth.request(stem))
    for name, value in truth.traced(stem).inputs.items():
        if not stem.endswith("deployed"):  # that one repeats the input of the finetune run
            np.testing.assert_array_equal(drawn[name], value)


@pytest.mark.parametrize("stem", others_slow(STEMS, *(stem for stem in STEMS if stem not in LARGE)))
@torch.no_grad()
def test_outputs(stem: str, dtype: str) -> None:
    output = network(truth.variant_of(stem), dtype)(tensors(stem, dtype)["lq"])
    allowed = (FOLDED if stem in DEPLOYED else OUTPUT)[dtype]
    assert distance(output.numpy(), truth.traced(stem).truth["0"]) < allowed


def arranged(image: Array, shape: tuple[int, ...]) -> Array:
    """An image as upstream's norms see it where they take a list of places with their channels."""
    return image if image.ndim == len(shape) else np.moveaxis(image.reshape(*image.shape[:2], -1), 1, 2)


@pytest.mark.parametrize("stem", [stem for stem in STEMS if truth.has_modules(stem)])
@torch.no_grad()
def test_layers(stem: str) -> None:
    model = network(truth.variant_of(stem))
    layers = watch(model, keep=copied)
    model(tensors(stem)["lq"])
    kept = {place: sample for place, sample in truth.modules(stem).items() if place in layers}
    apart = {place: sample.distance(arranged(layers[place], sample.shape)) for place, sample in kept.items()}
    missing = {path.rpartition(".")[2] for path, _ in truth.modules(stem).keys() - kept.keys()}
    assert missing <= {"dropout1", "dropout2"}  # without an effect
    assert len(kept) >= 24
    assert {place: value for place, value in apart.items() if not value < LAYER} == {}


@pytest.mark.parametrize("stem", TRAINED)
def test_losses_and_gradients(stem: str, dtype: str) -> None:
    loss, found = trained(stem, dtype)
    assert loss == pytest.approx(truth.traced(stem).losses_truth["l_pix"], rel=LOSS[dtype])
    norms = {name: float(np.linalg.norm(value)) for name, value in found.items()}
    assert truth.same(norms, truth.gradient_norms(stem), NORM[dtype]) == {}
    apart = {name: sample.distance(found[name]) for name, sample in truth.gradients(stem).items()}
    assert {name: value for name, value in apart.items() if not value < GRADIENT[dtype]} == {}


@pytest.mark.parametrize("stem", DEPLOYED)
@torch.no_grad()
def test_complete_deployment_is_the_finetuned_network(stem: str) -> None:
    name = truth.variant_of(stem).name.removesuffix("_upstream")
    image = tensors(stem)["lq"]
    deployed = network(PAIR.variant(name))(image).numpy()
    exact = network(PAIR.variant(name), "float64")(image.double()).numpy()
    finetuned = network(PAIR.variant(name.replace("deployed", "finetune")), "float64")(image.double())
    (recorded,) = truth.others(stem, "outputs_complete_deploy").values()
    assert distance(deployed, recorded) < COMPLETE
    assert distance(deployed, finetuned.numpy()) < COMPLETE
    assert distance(exact, finetuned.numpy()) < CONVERTED


@pytest.mark.parametrize("stem", DEPLOYED)
@torch.no_grad()
def test_a_network_deploys_itself(stem: str) -> None:
    variant = truth.finetuned(stem)
    finetuned, image = network(variant), tensors(stem)["lq"]
    plain = led.build(variant.options["network"], variant.options["network"])
    deployed = deploy(finetuned, receptive(plain, variant.options["kept"]))
    assert distance(deployed(image).numpy(), finetuned(image).numpy()) == EXACT
    (recorded,) = truth.others(stem, "outputs_complete_deploy").values()
    assert distance(deployed(image).numpy(), recorded) < COMPLETE


@pytest.mark.parametrize("stem", DEPLOYED)
@torch.no_grad()
def test_the_trivial_form(stem: str) -> None:
    name = truth.variant_of(stem).name.removesuffix("_upstream")
    model = network(PAIR.variant(name.replace("deployed", "finetune")), "float64")
    for conv in repnr_convolutions(model):
        conv.trivial = True
    (recorded,) = truth.others(stem, "outputs_trivial").values()
    output = model(tensors(stem)["lq"].double()).numpy()
    assert distance(output, recorded) < COMPLETE
    assert distance(output, truth.traced(stem).truth["0"]) > 1e-2


@torch.no_grad()
def test_every_camera_and_the_new_one_after_generalizing() -> None:
    stem = "repnr_unet__pretrain"
    model, image = network(truth.variant_of(stem)), tensors(stem)["lq"]
    for camera, recorded in truth.others(stem, "outputs_by_index").items():
        choose_camera(model, int(camera))
        assert distance(model(image).numpy(), recorded) < COMPLETE
    generalize(model)
    (recorded,) = truth.others(stem, "outputs_after_generalize").values()
    choose_camera(model, -1)
    assert distance(model(image).numpy(), recorded) < COMPLETE


@pytest.mark.parametrize("camera", [-7, 6])
def test_a_camera_that_is_not_there(camera: int) -> None:
    with pytest.raises(ValueError, match=f"camera {camera}: there are 0 to 5"):
        choose_camera(led.build("", "unet"), camera)


@pytest.mark.parametrize(
    "conv",
    [nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 2), nn.Conv2d(4, 4, 3, dilation=2)],
    ids=["groups", "even", "dilated"],
)
def test_convolutions_that_cannot_be_converted(conv: nn.Conv2d) -> None:
    with pytest.raises(ValueError, match="cannot be a RepNR one"):
        RepNRConv2d(conv)


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    arrays, kind, options = truth.loss_case(name)
    prediction, target, *weight = map(torch.from_numpy, arrays)
    found = reference_loss.pixel_loss(
        prediction, target, *weight, kind=getattr(reference_loss, kind), **options
    )
    assert found.item() == pytest.approx(truth.functions()["losses"][name], rel=LOSS["float32"])


def exported(model: nn.Module) -> dict[str, Array]:
    """The state as arrays."""
    return {key: value.detach().numpy() for key, value in model.state_dict().items()}


def step_inputs(stage: str) -> dict[str, Tensor]:
    """The inputs of the recorded steps."""
    return {name: torch.from_numpy(value) for name, value in truth.step_inputs(f"steps/{stage}").items()}


def test_steps_of_a_plain_network() -> None:
    expected = truth.steps_of("plain")
    model = network(PAIR.variant("unet"))
    trainer, inputs = Pretrainer(model, 1e-4), step_inputs("plain")
    assert [trainer.step(inputs) for _ in expected["losses"]] == pytest.approx(expected["losses"], rel=STEP)
    assert max(truth.apart_after_steps(expected["params"], exported(model)).values()) < MOVED * 1e-4


@pytest.mark.parametrize("momentum", [False, True])
def test_steps_of_pretraining(momentum: bool) -> None:
    expected = truth.steps_of("pretrain", "momentum" if momentum else "skipped")
    model = network(PAIR.variant("repnr_unet_pretrain"))
    trainer, inputs = Pretrainer(model, 1e-4, momentum), step_inputs("pretrain")
    found = [trainer.step(inputs, camera) for camera in expected["cameras"]]
    assert max(truth.apart_after_steps(expected["params"], exported(model)).values()) < MOVED * 1e-4
    found.append(trainer.step(inputs, 3, lr=0.0))
    assert found == pytest.approx([*expected["losses"], expected["loss_after_cam3"]], rel=STEP)


def test_steps_of_finetuning() -> None:
    expected = truth.steps_of("finetune")
    model = network(PAIR.variant("repnr_unet_finetune"))
    generalize(model)
    assert max(truth.apart_after_steps(expected["after_generalize"], exported(model)).values()) < GENERALIZED
    groups = finetuned_parameters(model)
    assert [len(group) for group in groups] == [expected["n_align"], expected["n_oomn"]]
    sizes = [sum(value.numel() for value in group) for group in groups]
    assert sizes == [expected["n_align_scalars"], expected["n_oomn_scalars"]]
    tuner, inputs = Finetuner(model, 1e-4, 1e-5), step_inputs("finetune")
    found = [tuner.step(inputs, "align") for _ in range(expected["align_iter"])]
    found += [tuner.step(inputs, "auxiliary") for _ in range(expected["oomn_iter"])]
    assert max(truth.apart_after_steps(expected["params"], exported(model)).values()) < MOVED * 1e-5
    found.append(tuner.step(inputs, "auxiliary", lr=0.0))
    assert found == pytest.approx([*expected["losses"], expected["loss_after"]], rel=STEP)


def test_a_network_without_auxiliary_kernels_is_not_finetuned() -> None:
    with pytest.raises(ValueError, match="without auxiliary kernels cannot be finetuned"):
        finetuned_parameters(network(PAIR.variant("repnr_unet_pretrain")))

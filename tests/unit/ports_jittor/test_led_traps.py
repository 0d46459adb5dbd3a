"""What a plain translation of LED to Jittor gets wrong, one by one, in the port's own parts."""

from __future__ import annotations

from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

from harness import seeded
from harness.pairs.led.pair import PAIR
from ports_jittor import led
from ports_jittor.led.loss import pixel_loss
from ports_jittor.led.norm import ChannelNorm
from ports_jittor.led.repnr import NEW_CAMERA, VIRTUAL_CAMERAS, RepNRConv2d, generalize, repnr_convolutions
from ports_jittor.led.restormer import Attention
from ports_jittor.led.unet import UNet, activate
from ports_jittor.torchlike import functional, nn, state
from ports_jittor.torchlike._common import variable
from refs_torch.led import norm as reference_norm
from refs_torch.led import restormer as reference_restormer
from refs_torch.led import unet as reference_unet

Array = np.ndarray


def drawn(name: str, *shape: int) -> Array:
    """A tensor with a seed of its own."""
    return seeded.tensor(0, name, shape, "normal")


def filled(port: nn.Module, reference: torch.nn.Module) -> tuple[nn.Module, torch.nn.Module]:
    """Both with the same seeded weights, the reference in float64."""
    weights = {key: PAIR.weight_rule(0, key, tuple(v.shape)) for key, v in reference.state_dict().items()}
    state.load_state_dict(port, weights)
    reference.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
    return port, reference.double()


def apart(port: jt.Var, reference: torch.Tensor) -> float:
    """The relative distance."""
    wanted = reference.detach().numpy()
    return float(np.linalg.norm(port.numpy() - wanted) / np.linalg.norm(wanted))


@pytest.mark.parametrize("size", [(16, 16), (6, 7), (9, 33)])
def test_sides_down_to_one_cell_are_pooled(size: tuple[int, int]) -> None:
    port, reference = filled(UNet(width=4), reference_unet.UNet(width=4))
    image = drawn("image", 1, 4, *size)
    with jt.no_grad():
        assert apart(port(jt.array(image)), reference(torch.from_numpy(image).double())) < 5e-6


def test_reflecting_another_size_compiles_nothing() -> None:
    def compiled() -> int:
        return len(list((Path(jt.flags.cache_path) / "jit").glob("*.so")))

    functional.pad(jt.array(drawn("first", 1, 4, 13, 17)), (3, 4, 1, 2), "reflect").sync()
    before = compiled()
    found = functional.pad(jt.array(drawn("second", 2, 3, 19, 23)), (2, 2, 5, 6), "reflect").numpy()
    assert compiled() == before
    wanted = np.pad(drawn("second", 2, 3, 19, 23), ((0, 0), (0, 0), (5, 6), (2, 2)), mode="reflect")
    np.testing.assert_array_equal(found, wanted)


def test_the_rectifier_shares_the_gradient_at_zero() -> None:
    x = jt.array(np.array([-1.0, 0.0, 2.0], np.float32))
    found = jt.grad(activate(x), x).numpy()
    np.testing.assert_allclose(found, [0.2, 0.6, 1.0], rtol=1e-6)


def test_the_loss_has_no_gradient_where_both_agree() -> None:
    prediction = jt.array(np.array([1.0, 2.0, 3.0, 5.0], np.float32))
    target = jt.array(np.array([1.0, 3.0, 2.0, 5.0], np.float32))
    found = jt.grad(pixel_loss(prediction, target), prediction).numpy()
    np.testing.assert_array_equal(found, [0.0, -0.25, 0.25, 0.0])


@pytest.mark.parametrize(("mean", "allowed"), [(0.0, 1e-6), (1e3, 1e-4)])  # float32 rounds 1000 by 3e-5
def test_a_pixels_variance_takes_two_passes(mean: float, allowed: float) -> None:
    port, reference = filled(ChannelNorm(64, 1e-6), reference_norm.ChannelNorm(64, 1e-6))
    x = drawn("x", 1, 64, 8, 8) + np.float32(mean)
    assert apart(port(jt.array(x)), reference(torch.from_numpy(x).double())) < allowed


@pytest.mark.slow
def test_a_norm_without_a_mean_and_a_bias() -> None:
    port, reference = ChannelNorm(64, 1e-5, False), reference_norm.ChannelNorm(64, 1e-5, False)
    x = drawn("x", 1, 64, 8, 8) + np.float32(2)
    assert list(state.torch_state_dict(port)) == ["weight"]
    assert apart(port(jt.array(x)), reference.double()(torch.from_numpy(x).double())) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("size", [1.0, 1e-14])
def test_attention_and_its_gradient(size: float) -> None:
    port, reference = filled(Attention(16, 4, False), reference_restormer.Attention(16, 4, False))
    x = drawn("x", 2, 16, 8, 8) * np.float32(size)
    given, wanted = jt.array(x), torch.from_numpy(x).double().requires_grad_()
    cotangent = drawn("cotangent", 2, 16, 8, 8)
    value, truth = port(given), reference(wanted)
    truth.backward(torch.from_numpy(cotangent).double())
    assert wanted.grad is not None
    assert apart(value, truth) < 2e-6
    assert apart(jt.grad(value * jt.array(cotangent), given), wanted.grad) < 1e-5


def test_adapters_are_loaded_and_a_wrong_one_is_refused() -> None:
    conv = RepNRConv2d(nn.Conv2d(4, 8, 3, padding=1))
    wanted = state.torch_state_dict(conv)
    wanted["align_weights.5"] = np.full((1, 4, 1, 1), 7, np.float32)
    state.load_state_dict(conv, wanted)
    assert (conv.align_weights[-1].numpy() == 7).all()
    assert (conv.align_weights[0].numpy() == 1).all()
    wanted["align_weights.5"] = np.ones((1, 3, 1, 1), np.float32)
    with pytest.raises(state.StateMismatch, match=r"align_weights\.5"):
        state.load_state_dict(conv, wanted)
    del wanted["align_weights.5"]
    with pytest.raises(state.StateMismatch, match=r"align_weights\.5: missing"):
        state.load_state_dict(conv, wanted)


@pytest.mark.slow
def test_float64_stays_float64() -> None:
    port, reference = filled(UNet(width=4), reference_unet.UNet(width=4))
    for value in port.state_dict().values():
        value.assign(value.float64())
    image = drawn("image", 1, 4, 16, 16).astype(np.float64)
    with jt.no_grad():
        found = port(variable(image))
    assert str(found.dtype) == "float64"
    assert apart(found, reference(torch.from_numpy(image))) < 1e-7  # numbers in expressions are float32's


def test_evaluation_keeps_what_learns() -> None:
    options = PAIR.variant("repnr_unet_finetune").options
    model = led.build("repnr_unet_finetune", **options)
    before = len(state.parameters(model))
    model.eval()
    assert len(state.parameters(model)) == before


def test_the_new_camera_learns_after_it_was_generalized() -> None:
    network = led.build("", "unet", "finetune")
    generalize(network)
    convolution = repnr_convolutions(network)[0]
    adapters = list(convolution.align_weights)
    assert not adapters[NEW_CAMERA].is_stop_grad()
    mean = np.mean([adapter.numpy() for adapter in adapters[:VIRTUAL_CAMERAS]], axis=0)
    np.testing.assert_allclose(adapters[NEW_CAMERA].numpy(), mean, rtol=1e-6)

"""The weights that the port's constructor gives: the published initial values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ports_jittor import l2sknet
from ports_jittor.l2sknet.morphology import MorphologyNet
from ports_jittor.torchlike import nn, state
from tests.unit.pairs.l2sknet_initial import CONSTANTS, GAUSSIAN_ROWS, LAPLACIAN, LEVEL_0


def test_constants() -> None:
    found = state.torch_state_dict(MorphologyNet(16, (3, 5, 7)))
    for name, value in CONSTANTS.items():
        assert found[name] == pytest.approx(np.full(found[name].shape, value, np.float32))
    assert found["alpha"].shape == found["max_median.beta_raw"].shape == ()
    assert found["threshold.temperature_raw"].shape == (1,)


def test_fixed_kernels() -> None:
    found = state.torch_state_dict(MorphologyNet(16, (3, 5, 7)))
    for number, sigma in enumerate(LEVEL_0):
        gaussian = found[f"multi_log.{number}.gaussian.weight"]
        np.testing.assert_allclose(gaussian[7, 0, 2, :3], GAUSSIAN_ROWS[sigma], rtol=0, atol=5e-9)
        laplacian = found[f"multi_log.{number}.laplacian.weight"]
        np.testing.assert_array_equal(laplacian, np.broadcast_to(LAPLACIAN, (16, 1, 3, 3)))


def test_fixed_kernels_are_not_trained() -> None:
    model = l2sknet.build("L2SKNet_FPN_morphology")
    frozen = [name for name, value in state.named_parameters(model) if value.is_stop_grad()]
    assert len(frozen) == 12
    assert all(name.endswith(("gaussian.weight", "laplacian.weight")) for name in frozen)


def test_convolutions_have_the_default_values() -> None:
    for path, module in l2sknet.build("L2SKNet_1D_FPN").named_modules():
        if isinstance(module, nn.Conv2d):
            bound = np.nextafter(np.float32(1 / math.sqrt(math.prod(module.weight.shape[1:]))), np.float32(1))
            weight = module.weight.numpy()
            assert np.abs(weight).max() <= bound, path
            if weight.size > 1000:
                assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.1)
            assert module.bias is None or np.abs(module.bias.numpy()).max() <= bound

"""The weights that the reference's constructor gives: the published initial values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from refs_torch import l2sknet
from refs_torch.l2sknet.morphology import MorphologyNet, gaussian_kernel
from tests.unit.pairs.l2sknet_initial import CONSTANTS, GAUSSIAN_ROWS, LAPLACIAN, LEVEL_0

NORM = {"weight": [1], "bias": [0], "running_mean": [0], "running_var": [1], "num_batches_tracked": [0]}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name: str) -> None:
    state = MorphologyNet(16, (3, 5, 7)).state_dict()
    assert state[name].numpy() == pytest.approx(np.full(state[name].shape, CONSTANTS[name], np.float32))


def test_fixed_kernels() -> None:
    state = MorphologyNet(16, (3, 5, 7)).state_dict()
    for number, sigma in enumerate(LEVEL_0):
        gaussian = state[f"multi_log.{number}.gaussian.weight"].numpy()
        assert gaussian.shape == (16, 1, 5, 5)
        np.testing.assert_allclose(gaussian[7, 0, 2, :3], GAUSSIAN_ROWS[sigma], rtol=0, atol=5e-9)
        np.testing.assert_array_equal(gaussian, np.broadcast_to(gaussian_kernel(sigma), gaussian.shape))
        laplacian = state[f"multi_log.{number}.laplacian.weight"].numpy()
        np.testing.assert_array_equal(laplacian, np.broadcast_to(LAPLACIAN, (16, 1, 3, 3)))


def test_fixed_kernels_are_not_trained() -> None:
    model = l2sknet.build("L2SKNet_FPN_morphology")
    frozen = [name for name, value in model.named_parameters() if not value.requires_grad]
    assert len(frozen) == 12
    assert all(name.endswith(("gaussian.weight", "laplacian.weight")) for name in frozen)


def test_convolutions_and_norms_have_the_default_values() -> None:
    torch.manual_seed(0)
    model = l2sknet.build("L2SKNet_1D_UNet")
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            bound = 1 / math.sqrt(math.prod(module.weight.shape[1:]))
            for value in (module.weight, module.bias):
                assert value is None or float(value.detach().abs().max()) <= bound
            if module.weight.numel() > 1000:
                assert module.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)
        if isinstance(module, nn.BatchNorm2d):
            state = {name: value.unique().tolist() for name, value in module.state_dict().items()}
            assert state == NORM

from __future__ import annotations

import jittor as jt
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from ports_jittor.torchlike.state import load_state_dict, torch_state_dict
from tests.unit.torchlike.compare import agree, drawn

CONVOLUTIONS = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (1, 5), "stride": (1, 2), "padding": (0, 2), "bias": False},
    {"kernel_size": 3, "padding": "same", "dilation": 2, "groups": 2},
    {"kernel_size": (2, 4), "padding": "same"},
    {"kernel_size": 3, "padding": "valid"},
    {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    {"kernel_size": 3, "padding": "same", "padding_mode": "replicate"},
]
TRANSPOSED = [
    {"kernel_size": 2, "stride": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "bias": False},
    {"kernel_size": 4, "stride": 2, "padding": 1, "groups": 2},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize(
    ("kind", "options"),
    [*(("Conv2d", one) for one in CONVOLUTIONS), *(("ConvTranspose2d", one) for one in TRANSPOSED)],
    ids=str,
)
def test_layers_are_torchs(kind: str, options: dict[str, object]) -> None:
    reference, port = (getattr(room, kind)(4, 6, **options) for room in (torch.nn, nn))
    load_state_dict(port, reference.state_dict())
    assert list(torch_state_dict(port)) == list(reference.state_dict())
    agree(reference.double(), port, drawn("x", 2, 4, 7, 8))
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
    assert [getattr(port, name) for name in names] == [getattr(reference, name) for name in names]


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_gradients_of_weight_and_bias_are_torchs(path: str, name: str) -> None:
    weight = drawn("w", 6, 4, 3, 3) if name == "conv2d" else drawn("w", 4, 6, 3, 3)
    agree(getattr(functional, name), getattr(ours, name), drawn("x", 2, 4, 7, 8), weight, drawn("b", 6))


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="4 and 6 channels do not divide into 4 groups"):
        nn.Conv2d(4, 6, 3, groups=4)
    with pytest.raises(ValueError, match="padding='same' with stride"):
        ours.conv2d(jt.ones((1, 1, 4, 4)), jt.ones((1, 1, 3, 3)), stride=2, padding="same")


def test_a_layer_starts_within_torchs_bounds() -> None:
    layer = nn.Conv2d(8, 400, 3, groups=2)
    for start in (layer.weight.numpy(), layer.bias.numpy()):
        assert 0.16 < abs(start).max() <= 1 / 6

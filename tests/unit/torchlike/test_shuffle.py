from __future__ import annotations

import jittor as jt
import pytest
import torch

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import agree, drawn


def test_shuffling_is_torchs() -> None:
    agree(torch.nn.PixelShuffle(2), nn.PixelShuffle(2), drawn("x", 2, 8, 3, 4))
    agree(torch.nn.PixelUnshuffle(2), nn.PixelUnshuffle(2), drawn("x", 2, 3, 6, 4))


def test_what_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="5 channels do not divide by 4"):
        ours.pixel_shuffle(jt.ones((1, 5, 2, 2)), 2)
    with pytest.raises(ValueError, match="5 x 4 does not divide by 2"):
        ours.pixel_unshuffle(jt.ones((1, 1, 5, 4)), 2)

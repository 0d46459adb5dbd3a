from __future__ import annotations

import jittor as jt
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import agree, drawn


@pytest.mark.parametrize(
    "options",
    [{"kernel_size": 5}, {"kernel_size": (3, 2), "dilation": (1, 2), "padding": 1, "stride": 2}],
    ids=str,
)
def test_unfolding_is_torchs(options: dict[str, object]) -> None:
    x = drawn("x", 2, 3, 7, 9)
    agree(lambda t: functional.unfold(t, **options), lambda v: ours.unfold(v, **options), x)
    agree(torch.nn.Unfold(**options), nn.Unfold(**options), x)


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a window of 5 \(dilation 1\) does not fit into 4"):
        ours.unfold(jt.ones((1, 1, 4, 9)), 5)

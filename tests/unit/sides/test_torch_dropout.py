"""Torch drops nothing at random while dropout is off, and does again afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from harness.sides.torch_dropout import NoDropout

LSTM, GRU = nn.LSTM(8, 8, 2, dropout=0.5, batch_first=True), nn.GRU(8, 8, 2, dropout=0.5)
RNN = nn.RNN(8, 8, 2, dropout=0.5)
ATTENTION = nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True)
ENCODER = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
attend = functional.scaled_dot_product_attention


def packed(x: Tensor) -> Tensor:
    """An LSTM over sequences of several lengths."""
    found: Tensor = LSTM(rnn.pack_padded_sequence(x, torch.tensor([4, 3, 2]), batch_first=True))[0].data
    return found


CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "dropout": functional.dropout,
    "dropout by name": lambda x: functional.dropout(x, p=0.3, training=True),
    "dropout by place": lambda x: torch.dropout(x, 0.3, True),
    "dropout in place": lambda x: functional.dropout(x.clone(), 0.3, True, True),
    "dropout1d": functional.dropout1d,
    "dropout2d": lambda x: functional.dropout2d(x[None]),
    "dropout3d": lambda x: functional.dropout3d(x[None, None].repeat(1, 64, 1, 1, 1)),
    "alpha_dropout": lambda x: functional.alpha_dropout(x, training=True),
    "feature_alpha_dropout": lambda x: functional.feature_alpha_dropout(x, training=True),
    "native_dropout": lambda x: torch.native_dropout(x, 0.5, True)[0],
    "attention by name": lambda x: attend(x, x, x, dropout_p=0.5),
    "attention by place": lambda x: attend(x, x, x, None, 0.5),
    "MultiheadAttention": lambda x: ATTENTION(x, x, x)[0],
    "MultiheadAttention without weights": lambda x: ATTENTION(x, x, x, need_weights=False)[0],
    "TransformerEncoderLayer": ENCODER,
    "LSTM": lambda x: LSTM(x)[0],
    "LSTM packed": packed,
    "GRU": lambda x: GRU(x)[0],
    "RNN": lambda x: RNN(x)[0],
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_dropped(name: str) -> None:
    torch.manual_seed(0)
    call, x = CALLS[name], torch.rand(3, 64, 8)[:, :4] + 1
    with NoDropout():
        assert torch.equal(call(x), call(x))
    assert any(not torch.equal(call(x), call(x)) for _ in range(9))


def test_rates_that_modules_hold_are_left_alone() -> None:
    with NoDropout():
        assert (LSTM.dropout, ATTENTION.dropout) == (0.5, 0.5)

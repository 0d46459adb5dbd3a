"""Jittor and torchlike drop nothing at random while dropout is off, and do again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jittor as jt
import numpy as np
import pytest
from jittor import attention, nn

from harness.sides.jittor_dropout import no_dropout
from ports_jittor.torchlike import functional

Call = Callable[[jt.Var], jt.Var]
X = np.random.default_rng(0).random((3, 4, 8, 8), dtype=np.float32) + 1


def _multihead() -> Call:
    layer = attention.MultiheadAttention(8, 2, dropout=0.5)
    layer.train()
    return lambda x: layer(x[0], x[0], x[0])[0]


CALLS: dict[str, Callable[[], Call]] = {
    "dropout": lambda: lambda x: nn.dropout(x, 0.5, is_train=True),
    "dropout2d": lambda: lambda x: nn.dropout2d(x, 0.5, is_train=True),
    "droppath": lambda: lambda x: nn.droppath(x, 0.5, is_train=True),
    "Dropout": lambda: nn.Dropout(0.5, is_train=True),
    "torchlike dropout": lambda: lambda x: functional.dropout(x, 0.5),
    "torchlike dropout2d": lambda: lambda x: functional.dropout2d(x, 0.5),
    "attention": lambda: lambda x: attention.scaled_dot_product_attention(x, x, x, dropout_p=0.5),
    "MultiheadAttention": _multihead,
}


def same(call: Call) -> bool:
    """Whether two calls give the same."""
    x = jt.array(X)
    return bool(np.array_equal(call(x).numpy(), call(x).numpy()))


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_dropped(name: str) -> None:
    call = CALLS[name]()
    with no_dropout():
        assert same(call)
    if name != "MultiheadAttention":  # Jittor's own asks for a dropout that does not train
        assert any(not same(call) for _ in range(9))


def test_cudnn_is_given_a_rate_of_zero_and_the_module_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def rate(module: Any) -> float:
        return float(module.dropout)

    monkeypatch.setattr(nn.RNNBase, "_execute_cudnn_rnn", rate)
    lstm = nn.LSTM(8, 8, 2, dropout=0.5)
    with no_dropout():
        assert lstm._execute_cudnn_rnn() == 0
    assert lstm._execute_cudnn_rnn() == lstm.dropout == 0.5

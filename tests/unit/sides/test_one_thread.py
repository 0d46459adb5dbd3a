"""Torch computes on one thread in here, and on as many as before behind it."""

from __future__ import annotations

import sys

import pytest
import torch

from harness.sides.one_thread import one_thread


def failing() -> None:
    with one_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError("by hand")


def test_threads_are_given_back_after_an_error_too() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="by hand"):
        failing()
    assert torch.get_num_threads() == before


def test_without_torch_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    with one_thread():
        assert "torch" not in sys.modules

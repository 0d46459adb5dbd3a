"""The settings that each side tells of itself, and its switches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jittor
import pytest
import torch

from harness.sides import jittor_switches, torch_switches

USUAL = {
    "dtype": "float32",
    "amp": "off",
    "gradients": "kept",
    "tf32": "False",
    "channels_last": "False",
    "deterministic": "False",
}


def told_by_torch(model: torch.nn.Module) -> dict[str, str]:
    """The settings around a model."""
    side: Any = SimpleNamespace(model=model, device="cpu")
    return torch_switches.settings(side)


@contextlib.contextmanager
def matmul(precision: str) -> Iterator[None]:
    """Another precision of matrix products."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    yield
    torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """Deterministic algorithms."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread more than there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "value", "context"),
    [
        ("amp", "bfloat16", lambda: torch.autocast("cpu", torch.bfloat16)),
        ("gradients", "not kept", torch.no_grad),
        ("gradients", "not kept", torch.inference_mode),
        ("tf32", "True", lambda: matmul("medium")),
        ("deterministic", "True", deterministic),
        ("threads", str(torch.get_num_threads() + 1), one_thread),
    ],
)
def test_torch_tells_what_is_set_around_a_call(name: str, value: str, context: Any) -> None:
    model = torch.nn.Conv2d(3, 4, 3)
    before = told_by_torch(model)
    assert USUAL.items() <= before.items()
    with context():
        assert told_by_torch(model) == {**before, name: value}
    assert told_by_torch(model) == before


def test_torch_tells_what_the_model_is_like() -> None:
    assert told_by_torch(torch.nn.Conv2d(3, 4, 3).double())["dtype"] == "float64"
    mixed = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).half())
    assert told_by_torch(mixed)["dtype"] == "float16 and float32"
    last = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert told_by_torch(last)["channels_last"] == "True"


@pytest.mark.parametrize(
    ("name", "value", "flags"),
    [
        ("amp", "level 5", {"auto_mixed_precision_level": 5}),
        ("gradients", "not kept", {"no_grad": 1}),
        ("tf32", "True", {"use_tensorcore": 1}),
    ],
)
def test_jittor_tells_what_is_set_around_a_call(name: str, value: str, flags: dict[str, int]) -> None:
    model = jittor.nn.Conv2d(3, 4, 3)
    before = jittor_switches.settings(model)
    assert USUAL.items() <= before.items()
    with jittor.flag_scope(**flags):
        assert jittor_switches.settings(model) == {**before, name: value}
    assert jittor_switches.settings(model) == before
    model.weight.assign(model.weight.float64())
    assert "float64" in jittor_switches.settings(model)["dtype"]

"""Gives Jittor's and torchlike's dropouts, and those of a model's own, the numbers that the harness draws.

Each keeps its own formula: only where its numbers come from is replaced. So a wrong scale stays wrong.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jittor as jt
from numpy.typing import NDArray

from harness.sides.dropout import dropping_frame
from harness.sides.framework_code import JITTOR
from harness.sides.jittor_dropout import MODULES, Change, replaced
from harness.sides.masks import Masks
from ports_jittor.torchlike import dropout


@contextlib.contextmanager
def shared_dropout(masks: Masks) -> Iterator[None]:
    """Every dropout drops by the masks, as long as the context lasts."""
    changes: list[Change] = [(kind, "execute", _unless_off(kind.execute, masks)) for kind in MODULES]
    changes.append((dropout, "dropped", _dropped_unless_off(dropout.dropped, masks)))
    changes.append((jt, "random", _drawn(jt.random, masks)))
    changes.append((jt, "bernoulli", _yes_or_no(jt.bernoulli)))
    with replaced(changes):
        yield


def _unless_off(plain: Callable[..., Any], masks: Masks) -> Callable[..., Any]:
    """The method of one of Jittor's modules, which gives back what it is given where nothing is dropped."""

    @functools.wraps(plain)
    def execute(module: Any, x: Any) -> Any:
        drops = module.p > 0 and module.is_train
        return x if drops and masks.is_off(_shape(x.shape)) else plain(module, x)

    return execute


def _dropped_unless_off(plain: Callable[..., Any], masks: Masks) -> Callable[..., Any]:
    @functools.wraps(plain)
    def dropped(x: Any, p: float, shape: list[int]) -> Any:
        return x if p > 0 and masks.is_off(_shape(shape)) else plain(x, p, shape)

    return dropped


def _drawn(plain: Callable[..., Any], masks: Masks) -> Callable[..., Any]:
    """Jittor's one source of random numbers: what the model asks of it comes from the masks."""

    def numbers_of_no_dropout(shape: Any, dtype: Any, type: str) -> Any:
        numbers = masks.normal(_shape(shape)) if type == "normal" else masks.uniform(_shape(shape))
        return jt.array(numbers).cast(dtype).stop_grad()

    @functools.wraps(plain)
    def random(shape: Any, dtype: Any = "float32", type: str = "uniform") -> Any:
        frame = dropping_frame()
        if frame is None:
            return plain(shape, dtype, type) if masks.is_left() else numbers_of_no_dropout(shape, dtype, type)
        if type != "uniform":
            masks.is_off(_shape(shape), why=f"it draws {type} numbers, which no mask stands for")
        elif not masks.is_off(_shape(shape)):
            if frame.f_globals.get("__name__", "") in JITTOR:
                numbers = masks.uniform(_shape(shape))
            else:
                numbers = masks.own_uniform(_shape(shape), frame, _array)
            return jt.array(numbers).stop_grad()
        return plain(shape, dtype, type)

    return random


def _yes_or_no(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A yes where the number is as large as in torch's: Jittor says yes to the small ones."""

    @functools.wraps(plain)
    def bernoulli(input: Any) -> Any:
        return (jt.rand_like(input) >= 1 - input).cast(input.dtype)

    return bernoulli


def _array(value: object) -> NDArray[Any] | None:
    return value.numpy() if isinstance(value, jt.Var) else None


def _shape(given: Sequence[Any]) -> list[int]:
    return [int(size) for size in given]

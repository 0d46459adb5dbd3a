"""Switches off what Jittor's and torchlike's own dropouts drop at random, wherever a model calls them.

The functions, attention and recurrent layers of Jittor all make one of its modules for it; only cuDNN is
given the rate itself.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Callable, Tuple

from jittor import nn

from ports_jittor.torchlike import dropout

MODULES = (nn.Dropout, nn.Dropout2d, nn.DropPath)
Change = Tuple[Any, str, Callable[..., Any]]
"""What has a function, its name there, and what stands in its place."""


def _given_back(module: Any, given: Any) -> Any:
    return given


def _kept(x: Any, p: float, shape: list[int]) -> Any:
    return x


def _rate_of_zero(plain: Callable[..., Any]) -> Callable[..., Any]:
    """The method with the module's own rate at zero for as long as it runs."""

    @functools.wraps(plain)
    def call(module: Any, *args: Any, **kwargs: Any) -> Any:
        rate, module.dropout = module.dropout, 0.0
        try:
            return plain(module, *args, **kwargs)
        finally:
            module.dropout = rate

    return call


@contextlib.contextmanager
def recurrent_without_dropout() -> Iterator[None]:
    """Recurrent layers drop nothing between their layers for as long as the context lasts."""
    cudnn = nn.RNNBase._execute_cudnn_rnn
    nn.RNNBase._execute_cudnn_rnn = _rate_of_zero(cudnn)
    try:
        yield
    finally:
        nn.RNNBase._execute_cudnn_rnn = cudnn


@contextlib.contextmanager
def no_dropout() -> Iterator[None]:
    """Nothing is dropped for as long as the context lasts."""
    changes: list[Change] = [(kind, "execute", _given_back) for kind in MODULES]
    with replaced([*changes, (dropout, "dropped", _kept)]):
        yield


@contextlib.contextmanager
def replaced(changes: Sequence[Change]) -> Iterator[None]:
    """Functions of modules and classes have others in their place; recurrent layers drop nothing."""
    plain = [(place, name, getattr(place, name)) for place, name, _ in changes]
    with recurrent_without_dropout():
        try:
            for place, name, other in changes:
                setattr(place, name, other)
            yield
        finally:
            for place, name, own in plain:
                setattr(place, name, own)

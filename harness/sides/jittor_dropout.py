"""Switches off what Jittor's and torchlike's own dropouts drop at random, wherever a model calls them.

The functions, attention and recurrent layers of Jittor all make one of its modules for it; only cuDNN is
given the rate itself.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from jittor import nn

from ports_jittor.torchlike import dropout

MODULES = (nn.Dropout, nn.Dropout2d, nn.DropPath)


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
    replaced: list[tuple[Any, str, Any, Any]] = [
        (kind, "execute", kind.execute, _given_back) for kind in MODULES
    ]
    replaced.append((dropout, "dropped", dropout.dropped, _kept))
    with recurrent_without_dropout():
        try:
            for place, name, _, replacement in replaced:
                setattr(place, name, replacement)
            yield
        finally:
            for place, name, plain, _ in replaced:
                setattr(place, name, plain)

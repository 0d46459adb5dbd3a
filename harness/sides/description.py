"""Describes packages, layers and runs of a side, and makes an upstream's own network."""

from __future__ import annotations

import functools
import sys
from importlib import import_module, metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.answers import Observer, OutputChange
from harness.errors import BadInput
from harness.layer_note import Attributes
from harness.pairs.base import Arrays
from harness.requests import UpstreamModel
from harness.sides.recorder import plain_value

HIDDEN_ATTRIBUTES = {"training", "is_train", "in_channels_", "is_depthwise_conv"}


@functools.lru_cache(maxsize=None)
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def installed(*packages: str) -> dict[str, str]:
    """The versions of the named distributions that are installed here."""
    found = {package: _version(package) for package in packages}
    return {package: version for package, version in found.items() if version is not None}


def attributes_of(module: Any) -> Attributes:
    """The plain attributes of a layer: eps, momentum, padding, slope and the like."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(module).items()
        if not name.startswith("_") and name not in HIDDEN_ATTRIBUTES and plain_value(value)
    }


def build_upstream(upstream: UpstreamModel) -> Any:
    """Make a network from a checkout that the user named, as that code itself makes it."""
    sys.path.insert(0, upstream.checkout)
    module, _, name = upstream.entry.partition(":")
    try:
        make = getattr(import_module(module), name)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise BadInput(
            f"{upstream.entry} cannot be loaded from {upstream.checkout}: {type(error).__name__}: {error}"
        ) from error
    return make(**upstream.options)


def differences(bare: Arrays, observed: Arrays, draws: list[str]) -> Observer:
    """Where a recorded run, with another seed, gave other outputs than the bare run."""
    changed = {
        address: OutputChange(_apart(array, observed[address]), _largest(observed[address]))
        for address, array in bare.items()
        if not np.array_equal(array, observed[address], equal_nan=True)
    }
    return Observer(
        bitwise=not changed,
        max_abs=max((found.max_abs or 0.0 for found in changed.values()), default=0.0),
        scale=max(map(_largest, observed.values()), default=0.0),
        changed=changed,
        draws=draws,
    )


def _apart(ours: NDArray[Any], its: NDArray[Any]) -> float:
    """The largest difference of two elements; where shapes differ, that is the largest element."""
    if ours.shape != its.shape:
        return max(_largest(ours), _largest(its))
    with np.errstate(invalid="ignore"):  # infinite on both sides: no difference, and no finite element
        return _largest(ours.astype(np.float64) - its.astype(np.float64))


def _largest(array: NDArray[Any]) -> float:
    """The largest finite element."""
    sizes = np.abs(array.astype(np.float64))
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))

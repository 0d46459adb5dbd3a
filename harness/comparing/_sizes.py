"""The size of the terms that cancel in a gradient that is zero in theory, from the gradients around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from harness import address as addresses
from harness.comparing._places import kind_of
from harness.trace import Noise, Trace

_FAMILIES = {"grad": "grad", "grad_input": "grad_input", "layer_grad": "layer", "operation_grad": "layer"}


class GradientSizes:
    """Sizes of the gradients of a truth that are not zero throughout."""

    def __init__(self, truth: Trace) -> None:
        self._truth = truth
        self._medians: dict[str, float] = {}

    def typical(self, address: str) -> float:
        """The size of an element in the median tensor of its kind, or more where those around it are larger.

        What noise makes of them counts: where rounding makes gradients explode, zero is as uncertain.

        Around it is the innermost module in which a gradient is not zero; its largest element counts, since
        what cancels may be as large. 0 for what is no gradient.
        """
        kind = kind_of(address)
        if kind not in _FAMILIES:
            return 0.0
        around = (self._largest.get((_FAMILIES[kind], path)) for path in _modules(address))
        return max(self._median(kind), next((size for size in around if size), 0.0))

    def _median(self, kind: str) -> float:
        if kind not in self._medians:
            found = (
                (self._truth.stats(address).l2 + self._noise(address).l2)
                / math.sqrt(self._truth.records[address].size)
                for address in self._gradients
                if kind_of(address) == kind
            )
            sizes = [size for size in found if size > 0]
            self._medians[kind] = float(np.median(sizes)) if sizes else 0.0
        return self._medians[kind]

    @cached_property
    def _gradients(self) -> list[str]:
        records = self._truth.records.items()
        return [
            address
            for address, record in records
            if record.alias is None and record.size and kind_of(address) in _FAMILIES
        ]

    @cached_property
    def _largest(self) -> dict[tuple[str, str], float]:
        """The largest element among the gradients of each family in each module."""
        found: dict[tuple[str, str], float] = {}
        for address in self._gradients:
            family = _FAMILIES[kind_of(address)]
            size = self._truth.stats(address).absmax + self._noise(address).max
            for path in _modules(address):
                found[family, path] = max(size, found.get((family, path), 0.0))
        return found

    def _noise(self, address: str) -> Noise:
        return self._truth.records[address].noise or Noise(0.0, 0.0)


def _modules(address: str) -> Iterator[str]:
    """The module of a gradient and the modules around it, without the model itself."""
    if addresses.kind(address) == "layer":
        path = addresses.parse_layer(address).module
    else:
        path = address.partition(":")[2].rpartition(".")[0]
    while path and path != addresses.ROOT:
        yield path
        path = path.rpartition(".")[0]

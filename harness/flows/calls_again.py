"""Layers that the port calls once more on what it gave them already: nothing differs but what a call leaves.

Results agree, while running statistics are updated twice, and gradients come in parts that are not compared.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from harness import address as addresses
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause
from harness.flows.call_counts import Records, calls, origin

_LEFT = ("grad", "layer_grad", "operation_grad", "state")
_WITHOUT_PARTS = "without the part"


@dataclasses.dataclass(frozen=True)
class Again:
    """A layer that the port calls more often, and the first two of its calls that are given the same."""

    path: str
    reference: int
    port: int
    first: int
    second: int
    given: str

    @property
    def words(self) -> str:
        """The cause in words."""
        once = "once" if self.reference == 1 else f"{self.reference} times"
        return (
            f"{self.path} is called {self.port} times in the port and {once} in the reference: call "
            f"{self.second} is given again what call {self.first} is given, {self.given}. Its running "
            "statistics are updated once more, and its gradients come in parts."
        )

    def concerns(self, source: Source) -> bool:
        """Whether a source is of what a call of the layer leaves."""
        return kind_of(source.address) in _LEFT and addresses.lies_in(_owner(source.address), self.path)


def told(
    sources: Sequence[Source], causes: Sequence[Cause], reference: Records, port: Records
) -> list[Cause]:
    """The causes, where what such a layer leaves has none, or none but a missing part of a gradient."""
    if not any(kind_of(source.address) in _LEFT for source in sources):
        return list(causes)
    found = _again(reference, port)
    return [_of(source, cause, found) for source, cause in zip(sources, causes, strict=True)]


def _of(source: Source, cause: Cause, found: Sequence[Again]) -> Cause:
    if cause.found and not cause.fitted and _WITHOUT_PARTS not in cause.sentence:
        return cause
    for one in found:
        if one.concerns(source):
            return dataclasses.replace(
                cause, found=True, sentence=one.words, hypothesis=one.words, fitted=0, also=(),
                culprits=(*source.layers, one.path),
            )  # fmt: skip
    return cause


def _again(reference: Records, port: Records) -> list[Again]:
    """Such layers, the outer ones first."""
    ours, its = calls(reference), calls(port)
    given: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for address in port:
        if address.startswith("layer:"):
            layer = addresses.parse_layer(address)
            is_more = its.get(layer.path, 0) > ours.get(layer.path, 0)
            if layer.role == "in" and "/" not in layer.path and is_more:
                given[layer.path][layer.call].append(origin(port, address))
    found = []
    for path, by_call in given.items():
        twice = _twice(by_call) if ours.get(path) else None
        if twice is not None:
            found.append(Again(path, ours[path], its[path], *twice, ", ".join(by_call[twice[0]])))
    return sorted(found, key=lambda one: len(one.path))


def _twice(by_call: dict[int, list[str]]) -> tuple[int, int] | None:
    seen: dict[tuple[str, ...], int] = {}
    for call, taken in by_call.items():
        if tuple(taken) in seen:
            return seen[tuple(taken)], call
        seen[tuple(taken)] = call
    return None


def _owner(address: str) -> str:
    """The module whose gradient or buffer it is."""
    if address.startswith("layer:"):
        return addresses.parse_layer(address).path
    return address.partition(":")[2].rpartition(".")[0]

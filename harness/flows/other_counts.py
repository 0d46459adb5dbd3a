"""Layers that the port runs more or fewer times than the reference.

What they return may agree all the same. Then gradients and running statistics show it: a gradient goes back
through another call, and an update is applied once more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.comparing import kind_of
from harness.diagnose import UPDATED_AGAIN, Cause
from harness.flows.call_counts import calls, origin, said
from harness.flows.taken_by_calls import holding
from harness.trace import Trace

Counts = Mapping[str, int]
_MOST_BUFFERS, _MOST_TOLD = 3, 3
_NOTHING = ("zero everywhere", "it is not updated")  # what becomes of a module that never runs


@dataclasses.dataclass(frozen=True)
class OtherCount:
    """A module that each side runs a number of times; `shown` is what its buffers show of it."""

    path: str
    reference: int
    port: int
    shown: str = ""

    @property
    def words(self) -> str:
        """How often it runs."""
        runs = f"runs {_times(self.port)}" if self.port else "never runs"
        words = f"{self.path} {runs} in the port, {_times(self.reference)} in the reference"
        return f"{words}{self.shown}"

    def holds(self, path: str) -> bool:
        """Whether a layer is this module, or lies in it."""
        return self.path == addresses.ROOT or addresses.lies_in(path, self.path)


def told(
    alignment: Alignment,
    sources: Sequence[Source],
    causes: Sequence[Cause],
    reference: Trace,
    port: Trace,
    held: Iterable[str],
    buffer: Callable[[Row], Cause],
) -> list[Cause]:
    """The causes, where a gradient or a buffer is that of a module that runs another number of times.

    So is that of a tensor that only comes of such a call. A module without parameters and buffers may as well
    be written as a function; `held` are the addresses of all of these. Of a port that raised nobody knows
    how often it would have run what. `buffer` explains what becomes of a buffer.
    """
    if not port.complete:
        return list(causes)
    ours, its = calls(reference.records), calls(port.records)
    found = [_with_buffers(one, alignment, buffer) for one in _outermost(ours, its, set(map(_owner, held)))]
    return [
        _of_backward(source, cause, found) or _of_forward(source, cause, port, ours, found) or cause
        for source, cause in zip(sources, causes, strict=True)
    ]


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _owner(address: str) -> str:
    """The module of a parameter or a buffer."""
    return address.partition(":")[2].rpartition(".")[0]


def _outermost(ours: Counts, its: Counts, owners: set[str]) -> list[OtherCount]:
    """Modules with parameters or buffers that run another number of times, each without those in it."""
    found: list[OtherCount] = []
    for path in sorted(
        dict.fromkeys((*ours, *its)), key=lambda path: (path != addresses.ROOT, path.count("."))
    ):
        one = OtherCount(path, ours.get(path, 0), its.get(path, 0))
        if "/" in path or one.port == one.reference or not any(one.holds(owner) for owner in owners):
            continue
        if any(
            not count and any(one.holds(part) for part in called)
            for count, called in ((one.port, its), (one.reference, ours))
        ):
            continue  # its parts are called without it
        if not any(outer.holds(path) and _is_as_often(outer, one) for outer in found):
            found.append(one)
    return found


def _is_as_often(outer: OtherCount, inner: OtherCount) -> bool:
    return outer.port * inner.reference == inner.port * outer.reference


def _with_buffers(one: OtherCount, alignment: Alignment, buffer: Callable[[Row], Cause]) -> OtherCount:
    """The same, with a buffer in it that shows how often it was updated."""
    wrong = (
        row
        for row in alignment.rows
        if kind_of(row.address) == "state"
        and one.holds(_owner(row.address))
        and row.isolated is not None
        and row.isolated.verdict.status == "diverged"
    )
    for row in islice(wrong, _MOST_BUFFERS):
        cause = buffer(row)
        if cause.hypothesis.startswith(UPDATED_AGAIN):
            words, _, _ = cause.hypothesis.partition(" (")  # the counts say that it was not once
            return dataclasses.replace(one, shown=f": {row.address} is {words}")
    return one


def _of_backward(source: Source, cause: Cause, counts: Sequence[OtherCount]) -> Cause | None:
    """Where what comes back to a module, or what it holds, is that of another number of calls."""
    if source.direction not in ("backward", "state"):
        return None
    address = source.address
    own = addresses.parse_layer(address).path if address.startswith("layer:") else _owner(address)
    known = [one for one in counts if one.port or any(words in cause.sentence for words in _NOTHING)]
    one = next((one for one in known if any(one.holds(path) for path in (own, *source.layers))), None)
    return None if one is None else said(cause, f"{one.words}.", (one.path,))


def _of_forward(
    source: Source, cause: Cause, port: Trace, ours: Counts, counts: Sequence[OtherCount]
) -> Cause | None:
    """Where what nothing explains is what a call returns that the port alone makes, or a part of it."""
    if cause.found:
        return None
    made = origin(port.records, source.address)
    is_result = made != source.address and addresses.is_result(made)
    for address in (made,) if is_result else holding(source.address, port, _results_of(counts, port)):
        path, call = addresses.parse_layer(address).module_call
        one = next((one for one in counts if one.holds(path)), None)
        if one is not None and call >= ours.get(path, 0):
            part = "" if is_result else "a part of "
            words = f"it is {part}what call number {call} of {path} returns: {one.words}{_never(counts)}"
            return said(cause, f"{words}.", (one.path,))
    return None


def _never(counts: Sequence[OtherCount]) -> str:
    """Which modules the port does not run at all."""
    paths = [one.path for one in counts if not one.port][:_MOST_TOLD]
    if not paths:
        return ""
    never = "never run in the port" if len(paths) > 1 else "never runs in the port"
    return f"; the reference runs {', '.join(paths)} as well, which {never}"


def _results_of(often: Iterable[OtherCount], port: Trace) -> list[str]:
    """What modules return in the port that run there more often."""
    paths = {one.path for one in often if one.port > one.reference}
    results = filter(addresses.is_result, port.records)
    return [name for name in results if addresses.parse_layer(name).path in paths]

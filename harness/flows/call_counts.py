"""Layers that the port calls fewer times than the reference, or with what other calls should be given.

Calls of both sides are matched by their number. So where one of them is missing, all later ones seem to be
given something wrong, and what each of them is given tells which call it is.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness import address as addresses
from harness.address import LayerAddress
from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.forced_flow import ForcedFlow
from harness.trace import Record

_FEWEST_SHIFTED = 3
_MOST_TOLD = 3

Records = Mapping[str, Record]


def calls(recorded: Iterable[str]) -> dict[str, int]:
    """How many times each layer or operation is called."""
    found: dict[str, int] = {}
    for address in recorded:
        if addresses.is_result(address):
            layer = addresses.parse_layer(address)
            found[layer.path] = max(found.get(layer.path, 0), layer.call + 1)
    return found


@dataclasses.dataclass(frozen=True)
class Fewer:
    """A layer that the port calls fewer times: how many times each side does, and calls that are missing.

    `instead` are operations and layers that the port alone runs in the same module.
    """

    path: str
    reference: int
    port: int
    missing: tuple[int, ...]
    given: str
    instead: tuple[str, ...]

    @property
    def words(self) -> str:
        """The cause in words."""
        runs = f" (the port runs {', '.join(self.instead)} there)" if self.instead else ""
        return (
            f"{self.path} is called fewer times in the port ({self.port}) than in the reference "
            f"({self.reference}): the call number {self.missing[0]}, which is given {self.given}, is "
            f"missing{runs}, and later calls are compared with the wrong ones."
        )

    def concerns(self, source: Source, cause: Cause, records: Records) -> bool:
        """Whether a source comes of this: a call of the layer, or what should take the result of one."""
        its = _layer(source.address)
        if its is not None and its.path == self.path and its.call >= self.missing[0]:
            return True
        made = _layer(origin(records, source.address))
        if made is None or made.path != self.path or made.role != "out" or made.call < self.missing[0]:
            return False
        given = origin(records, addresses.layer(self.path, made.call, "in", "0"))
        if made.call in self.missing:  # if it is not passed by, something else is in its place
            return given in _taken(cause, records)
        return not cause.found or bool(cause.fitted) or given in _taken(cause, records)


def told(
    sources: Sequence[Source],
    causes: Sequence[Cause],
    reference: Records,
    port: Iterable[str],
    flow: ForcedFlow,
    complete: bool = True,
) -> list[Cause]:
    """The causes, where a call is missing, or where each call is given what another one should be.

    A call is missing where `flow` shows that those which the port makes are other ones of the reference; of
    a port that raised nobody knows which calls it would have made. `complete` says that it did not.
    """
    ours, its = calls(reference), calls(port)
    fewer = _fewer(sources, causes, reference, ours, its, flow) if complete else []
    found = [_missing(source, cause, fewer, reference) for source, cause in zip(sources, causes, strict=True)]
    return _shifted(sources, found, reference, {path: n for path, n in ours.items() if its.get(path) == n})


def _missing(source: Source, cause: Cause, fewer: Sequence[Fewer], reference: Records) -> Cause:
    for one in fewer:
        if one.concerns(source, cause, reference):
            return said(cause, one.words, (one.path,))
    return cause


def said(cause: Cause, words: str, culprits: tuple[str, ...] = ()) -> Cause:
    """The cause in other words, which are found; what it took is no matter any more."""
    return dataclasses.replace(
        cause, found=True, sentence=words, hypothesis=words, taken="", also_taken=(), fitted=0, also=(),
        culprits=culprits,
    )  # fmt: skip


def _fewer(
    sources: Sequence[Source],
    causes: Sequence[Cause],
    reference: Records,
    ours: Mapping[str, int],
    its: Mapping[str, int],
    flow: ForcedFlow,
) -> list[Fewer]:
    found = []
    for path, by in _given(sources, causes, reference).items():
        if 0 < its.get(path, 0) < ours.get(path, 0):
            known = {
                call: [n for n in range(ours[path]) if _is_given(path, n, taken, reference)]
                for call, taken in by.items()
            }
            matched = _matched(path, known, its[path], flow)
            missing = _gaps(matched, ours[path], its[path])
            if missing:
                given = origin(reference, addresses.layer(path, missing[0], "in", "0"))
                found.append(Fewer(path, ours[path], its[path], missing, given, _alone(path, ours, its)))
    return found


def _alone(path: str, ours: Mapping[str, int], its: Mapping[str, int]) -> tuple[str, ...]:
    """What the port alone runs in the module that calls a layer."""
    return tuple(other for other in its if other not in ours and _around(other) == _around(path))[:_MOST_TOLD]


def _around(path: str) -> str:
    module, mark, _ = path.rpartition("/" if "/" in path else ".")
    return module if mark else addresses.ROOT


def _given(
    sources: Sequence[Source], causes: Sequence[Cause], reference: Records
) -> dict[str, dict[int, set[str]]]:
    """By layer and call, what the port's calls are given where it is not what they should be."""
    found: dict[str, dict[int, set[str]]] = defaultdict(dict)
    for source, cause in zip(sources, causes, strict=True):
        layer = _layer(source.address)
        if layer is not None and layer.role == "in" and layer.key == "0":
            found[layer.path][layer.call] = _taken(cause, reference)
    return found


def _matched(path: str, known: Mapping[int, list[int]], its: int, flow: ForcedFlow) -> dict[int, int]:
    """Which call of the reference each call of the port is, where that is known; they keep their order.

    `known` says of calls that are given something wrong which ones should be given that. It is one of these
    if it returns what that one does.
    """
    found, last = dict[int, int](), -1
    for call in range(its):
        if call in known:
            later = (n for n in known[call] if n > last and (n == call or flow.returns_as(path, call, n)))
            own = next(later, None)
        else:
            in_turn = not found or found.get(call - 1) == call - 1
            own = call if in_turn and flow.is_given_right(path, call) else None
        if own is not None:
            found[call] = last = own
    return found


def _is_given(path: str, call: int, taken: set[str], records: Records) -> bool:
    return origin(records, addresses.layer(path, call, "in", "0")) in taken


def _gaps(matched: Mapping[int, int], ours: int, its: int) -> tuple[int, ...]:
    """Calls of the reference that lie between two that neighbouring calls of the port are."""
    known = {-1: -1, **matched, its: ours}
    if all(own == call for call, own in matched.items()):
        return ()
    return tuple(
        missing
        for call, own in known.items()
        if call + 1 in known
        for missing in range(own + 1, known[call + 1])
    )


def _shifted(
    sources: Sequence[Source], causes: list[Cause], records: Records, counts: Mapping[str, int]
) -> list[Cause]:
    """The causes, where all calls of a layer are given what the call so many places on should be given."""
    groups: dict[tuple[str, str], list[tuple[int, LayerAddress]]] = defaultdict(list)
    for place, source in enumerate(sources):
        layer = _layer(source.address)
        if layer is not None and layer.role == "in" and layer.path in counts:
            groups[layer.path, layer.key].append((place, layer))
    for (path, key), members in groups.items():
        count = counts[path]
        steps = [
            {
                (call - layer.call) % count
                for call in range(count)
                if origin(records, addresses.layer(path, call, "in", key)) in _taken(causes[place], records)
            }
            for place, layer in members
        ]
        common = set[int].intersection(*steps) - {0}
        if len(members) >= _FEWEST_SHIFTED and len(common) == 1:
            words = _words_of_shift(path, common.pop(), count)
        elif len(members) >= _FEWEST_SHIFTED and _are_turned(members, steps, count):
            words = (
                f"the calls of {path} run in the opposite order: the first is given what the last should be."
            )
        else:
            continue
        for place, _ in members:
            causes[place] = said(causes[place], words)
    return causes


def _are_turned(members: Sequence[tuple[int, LayerAddress]], steps: Sequence[set[int]], count: int) -> bool:
    """Whether each call is given what the call as far from the other end should be."""
    return all(
        (count - 1 - 2 * layer.call) % count in its for (_, layer), its in zip(members, steps, strict=True)
    )


def _words_of_shift(path: str, step: int, count: int) -> str:
    by, which = (step, "later") if 2 * step <= count else (count - step, "earlier")
    off = " (an index is off by one)" if by == 1 else ""
    return (
        f"the calls of {path} are shifted by {by}: each is given what the call {by} {which} "
        f"should be given{off}."
    )


def _taken(cause: Cause, records: Records) -> set[str]:
    return {origin(records, name) for name in (cause.taken, *cause.also_taken) if name}


def origin(records: Records, address: str) -> str:
    """What a recorded tensor is another name of, or itself."""
    record = records.get(address)
    return (record.alias if record is not None else None) or address


def _layer(address: str) -> LayerAddress | None:
    return addresses.parse_layer(address) if address.startswith("layer:") else None

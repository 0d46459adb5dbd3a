"""What two traces tell of their dropouts: how many drop alike, which were off, which cannot be paired."""

from __future__ import annotations

from collections.abc import Mapping

from harness.coverage import Dropped, Gap
from harness.dropout import NOTE, Draw, agree, read_draws
from harness.trace import Trace


def dropped(names: tuple[str, str], reference: Trace | None, candidate: Trace | None) -> Dropped:
    """What the dropouts of both traces have in common."""
    if reference is None or candidate is None:
        return Dropped()
    ours, its = (read_draws(trace.notes.get(NOTE)) for trace in (reference, candidate))
    off = {draw.path: draw.off for draw in (*ours, *its) if draw.off}
    shared = {draw.place for draw in ours if not draw.off} & {draw.place for draw in its if not draw.off}
    return Dropped(
        shared=len(shared),
        off=[Gap(path, why) for path, why in off.items()],
        apart=_apart(names, (reference, candidate), (ours, its)),
    )


def _apart(names: tuple[str, str], traces: tuple[Trace, Trace], draws: tuple[list[Draw], list[Draw]]) -> str:
    """Why the masks of two traces are not those of one comparison, though the models may be alike."""
    for one, other in ((0, 1), (1, 0)):
        if any(not draw.off for draw in draws[one]) and not _drops(traces[other]):
            return f"dropout drops in {names[one]} and is switched off in {names[other]}"
    found = agree(*draws)
    if found.moved:
        place, of = next(iter(found.moved.items()))
        return f"the dropout at {of} of {names[0]} may be the one at {place} of {names[1]}, with another mask"
    silent = {draw.place for side in draws for draw in side if draw.off}
    loud = next((place for place in found.off if place not in silent or _half(place, draws)), None)
    return "" if loud is None else f"the dropout at {loud} has no mask that fits both ({found.off[loud]})"


def _drops(trace: Trace) -> bool:
    """Whether dropouts of a trace drop at all; where it does not say so, they were switched off."""
    case = trace.header.get("case")
    return isinstance(case, Mapping) and case.get("dropout") == "shared"


def _half(place: str, draws: tuple[list[Draw], list[Draw]]) -> bool:
    """Whether one side alone was switched off at a place."""
    return any(draw.place == place and not draw.off for side in draws for draw in side)

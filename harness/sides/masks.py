"""The numbers that dropouts draw: from the seed and the place of the draw alone, whatever the framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness import seeded
from harness.dropout import Draw, DropoutPlan, Numbers
from harness.older_python import strict_zip
from harness.sides.dropout import at_return, what_is_given

_LEVELS = 1 << 16
_FEW = 4096
_LEAST = 0.5 / _LEVELS


@dataclass
class _Call:
    """A call of a module, and how much was drawn in it."""

    path: str
    number: int
    draws: int = 0

    @property
    def place(self) -> str:
        return f"{self.path}#{self.number}.{self.draws}"


@dataclass(frozen=True)
class Position:
    """How far a run has come: what was called, and which calls are going on."""

    calls: Counter[str]
    open: tuple[tuple[str, int, int], ...]


class Masks:
    """Follows the calls of a run, and gives each draw the numbers of its place."""

    def __init__(self) -> None:
        self.plan = DropoutPlan()
        self._silenced: dict[str, str] = {}
        self.restart()

    @property
    def shared(self) -> bool:
        """Whether dropouts drop, with masks that both sides have."""
        return self.plan.treatment == "shared"

    def restart(self) -> None:
        """A new run begins."""
        self.draws: list[Draw] = []
        self._calls: Counter[str] = Counter()
        self._open = [_Call(addresses.ROOT, 0)]

    def enter(self, path: str) -> None:
        """A module is being called."""
        name = path or addresses.ROOT
        self._open.append(_Call(name, self._calls[name]))
        self._calls[name] += 1

    def leave(self) -> None:
        """It has returned, or raised."""
        if len(self._open) > 1:
            self._open.pop()

    def position(self) -> Position:
        """Where the run stands."""
        return Position(
            Counter(self._calls), tuple((call.path, call.number, call.draws) for call in self._open)
        )

    def go_to(self, position: Position) -> None:
        """Let what is called next draw what it drew there."""
        self._calls = Counter(position.calls)
        self._open = [_Call(*call) for call in position.open]

    def silences(self, path: str) -> bool:
        """Whether a dropout module at a path is to be switched off as a whole."""
        if not self.shared:
            return True
        planned = {place: why for place, why in self.plan.off.items() if place.rpartition("#")[0] == path}
        self._silenced.update(planned)
        return bool(planned)

    def noted(self) -> list[Draw]:
        """What was drawn in a run, and where a module was switched off as a whole."""
        off = {place: why for place, why in self._silenced.items() if place in self.plan.off}
        return [*self.draws, *(Draw(place, [], why) for place, why in off.items())]

    def is_off(self, shape: Sequence[int] = (), why: str = "") -> bool:
        """Whether nothing is dropped here, by the plan or for the reason `why`; that is noted."""
        place = self._open[-1].place
        found = why or self.plan.off.get(place, "")
        if found:
            self._note(shape, found)
        return bool(found)

    def is_left(self) -> bool:
        """Whether a draw for no dropout is left to chance here, since the sides cannot draw alike."""
        call = self._open[-1]
        found = call.place in self.plan.off
        call.draws += found
        return found

    def normal(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """The numbers of this place, normally distributed about 0."""
        self._note(shape, kind="normal")
        return numbers_of(self.plan, self.draws[-1])

    def uniform(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """The numbers of this place: from 0 to 1, each exact in any floating type of 17 bits or more."""
        place = self._note(shape)
        if self.plan.rehearsal:
            return rehearsed(self.plan, place, shape)
        return numbers_of(self.plan, self.draws[-1])

    def own_uniform(
        self, shape: Sequence[int], frame: FrameType, array: Callable[[object], NDArray[Any] | None]
    ) -> NDArray[np.float32]:
        """The same for a dropout of somebody's own; in a rehearsal what it returns shows what it keeps."""
        numbers = self.uniform(shape)
        if self.plan.rehearsal:
            number, given = len(self.draws) - 1, array(what_is_given(frame))

            def see(returned: object) -> None:
                found = array(returned)
                if given is not None and found is not None and keeps_small(numbers, given, found):
                    self.draws[number] = replace(self.draws[number], keeps_small=True)

            at_return(frame, see)
        return numbers

    def drawn_in(self, path: str, call: int) -> list[NDArray[np.float32]]:
        """The numbers that one call of a module has drawn, in order."""
        drawn = [draw for draw in self.draws if draw.place.startswith(f"{path}#{call}.") and not draw.off]
        return [numbers_of(self.plan, draw) for draw in drawn]

    def without_masks(self, drawn: Sequence[str]) -> list[str]:
        """Of texts such as `rand in block.path` those whose module has drawn no mask: it is truly random."""
        masked = {draw.path for draw in self.draws if not draw.off}
        return [text for text in drawn if text.partition(" in ")[2] not in masked]

    def _note(self, shape: Sequence[int], why: str = "", kind: Numbers = "uniform") -> str:
        call = self._open[-1]
        place = call.place
        call.draws += 1
        sizes = [int(size) for size in shape]
        reverse = place in self.plan.reversed
        self.draws.append(Draw(self.plan.moved.get(place, place), sizes, why, reverse, kind))
        return place


def numbers_of(plan: DropoutPlan, draw: Draw) -> NDArray[np.float32]:
    """What is drawn; with 1 - number a dropout that keeps where it is small keeps what the others do."""
    if draw.kind == "normal":
        drawn = _generator(plan, f"normal/{draw.place}").standard_normal(draw.size)
        return drawn.astype(np.float32).reshape(tuple(draw.shape))
    found = uniform(plan, draw.place, draw.shape)
    return 1 - found if draw.keeps_small else found


def rehearsed(plan: DropoutPlan, place: str, shape: Sequence[int]) -> NDArray[np.float32]:
    """The numbers of a rehearsal: one is next to 0, and one of several next to 1, so that any rate shows."""
    found = uniform(plan, place, shape)
    if found.size > 1:
        found.reshape(-1)[found.argmax()] = 1 - _LEAST
    if found.size:
        found.reshape(-1)[found.argmin()] = _LEAST
    return found


def keeps_small(numbers: NDArray[np.float32], given: NDArray[Any], found: NDArray[Any]) -> bool:
    """Whether a dropout has kept what it was given where its numbers are small, and nothing else."""
    if found.shape != given.shape or not _spreads(numbers.shape, given.shape):
        return False
    spread, seen = np.broadcast_to(numbers, given.shape), given != 0
    kept, lost = spread[seen & (found != 0)], spread[seen & (found == 0)]
    if numbers.size == 1:
        return bool(kept.size > lost.size)
    return bool(kept.size and lost.size and kept.max() < lost.min())


def _spreads(shape: Sequence[int], over: Sequence[int]) -> bool:
    """Whether numbers of one shape can be multiplied with a tensor of another."""
    missing = len(over) - len(shape)
    return missing >= 0 and all(size in (1, most) for size, most in strict_zip(shape, over[missing:]))


def uniform(plan: DropoutPlan, place: str, shape: Sequence[int]) -> NDArray[np.float32]:
    """Numbers between 0 and 1 that are never a simple fraction, as a rate may be.

    A few are spread evenly, so that of four samples about one is dropped at a rate of a quarter.
    """
    rng, size = _generator(plan, f"dropout/{place}"), int(np.prod(shape, dtype=np.int64))
    values = rng.random(size)
    if size <= _FEW:
        values = (rng.permutation(size) + values) / max(size, 1)
    levels = np.floor(values * _LEVELS)
    found: NDArray[np.float32] = ((2 * levels + 1) / (2 * _LEVELS)).astype(np.float32)
    return found.reshape(tuple(shape))


def _generator(plan: DropoutPlan, name: str) -> np.random.Generator:
    """The source of the numbers of a name, another one in each pass of a training."""
    return seeded.generator(plan.seed, f"pass {plan.number}/{name}" if plan.number else name)

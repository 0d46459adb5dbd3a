"""The keys and shapes a state should have, and how a state differs from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Tuple

from harness.errors import NoEnvironment
from harness.forms import same_shape, with_an_axis
from weight_convert.state import State

Shape = Tuple[int, ...]
COUNTER = "num_batches_tracked"
_CLOSE_ENOUGH = 250_000
_LETTERS = 50_000_000
"""Letters of names that are compared for the sake of a message."""


@dataclass(frozen=True)
class Layout:
    """What a model wants: every key with its shape, in order. `origin` says how that is known."""

    origin: str
    shapes: Mapping[str, Shape]
    counters: bool = True
    """False where it comes from a framework whose batch norms keep no count of batches."""

    def wants(self, key: str) -> bool:
        """Whether the model has this key; counters are accepted if the layout does not list them."""
        return key in self.shapes or (not self.counters and key.rpartition(".")[2] == COUNTER)


@dataclass
class Mismatch:
    """How a state differs from a layout; every list is complete."""

    missing: list[tuple[str, str]] = field(default_factory=list)
    """Key and what comes near it, in words."""
    unexpected: list[str] = field(default_factory=list)
    shapes: list[tuple[str, Shape, Shape]] = field(default_factory=list)
    """Key, shape found, shape wanted."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.shapes)

    def lines(self) -> list[str]:
        """One line for each finding."""
        return [
            *(f"missing     {key}{near}" for key, near in self.missing),
            *(f"unexpected  {key}" for key in self.unexpected),
            *(
                f"shape       {key}: {list(found)} found, {list(wanted)} wanted"
                for key, found, wanted in self.shapes
            ),
        ]


def layout_like(path: Path, state: State) -> Layout:
    """The layout of a checkpoint that fits already."""
    return Layout(str(path), state.shapes())


def layout_of(model: str, variant: str | None) -> Layout:
    """The layout of a built-in or own model, asked of whichever framework is installed, PyTorch first."""
    from harness import pairs
    from harness.requests import Build
    from harness.scratch import scratch_folder
    from harness.session import Worker

    pair = pairs.find(model)
    chosen = pair.variant(variant)
    problems = []
    for side in ("torch", "jittor"):
        with scratch_folder() as scratch:
            try:
                with Worker(side, "cpu", scratch, scratch / f"{side}.log") as worker:
                    worker.ready()
                    built = worker.call(Build(model, chosen.name))
            except NoEnvironment as error:
                problems.append(str(error))
                continue
        shapes = {entry.key: entry.shape for entry in built.state}
        return Layout(f"{pair.name} {chosen.name} as {side} builds it", shapes, counters=side == "torch")
    raise NoEnvironment(
        f"the keys of {pair.name} {chosen.name} are not known without a framework that can build it: "
        + "; ".join(problems)
        + ". Or give a checkpoint that fits the model with --like FILE"
    )


def compare(state: State, layout: Layout) -> Mismatch:
    """Every key that is missing, unexpected or of another shape."""
    found = state.shapes()
    missing = [key for key in layout.shapes if key not in found]
    unexpected = [key for key in found if not layout.wants(key)]
    near = _Nearest({key: found[key] for key in unexpected}, len(missing))
    return Mismatch(
        [(key, near.to(key, layout.shapes[key])) for key in missing],
        unexpected,
        [
            (key, found[key], shape)
            for key, shape in layout.shapes.items()
            if key in found and not same_shape(found[key], shape)
        ],
    )


class _Nearest:
    """Finds the unexpected key that is most like a missing one."""

    def __init__(self, candidates: Mapping[str, Shape], wanted: int) -> None:
        self._of_shape: dict[Any, list[str]] = {}
        for key, shape in candidates.items():
            self._of_shape.setdefault(with_an_axis(shape), []).append(key)
        small = len(candidates) * wanted <= _CLOSE_ENOUGH
        self._all = list(candidates) if small else []
        self._shapes = candidates
        self._left = _LETTERS

    def to(self, key: str, shape: Shape) -> str:
        """What comes near, in words; empty where nothing does."""
        same = self._of_shape.get(with_an_axis(shape), [])[:500]
        best, named = self._most_like(key, same), self._most_like(key, self._all)
        if best is not None and likeness(key, best):
            return f" (nearest: {best}, of the same shape)"
        if named is not None and likeness(key, named) >= 2:
            return f" (nearest: {named}, of shape {list(self._shapes[named])}, {list(shape)} wanted)"
        return f" (of the same shape: {', '.join(same[:3])})" if same else ""

    def _most_like(self, key: str, others: list[str]) -> str | None:
        """The one of the others that is most like a key, as long as few enough have been compared."""
        self._left -= sum(map(len, others)) + len(key) * len(others)
        return max(others, key=lambda other: likeness(key, other), default=None) if self._left > 0 else None


def likeness(one: str, other: str) -> int:
    """How many parts of two dotted names agree, from the end (counted twice) and from the start."""
    mine, theirs = one.split("."), other.split(".")
    if mine[-1] != theirs[-1]:
        return 0
    shared = min(len(mine), len(theirs))
    ending = next((n for n in range(shared) if mine[-1 - n] != theirs[-1 - n]), shared)
    beginning = next((n for n in range(shared) if mine[n] != theirs[n]), shared)
    return 2 * ending + beginning

"""Drafting a key map: by name, then by order and shape, marking what a person must check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import BadInput
from harness.forms import with_an_axis
from weight_convert.layout import Layout, Shape
from weight_convert.state import State

_LARGEST = 25_000_000


@dataclass(frozen=True)
class _Pairing:
    source: str
    target: str
    transposed: bool = False


def draft_map(state: State, layout: Layout) -> str:
    """A key map in TOML that turns the state's keys into the layout's, to be read by a person first."""
    found, wanted = (
        {key: with_an_axis(shape) for key, shape in shapes.items()}
        for shapes in (state.shapes(), layout.shapes)
    )
    left = {key: shape for key, shape in found.items() if wanted.get(key) != shape}
    open_ = {key: shape for key, shape in wanted.items() if found.get(key) != shape}
    if len(left) * len(open_) > _LARGEST:
        raise BadInput(f"{len(left):,} keys against {len(open_):,} are too many to draft a map for")
    pairings = _in_order(left, open_)
    paired = {pairing.source for pairing in pairings}
    reached = {pairing.target for pairing in pairings}
    lines = _head(state, layout, len(found) - len(left))
    for pairing in pairings:
        lines += _renaming(pairing, found, wanted)
    for key in left:
        if key not in paired:
            lines += _rule(
                f"drop = {_quoted(key)}",
                'reason = "no counterpart was found"',
                f'check = "shape {list(left[key])}: is it really not needed?"',
            )
    lines += [
        f"# nothing found for {key} {list(shape)}" for key, shape in open_.items() if key not in reached
    ]
    return "\n".join(lines) + "\n"


def _head(state: State, layout: Layout, equal: int) -> list[str]:
    source = state.origin.path.name if state.origin else "a state"
    return [
        f"about = {_quoted(f'draft: {source} to {layout.origin}')}",
        "version = 1",
        f"# {equal} keys agree in name and shape and need no rule.",
        "# Take each `check` line out once you have looked; until then the map is refused without --partial.",
    ]


def _renaming(pairing: _Pairing, found: dict[str, Shape], wanted: dict[str, Shape]) -> list[str]:
    shape = list(found[pairing.source])
    lines: list[str] = []
    if pairing.transposed:
        lines += _rule(
            f"transpose = {_quoted(pairing.source)}",
            f"axes = {list(reversed(range(len(shape))))}",
            f'check = "{shape} into {list(wanted[pairing.target])}: transposed by its shape alone"',
        )
    return lines + _rule(
        f"rename = {_quoted(pairing.source)}",
        f"to = {_quoted(pairing.target)}",
        f'check = "paired by order and shape {shape}"',
    )


def _rule(*fields: str) -> list[str]:
    return ["", "[[rule]]", *fields]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _in_order(left: dict[str, Shape], wanted: dict[str, Shape]) -> list[_Pairing]:
    """Pairs whose last name and shape agree, in the order of both; then matrices that fit when transposed."""
    pairings = [
        _Pairing(source, target) for source, target in _common(list(left), list(wanted), left, wanted)
    ]
    taken = {pairing.source for pairing in pairings}
    reached = {pairing.target for pairing in pairings}
    rest = {key: shape for key, shape in left.items() if key not in taken and len(shape) == 2}
    open_ = {key: shape for key, shape in wanted.items() if key not in reached and len(shape) == 2}
    turned = {key: shape[::-1] for key, shape in rest.items()}
    pairings += [
        _Pairing(source, target, transposed=True)
        for source, target in _common(list(turned), list(open_), turned, open_)
    ]
    return pairings


def _common(
    sources: list[str], targets: list[str], left: Mapping[str, Shape], wanted: Mapping[str, Shape]
) -> list[tuple[str, str]]:
    """The longest sequence of agreeing entries that occurs in the order of both."""
    mine = [(_leaf(key), left[key]) for key in sources]
    theirs = [(_leaf(key), wanted[key]) for key in targets]
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
    for row in range(len(mine) - 1, -1, -1):
        below, here = lengths[row + 1], lengths[row]
        for column in range(len(theirs) - 1, -1, -1):
            if mine[row] == theirs[column]:
                here[column] = below[column + 1] + 1
            else:
                here[column] = max(below[column], here[column + 1])
    pairs = []
    row = column = 0
    while row < len(mine) and column < len(theirs):
        if mine[row] == theirs[column]:
            pairs.append((sources[row], targets[column]))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs


def _leaf(key: str) -> str:
    return key.rpartition(".")[2]

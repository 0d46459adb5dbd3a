"""The same slip at all places of one form: at `(a - b) / 2` and at `(c - d) / 2`, a copy of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.diagnose.code_tree import CodeChange, CodeTree

_MOST_PLACES = 4
_LIKELY = 1


class _Slip(NamedTuple):
    """One slip at one place: its number among those of its family there, and what it does."""

    family: int
    number: int
    change: CodeChange


class _Place(NamedTuple):
    """An expression, and the slips that may be made of it."""

    node: ast.AST
    slips: list[_Slip]


def changes(tree: CodeTree, families: Sequence[Sequence[CodeChange]]) -> Iterator[CodeChange]:
    """One change for each slip of `families` that places of one form have in common.

    The places are those of one statement, and those of the whole function.
    """
    places = _places(tree, families)
    groups: dict[tuple[str, str, ast.AST | None], list[_Place]] = {}
    for place in places:
        form = form_of(place.node), form_of(tree.parents[place.node])
        groups.setdefault((*form, tree.statement(place.node)), []).append(place)
        groups.setdefault((*form, None), []).append(place)
    seen = set[tuple[tuple[int, int, str], ...]]()
    for alike in groups.values():
        for change in _of_all(tree, alike) if 1 < len(alike) <= _MOST_PLACES else ():
            if change.parts not in seen:
                seen.add(change.parts)
                yield change


def form_of(node: ast.AST) -> str:
    """An expression without its names and indices; of a statement its kind alone."""
    if isinstance(node, ast.Name):
        return "_"
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Subscript):
        return f"{form_of(node.value)}[]"
    own = "".join(value for _, value in ast.iter_fields(node) if isinstance(value, str))
    inner = "" if isinstance(node, ast.stmt) else " ".join(map(form_of, ast.iter_child_nodes(node)))
    return f"{type(node).__name__}{own}({inner})"


def _places(tree: CodeTree, families: Sequence[Sequence[CodeChange]]) -> list[_Place]:
    """Where one expression is changed, or the name of what it calls, in the order of the code."""
    nodes = {tree.span(node): node for node in reversed(tree.nodes) if isinstance(node, ast.expr)}
    found: dict[ast.AST, _Place] = {}
    for family, made in enumerate(families):
        counts: dict[ast.AST, int] = {}
        for change in made:
            node = nodes.get(change.parts[0][:2], change.shown)
            if len(change.parts) == 1 and node in tree.parents and change.rank <= _LIKELY:
                number = counts[node] = counts.get(node, 0) + 1
                found.setdefault(node, _Place(node, [])).slips.append(_Slip(family, number, change))
    return sorted(found.values(), key=lambda place: tree.span(place.node))


def _of_all(tree: CodeTree, alike: Sequence[_Place]) -> Iterator[CodeChange]:
    """Each slip that all places have, where they have the same ones."""
    by_number = [{(slip.family, slip.number): slip.change for slip in place.slips} for place in alike]
    if any(one.keys() != by_number[0].keys() for one in by_number):
        return
    for key, first in by_number[0].items():
        parts = tuple(part for one in by_number for part in one[key].parts)
        others = " and ".join(f"`{tree.text(_shown(tree, place.node))}`" for place in alike[1:])
        yield CodeChange(f"{first.why}; and so with {others}", parts, first.rank, first.shown, first.both)


def _shown(tree: CodeTree, node: ast.AST) -> ast.AST:
    """The expression that tells of a node: a number says nothing."""
    return tree.parents[node] if isinstance(node, ast.Constant) else node

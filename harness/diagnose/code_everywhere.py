"""Slips that are made alike in several functions: one convention, or one function taken for another."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from harness.diagnose.code_calls import KIN
from harness.diagnose.code_tree import CodeChange, CodeTree, name_of
from harness.requests import Edit

_SIDES = ("clamp", "clamp_min", "relu", "clip")
_INSERTS = (
    ("({} + 1)", "a side is longer by 1, plus 1 (the last pixel counts: inclusive)"),
    ("({} - 1)", "a side is shorter by 1, minus 1"),
)
_Edits = tuple[str, list[Edit]]
_Family = Callable[[CodeTree], Iterator[tuple[str, CodeChange]]]


def edits(trees: Sequence[CodeTree]) -> Iterator[_Edits]:
    """The same slip in several places of one form; another function only where several functions call it."""
    for alike in _alike(trees, _sides):
        if sum(len(change.parts) for _, change in alike) > 1:
            yield from _together(alike, 1)
    for alike in _alike(trees, _kin):
        yield from _together(alike, 2)


def _alike(trees: Sequence[CodeTree], family: _Family) -> list[list[tuple[CodeTree, CodeChange]]]:
    found: dict[str, list[tuple[CodeTree, CodeChange]]] = {}
    for tree in trees:
        for key, change in family(tree):
            found.setdefault(key, []).append((tree, change))
    return list(found.values())


def _together(alike: Sequence[tuple[CodeTree, CodeChange]], least: int) -> Iterator[_Edits]:
    """Changes of as many functions at least, as one trial."""
    trials = [trial for tree, change in alike if (trial := tree.trial(change)) is not None]
    if len(trials) >= least:
        yield " and ".join(words for words, _ in trials), [edit for _, made in trials for edit in made]


def _sides(tree: CodeTree) -> Iterator[tuple[str, CodeChange]]:
    """Differences that are not negative, as sides of boxes are: of which the same is made, or all."""
    gaps: dict[str, list[ast.expr]] = {}
    for node in tree.of_type(ast.Call):
        own = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(own, ast.BinOp) and isinstance(own.op, ast.Sub) and name_of(node) in _SIDES:
            gaps.setdefault("", []).append(own)
            gaps.setdefault(_made_of(tree, node, own), []).append(own)
    for made, nodes in gaps.items():
        for text, why in _INSERTS:
            new = [(gap, text.format(f"({tree.text(gap)})")) for gap in nodes]
            yield f"{why} {made}", tree.to_all(nodes[0], new, why)


def _made_of(tree: CodeTree, node: ast.expr, own: ast.expr) -> str:
    """The methods that are called one behind the other: `.clamp(min=0).prod(-1)`."""
    outer: ast.AST = node
    while isinstance(tree.parents.get(tree.parents[outer]), ast.Call) and _is_method(
        tree.parents[outer], outer
    ):
        outer = tree.parents[tree.parents[outer]]
    return tree.behind(own, outer)


def _is_method(node: ast.AST, own: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.value is own


def _kin(tree: CodeTree) -> Iterator[tuple[str, CodeChange]]:
    calls: dict[str, list[ast.Call]] = {}
    for node in tree.of_type(ast.Call):
        if tree.value(node) is not None:
            calls.setdefault(name_of(node), []).append(node)
    for name, nodes in calls.items():
        for other in dict.fromkeys(one for kin in KIN if name in kin for one in kin if one != name):
            new = [(tree.name_span(node), other) for node in nodes]
            why = f"{other} in place of {name}, in several functions"
            yield why, tree.to_all(nodes[0], new, why)

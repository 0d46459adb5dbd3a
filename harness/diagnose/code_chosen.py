"""Slips in a function's code: what an index chooses along an axis is chosen otherwise, or off by one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from harness.diagnose.code_tree import CodeChange, CodeTree, name_of

_TAKE = ("gather", "take_along_dim")
_RULES = (
    ("({}).amax({}, keepdim=True)", "the largest (max, the likeliest)"),
    ("({}).amin({}, keepdim=True)", "the smallest (min)"),
    ("({}).mean({}, keepdim=True)", "the mean"),
    ("({}).sum({}, keepdim=True)", "the sum"),
    ("({}).narrow({}, 0, 1)", "the first"),
)


class _Choice(NamedTuple):
    """What is chosen from, along which axis, and by which index."""

    source: ast.expr
    axis: int
    chooses: ast.expr


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of what is gathered, or taken by an index for each row."""
    for node in tree.of_type(ast.Call, ast.Subscript):
        choice = _gathered(tree, node) if isinstance(node, ast.Call) else _of_each_row(tree, node)
        if choice is not None:
            yield from _by_another_rule(tree, node, choice)
            yield from _off_by_one(tree, choice)


def _gathered(tree: CodeTree, node: ast.Call) -> _Choice | None:
    own = tree.receiver(node)
    if name_of(node) not in _TAKE or own is None or len(node.args) != 2:
        return None
    places = node.args if name_of(node) == "gather" else node.args[::-1]
    try:
        axis = ast.literal_eval(places[0])
    except ValueError:
        return None
    rank = len(tree.shape(own))
    return _Choice(own, axis % rank, places[1]) if type(axis) is int and rank else None


def _of_each_row(tree: CodeTree, node: ast.Subscript) -> _Choice | None:
    """`table[rows, labels]` of a table of two axes."""
    if not isinstance(node.slice, ast.Tuple) or len(node.slice.elts) != 2 or len(tree.shape(node.value)) != 2:
        return None
    values = [tree.value(one) for one in node.slice.elts]
    are_indices = all(one is not None and one.kind == "int tensor" for one in values)
    return _Choice(node.value, 1, node.slice.elts[1]) if are_indices else None


def _by_another_rule(tree: CodeTree, node: ast.expr, choice: _Choice) -> Iterator[CodeChange]:
    """The same for each place, whatever its index; only where the rest has the shape of what is chosen."""
    rest, made = tree.shape(choice.source), tree.shape(node)
    wanted = list(made)
    if isinstance(node, ast.Subscript):
        wanted = [*made, 1]
    if len(wanted) != len(rest) or any(
        size != its for axis, (size, its) in enumerate(zip(rest, wanted, strict=True)) if axis != choice.axis
    ):
        return
    for rule, words in _RULES:
        new = f"{rule.format(tree.text(choice.source), choice.axis)}.expand({wanted}).reshape({made})"
        why = f"{words} along axis {choice.axis}, not the one that an index chooses (a label, a class)"
        yield tree.said(node, new, f"takes {why}")


def _off_by_one(tree: CodeTree, choice: _Choice) -> Iterator[CodeChange]:
    text, last = tree.text(choice.chooses), tree.shape(choice.source)[choice.axis] - 1
    yield tree.said(choice.chooses, f"(({text}) - 1).clamp(min=0)", "as an index is one less: off by one", 1)
    yield tree.said(
        choice.chooses, f"(({text}) + 1).clamp(max={last})", "as an index is one more: off by one", 1
    )

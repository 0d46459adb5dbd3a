"""Slips in a function's code: a sum is divided by another count, or one place stands for a reduction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.diagnose.code_tree import CodeChange, CodeTree, is_number, name_of

_REDUCTIONS = ("sum", "mean", "amax", "amin", "prod")
_AXES = ("dim", "axis")
_MOST_DIVISORS = 6


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of what is averaged, of what it is divided by, and of reductions along one axis."""
    divisors = _divisors(tree)
    for node in tree.of_type(ast.Call):
        own = tree.receiver(node)
        if own is not None and name_of(node) == "mean" and not node.args and not node.keywords:
            yield from _by_another_count(tree, node, own, divisors)
        if own is not None and name_of(node) in _REDUCTIONS:
            yield from _one_place(tree, node, own)
    for node in tree.of_type(ast.BinOp):
        if isinstance(node.op, ast.Div):
            yield from _of_others(tree, node, divisors)


def _divisors(tree: CodeTree) -> dict[str, ast.expr]:
    """What the function sums or divides by, as one number: by its text."""
    found: dict[str, ast.expr] = {}
    for node in tree.nodes:
        is_sum = isinstance(node, ast.Call) and name_of(node) == "sum" and not node.args and not node.keywords
        is_divisor = isinstance(tree.parents.get(node), ast.BinOp) and _is_below(tree, node)
        if isinstance(node, ast.expr) and not isinstance(node, ast.Constant) and (is_sum or is_divisor):
            value = tree.value(node)
            if value is not None and (is_number(value) or not value.shape):
                found.setdefault(tree.text(node), node)
    return dict(list(found.items())[:_MOST_DIVISORS])


def _is_below(tree: CodeTree, node: ast.AST) -> bool:
    outer = tree.parents[node]
    return isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Div) and outer.right is node


def _by_another_count(
    tree: CodeTree, node: ast.Call, own: ast.expr, divisors: dict[str, ast.expr]
) -> Iterator[CodeChange]:
    """The mean of all is their sum divided by something else, or by the number of samples."""
    text = tree.text(own)
    for count in divisors:
        if count not in text:
            new = f"(({text}).sum() / ({count}))"
            yield tree.to(
                node, new, f"divided by `{count}` (another normaliser), not by how many there are", 1
            )
    if len(tree.shape(own)) > 1:
        new = f"(({text}).sum() / {tree.shape(own)[0]})"
        yield tree.to(node, new, "divided by how many samples there are (the batch), not by all elements", 1)


def _of_others(tree: CodeTree, node: ast.BinOp, divisors: dict[str, ast.expr]) -> Iterator[CodeChange]:
    now = tree.text(node.right)
    if now in divisors:
        for other in divisors:
            if other != now and other not in tree.text(node.left):
                why = f"divided by `{other}`, not by `{now}`: another normaliser"
                yield tree.to(node.right, f"({other})", why, 1)


def _one_place(tree: CodeTree, node: ast.Call, own: ast.expr) -> Iterator[CodeChange]:
    """The first or the last along an axis stands for what is reduced along it."""
    given = [one.value for one in node.keywords if one.arg in _AXES] or node.args[:1]
    try:
        axis = ast.literal_eval(given[0]) if given else None
    except ValueError:
        return
    rank, made = len(tree.shape(own)), tree.shape(node)
    if type(axis) is not int or not rank or not 1 < tree.shape(own)[axis] <= 64:
        return
    for start, words in ((0, "the first"), (tree.shape(own)[axis] - 1, "the last")):
        new = f"({tree.text(own)}).narrow({axis % rank}, {start}, 1).reshape({made})"
        why = f"takes {words} along axis {axis % rank} alone, not the {name_of(node)} of all"
        yield tree.said(node, new, why, 1)

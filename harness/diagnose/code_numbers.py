"""Slips in a function's code: another number, switch or part of a tensor, or one more or one less."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from harness.diagnose.code_tree import CodeChange, CodeTree, is_tensor

_PLAIN = (0.0, 1.0, 0.5, 2.0, 0.25, 0.75, 3.0, 4.0, 0.1, 0.01)
_SMALL = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 0.0)
_AXES = ("dim", "axis")
_REDUCTIONS = ("mean", "sum", "none")
_RANGES = ("arange", "range", "linspace")


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of numbers, indices and slices."""
    for node in tree.of_type(ast.Constant):
        outer = tree.parents[node]
        if not isinstance(outer, ast.UnaryOp) or not isinstance(outer.op, ast.USub):
            yield from _constant(tree, node, node.value)
    for node in tree.of_type(ast.UnaryOp):
        now = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and isinstance(now, int | float):
            yield from _constant(tree, node, -now)
    for node in tree.of_type(ast.Subscript):
        if isinstance(node.ctx, ast.Load) and is_tensor(tree.value(node)):
            yield from _index(tree, node)
    for node in tree.of_type(ast.Slice):
        yield from _slice(tree, node)
    yield from _counted(tree)


def _constant(tree: CodeTree, node: ast.expr, now: object) -> Iterator[CodeChange]:
    if isinstance(now, bool):
        yield tree.to(node, str(not now), f"{not now} in place of {now}")
    elif isinstance(now, int | float):
        what, rank = _what(tree, node)
        for value in _numbers(tree, node, now):
            shown = f"({value!r})" if value < 0 else repr(value)
            yield tree.to(node, shown, f"{what}{value:g} in place of {now:g}", rank)
    elif isinstance(now, str) and now in _REDUCTIONS:
        for other in _REDUCTIONS:
            if other != now:
                yield tree.to(node, repr(other), f"{other} in place of {now}")
    elif isinstance(now, str) and isinstance(tree.parents[node], ast.Subscript):
        for other in _other_keys(tree, node):
            yield tree.to(node, repr(other), f"{other} in place of {now}, another entry")


def _what(tree: CodeTree, node: ast.expr) -> tuple[str, int]:
    """What a number says, in words, and how unlikely another one is."""
    outer = tree.parents[node]
    if isinstance(outer, ast.Slice):
        return "another slice (part, columns): ", 0
    while isinstance(outer, ast.Tuple | ast.UnaryOp):
        outer = tree.parents[outer]
    if isinstance(outer, ast.Subscript):
        return "another index (place, column): ", 0
    if isinstance(outer, ast.keyword) and outer.arg in _AXES:
        return "another axis (dim): ", 0
    return "", 1


def _numbers(tree: CodeTree, node: ast.expr, now: float) -> list[float]:
    outer = tree.parents[node]
    if isinstance(now, int) and isinstance(outer, ast.keyword) and outer.arg in _AXES:
        found: list[float] = [0, 1, 2, 3, -1, -2, -3]
    elif isinstance(now, int):
        found = [now + 1, now - 1, -now, 0, 1, 2, 2 * now]
    elif 0 < abs(now) < 0.01:
        found = [*_SMALL, -now]
    else:
        found = [*_PLAIN, 2 * now, now / 2, 10 * now, now / 10, 1 - now, now + 1, now - 1, -now]
    return [value for value in dict.fromkeys(found) if value != now]


def _other_keys(tree: CodeTree, node: ast.expr) -> list[str]:
    """The other entries that the function takes out of the same table."""
    own = tree.parents[node]
    assert isinstance(own, ast.Subscript)
    table = tree.text(own.value)
    others = (
        one.slice.value
        for one in tree.of_type(ast.Subscript)
        if tree.text(one.value) == table and isinstance(one.slice, ast.Constant)
    )
    return [one for one in dict.fromkeys(others) if isinstance(one, str) and repr(one) != tree.text(node)]


def _index(tree: CodeTree, node: ast.Subscript) -> Iterator[CodeChange]:
    yield tree.to(node, f"({tree.text(node.value)})", "the index is left out, all of it is taken", 1)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    for one, other in combinations(parts, 2):
        if tree.text(one) != tree.text(other):
            new = ((one, tree.text(other)), (other, tree.text(one)))
            yield tree.to_all(node, new, "two parts of the index are exchanged")


def _slice(tree: CodeTree, node: ast.Slice) -> Iterator[CodeChange]:
    lower, upper = (tree.text(one) if one is not None else "" for one in (node.lower, node.upper))
    step = f":{tree.text(node.step)}" if node.step is not None else ""
    if not lower and not upper:
        return
    others = {f"{upper}:{lower}": "the other part is taken", ":": "all of it is taken"}
    others |= {f"{end}:": "from there on" for end in (lower, upper) if end}
    others |= {f":{end}": "until there" for end in (lower, upper) if end}
    for new, why in others.items():
        if new != f"{lower}:{upper}":
            yield tree.to(node, new + step, f"another slice, {why}")


def _counted(tree: CodeTree) -> Iterator[CodeChange]:
    """What is counted, one more or less: a range that begins with one, a label, a place."""
    for node in tree.of_type(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp):
        value = tree.value(node)
        if value is None:
            continue
        of_range = isinstance(node, ast.Call) and tree.text(node.func).rpartition(".")[2] in _RANGES
        if value.kind not in ("int", "int tensor") and not (of_range and is_tensor(value)):
            continue
        begins = " (counted from one)" if of_range else ""
        for sign, why in (("+", "one more, plus 1: off by one"), ("-", "one less, minus 1: off by one")):
            yield tree.to(node, f"({tree.text(node)} {sign} 1)", why + (begins if sign == "+" else ""))

"""Slips in a function's code: what is taken together is another set, in all the places that go together."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.code_spans import with_parts
from harness.diagnose.code_tree import CodeChange, CodeTree, is_tensor, name_of

_AXES = ("dim", "axis")
_BY_PLACE = (
    "sum",
    "mean",
    "prod",
    "amax",
    "amin",
    "max",
    "min",
    "softmax",
    "log_softmax",
    "std",
    "var",
    "norm",
)
_MOST_AXES = 5
_OPPOSITE = (
    ("maximum", "minimum"), ("amax", "amin"), ("max", "min"), ("argmax", "argmin"), ("floor", "ceil"),
    ("sum", "mean"), ("sin", "cos"), ("exp", "log"), ("any", "all"), ("zeros_like", "ones_like"),
)  # fmt: skip
_OF_EACH = (
    ("flatten(1).sum(1)", "of each sample"),
    ("flatten(0, -2).sum(0)", "of each place of the last axis"),
)


_Alike = tuple[str, int, int, ast.AST | None]  # its name, its axis, the rank, and the statement


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Another axis in several calls, opposites exchanged, all parts as one, a ratio of each sample."""
    yield from _axes(tree)
    yield from _opposites(tree)
    yield from _parts(tree)
    for node in tree.of_type(ast.BinOp):
        yield from _ratio_of_each(tree, node)
    for node in tree.of_type(ast.Call):
        yield from _ratio_of_all(tree, node)


def _axes(tree: CodeTree) -> Iterator[CodeChange]:
    """The calls of one function over one axis in a statement, or in the whole function, over another one."""
    groups: dict[_Alike, list[tuple[ast.Call, ast.expr]]] = {}
    for node in tree.of_type(ast.Call):
        place, rank = _axis_of(tree, node), _rank(tree, node)
        if place is not None and 1 < rank <= _MOST_AXES:
            key = name_of(node), ast.literal_eval(place) % rank, rank
            groups.setdefault((*key, tree.statement(node)), []).append((node, place))
            groups.setdefault((*key, None), []).append((node, place))
    for (name, now, rank, _), found in groups.items():
        for axis in range(rank) if len(found) > 1 else ():
            if axis != now:
                why = f"another axis (dim): over axis {axis}, not {now}, in {len(found)} calls of {name}"
                yield tree.to_all(found[0][0], [(place, str(axis)) for _, place in found], why)


def _axis_of(tree: CodeTree, node: ast.Call) -> ast.expr | None:
    """Where the number of an axis stands in a call."""
    given = [one.value for one in node.keywords if one.arg in _AXES]
    if not given and name_of(node) in _BY_PLACE and tree.receiver(node) is not None:
        given = node.args[:1]
    place = given[0] if given else None
    try:
        return place if place is not None and type(ast.literal_eval(place)) is int else None
    except ValueError:
        return None


def _rank(tree: CodeTree, node: ast.Call) -> int:
    own = tree.receiver(node) or next(iter(node.args), None)
    value = tree.value(own) if own is not None else None
    return len(value.shape) if value is not None and is_tensor(value) else 0


def _opposites(tree: CodeTree) -> Iterator[CodeChange]:
    """Two functions that are each taken for the other one wherever they are called."""
    calls: dict[str, list[ast.Call]] = {}
    for node in tree.of_type(ast.Call):
        if tree.value(node) is not None:
            calls.setdefault(name_of(node), []).append(node)
    for one, other in _OPPOSITE:
        if one in calls and other in calls:
            new = [
                *((tree.name_span(node), other) for node in calls[one]),
                *((tree.name_span(node), one) for node in calls[other]),
            ]
            why = f"{one} and {other} are exchanged: each stands for the other"
            yield tree.to_all(calls[one][0], new, why)


def _parts(tree: CodeTree) -> Iterator[CodeChange]:
    """Numbers by which something is taken part by part: all parts are one, or in reverse order."""
    uses: dict[str, list[ast.AST]] = {}
    for node in tree.of_type(ast.Name, ast.Attribute):
        value = tree.value(node)
        if value is not None and value.kind == "ints":
            uses.setdefault(tree.text(node), []).append(node)
    for name, nodes in uses.items():
        for new, why in (
            (f"(sum({name}),)", f"all parts of {name} (levels) are one: together, not each alone"),
            (f"list({name})[::-1]", f"the parts of {name} are in reverse order"),
        ):
            yield tree.to_all(nodes[0], [(node, new) for node in nodes], why)


def _ratio_of_each(tree: CodeTree, node: ast.BinOp) -> Iterator[CodeChange]:
    """The mean of each sample's ratio for the ratio of two sums over all."""
    above = _summed(tree, node.left)
    below = node.right
    if isinstance(below, ast.Name):
        below = tree.assigned(below) or below
    inside = [one for one in ast.walk(below) if _summed(tree, one) is not None]
    if not isinstance(node.op, ast.Div) or above is None or len(inside) != 1:
        return
    divisor = _summed(tree, inside[0])
    assert divisor is not None
    if tree.shape(above)[:1] != tree.shape(divisor)[:1] or len(tree.shape(divisor)) < 2:
        return
    start = tree.span(below)[0]
    first, last = (place - start for place in tree.span(inside[0]))
    for way, what in _OF_EACH if len(tree.shape(above)) > 1 else ():
        its = with_parts(tree.text(below), [(first, last, f"({tree.text(divisor)}).{way}")])
        new = f"(({tree.text(above)}).{way} / ({its})).mean()"
        yield tree.to(node, new, f"the ratio {what}, and the mean of these, not the ratio of all", 1)


def _ratio_of_all(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    """The ratio of two sums over all for the mean of ratios."""
    own = tree.receiver(node)
    if name_of(node) != "mean" or not isinstance(own, ast.BinOp) or not isinstance(own.op, ast.Div):
        return
    parts = [one for one in (own.left, own.right) if isinstance(one, ast.Call) and name_of(one) == "sum"]
    inner = [one for one in (tree.receiver(part) for part in parts) if one is not None]
    if len(inner) == 2:
        new = f"(({tree.text(inner[0])}).sum() / ({tree.text(inner[1])}).sum())"
        yield tree.to(node, new, "the ratio of the sums of all, not the mean of the ratios of each", 1)


def _summed(tree: CodeTree, node: ast.AST) -> ast.expr | None:
    """What is summed over all axes."""
    if isinstance(node, ast.Call) and name_of(node) == "sum" and not node.args and not node.keywords:
        return tree.receiver(node)
    return None

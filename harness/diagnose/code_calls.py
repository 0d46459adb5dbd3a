"""Slips in a function's code: arguments exchanged or left out, a call left out, or one of its kin."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from harness.code_spans import Span
from harness.diagnose.code_tree import CodeChange, CodeTree, is_number, is_tensor, name_of

KIN: tuple[tuple[str, ...], ...] = (
    ("mean", "sum"), ("amax", "amin", "mean", "sum"), ("max", "min"), ("argmax", "argmin"),
    ("maximum", "minimum"), ("any", "all"), ("floor", "ceil", "round"), ("zeros_like", "ones_like"),
    ("zeros", "ones"),
    ("sin", "cos"), ("asin", "acos"), ("abs", "square"), ("exp", "log"), ("log", "log1p"), ("prod", "sum"),
    ("var", "std"), ("cumsum", "cumprod"), ("softmax", "log_softmax", "sigmoid"), ("sqrt", "square"),
    ("l1_loss", "mse_loss", "smooth_l1_loss"), ("logical_and", "logical_or"), ("relu", "abs"),
    ("cross_entropy", "nll_loss"), ("add", "sub"), ("mul", "div"), ("gt", "ge"), ("lt", "le"),
)  # fmt: skip
"""Functions that are taken for each other."""
_BIAS = ("unbiased", "correction")


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of calls."""
    for node in tree.of_type(ast.Call):
        yield from _exchanged(tree, node)
        yield from _left_out(tree, node)
        if name_of(node) in ("std", "var") and not any(one.arg in _BIAS for one in node.keywords):
            new = f"{tree.text(node)[:-1].rstrip().rstrip(',')}, unbiased=False)"
            yield tree.to(node, new, "it is divided by the whole number, not by one less (biased)")
        for other, place in _kin(tree, node):
            yield tree.to_all(node, [(place, other)], f"{other} in place of {name_of(node)}")
    yield from _kin_everywhere(tree)


def _kin(tree: CodeTree, node: ast.Call) -> Iterator[tuple[str, Span]]:
    """The name of a function of the same kind, and where it stands."""
    name = name_of(node)
    for other in dict.fromkeys(one for kin in KIN if name in kin for one in kin if one != name):
        yield other, tree.name_span(node)


def _kin_everywhere(tree: CodeTree) -> Iterator[CodeChange]:
    """The same function, wherever it is called, is another one."""
    found: dict[tuple[str, str], list[tuple[ast.Call, Span]]] = {}
    for node in tree.of_type(ast.Call):
        for other, place in _kin(tree, node):
            if tree.value(node) is not None:
                found.setdefault((name_of(node), other), []).append((node, place))
    for (name, other), places in found.items():
        if len(places) > 1:
            why = f"{other} in place of {name}, in all {len(places)} places of the function"
            new = [(place, other) for _, place in places]
            yield tree.to_all(places[0][0], new, why, 1)


def _exchanged(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg)]
    for one, other in combinations(given, 2):
        if _kind(tree, one) == _kind(tree, other) != "" and tree.text(one) != tree.text(other):
            new = ((one, tree.text(other)), (other, tree.text(one)))
            why = f"two arguments are exchanged, `{tree.text(one)}` and `{tree.text(other)}`"
            yield tree.to_all(node, new, why)


def _kind(tree: CodeTree, node: ast.expr) -> str:
    value = tree.value(node)
    if is_tensor(value):
        return "tensor"
    if is_number(value) or (isinstance(node, ast.Constant) and isinstance(node.value, int | float)):
        return "number"
    return ""


def _left_out(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    text, name = tree.text, name_of(node)
    given = [*map(text, node.args), *(_keyword(tree, one) for one in node.keywords)]
    least = 0 if isinstance(node.func, ast.Attribute) else 1
    function = text(node.func)
    for place in range(len(given)):
        if place < len(node.args) - 1 or len(given) <= least:
            continue
        rest = ", ".join(given[:place] + given[place + 1 :])
        yield tree.to(node, f"{function}({rest})", f"the argument `{given[place]}` is missing, left out")
    made = tree.value(node)
    receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    for one in (*receiver, *node.args):
        own = tree.value(one)
        if made is None or own is None or own.kind == "" or not _alike(own.shape, made.shape):
            continue
        if is_tensor(own) == is_tensor(made):
            yield tree.to(node, f"({text(one)})", f"the call of {name} is left out (not called)")


def _alike(one: list[int], other: list[int]) -> bool:
    return one == other or (len(one) == len(other) and sorted(one) == sorted(other))


def _keyword(tree: CodeTree, keyword: ast.keyword) -> str:
    value = tree.text(keyword.value)
    return f"{keyword.arg}={value}" if keyword.arg else f"**{value}"

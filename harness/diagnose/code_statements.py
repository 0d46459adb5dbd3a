"""Slips in a function's code: a statement left out, added up or overwritten, parts in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from harness.diagnose.code_operators import SIGNS
from harness.diagnose.code_tree import CodeChange, CodeTree

_OTHER_SIGNS = {"+": "-", "-": "+", "*": "/", "/": "*"}


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of statements, and of the order of what stands in a row."""
    for node in tree.of_type(ast.AugAssign):
        yield from _added(tree, node)
    known = [one.arg for one in tree.function.args.args]
    for node in tree.of_type(ast.Assign):
        targets = [tree.text(one) for one in node.targets]
        if len(targets) == 1 and (targets[0] in known or not targets[0].isidentifier()):
            yield from _assigned(tree, node, targets[0])
        known += targets
    for node in tree.of_type(ast.Expr):
        if not isinstance(node.value, ast.Constant):
            yield tree.to(node, "pass", "it is left out (missing)")
    for node in tree.of_type(ast.Tuple, ast.List):
        if not isinstance(tree.parents[node], ast.Subscript):
            yield from _order(tree, node, node.elts)
    for node in tree.of_type(ast.Dict):
        yield from _order(tree, node, node.values)
    for node in tree.of_type(ast.For, ast.comprehension):
        yield from _loop(tree, node)


def _added(tree: CodeTree, node: ast.AugAssign) -> Iterator[CodeChange]:
    target, value, sign = tree.text(node.target), tree.text(node.value), SIGNS.get(type(node.op), "")
    if sign:
        yield tree.to(node, f"{target} = {value}", f"{target} is overwritten, not {sign}=")
        yield tree.to(node, "pass", "it is left out (missing)")
    if sign in _OTHER_SIGNS:
        other = _OTHER_SIGNS[sign]
        yield tree.to(node, f"{target} = {target} {other} ({value})", f"{other} in place of {sign}")


def _assigned(tree: CodeTree, node: ast.Assign, target: str) -> Iterator[CodeChange]:
    """What a name holds already, and holds anew."""
    yield tree.to(node, "pass", "it is left out (missing)")
    if target.isidentifier():
        new = f"{target} = {target} + ({tree.text(node.value)})"
        yield tree.to(node, new, f"{target} is added up, not overwritten", 1)


def _order(tree: CodeTree, node: ast.AST, parts: list[ast.expr]) -> Iterator[CodeChange]:
    for one, other in combinations(parts, 2):
        if tree.text(one) != tree.text(other):
            new = ((one, tree.text(other)), (other, tree.text(one)))
            why = f"`{tree.text(one)}` and `{tree.text(other)}` are exchanged, in another order"
            yield tree.to_all(node, new, why)


def _is_endless(node: ast.AST) -> bool:
    """Whether something may go on without end, so that no list holds it."""
    made = node.func if isinstance(node, ast.Call) else None
    name = made.id if isinstance(made, ast.Name) else made.attr if isinstance(made, ast.Attribute) else ""
    return name in ("count", "cycle", "repeat", "iter")


def _loop(tree: CodeTree, node: ast.For | ast.comprehension) -> Iterator[CodeChange]:
    if any(_is_endless(one) for one in ast.walk(node.iter)):
        return
    own = tree.text(node.iter)
    for part, why in (("[1:]", "the first"), ("[:-1]", "the last")):
        yield tree.to(node.iter, f"list({own}){part}", f"{why} of them is left out", 1)
    yield tree.to(node.iter, f"list({own})[::-1]", "they come in reverse order", 1)

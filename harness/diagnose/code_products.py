"""Slips in a function's code: a matrix product is a mean, or the largest alone, or a side of it is turned."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.diagnose.code_tree import CodeChange, CodeTree, name_of

_NAMES = ("matmul", "mm", "bmm", "mv", "dot")


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of products over an axis that both sides have."""
    for node in tree.of_type(ast.Call, ast.BinOp):
        sides = _sides(tree, node)
        if sides is not None and tree.shape(sides[0]) and tree.shape(sides[1]):
            yield from _of(tree, node, *sides)


def _sides(tree: CodeTree, node: ast.Call | ast.BinOp) -> tuple[ast.expr, ast.expr] | None:
    """What is multiplied, in its order."""
    if isinstance(node, ast.BinOp):
        return (node.left, node.right) if isinstance(node.op, ast.MatMult) else None
    own = tree.receiver(node)
    given = [*([own] if own is not None else []), *node.args]
    return (given[0], given[1]) if name_of(node) in _NAMES and len(given) == 2 else None


def _of(tree: CodeTree, node: ast.expr, left: ast.expr, right: ast.expr) -> Iterator[CodeChange]:
    text, one, other = tree.text(node), tree.text(left), tree.text(right)
    inner = tree.shape(left)[-1]
    if inner > 1:
        yield tree.to(
            node, f"(({text}) / {inner})", f"the mean of the products, not their sum: divided by {inner}"
        )
        yield tree.to(
            node, f"(({text}) / {inner} ** 0.5)", f"divided by the root of {inner}, as attention is", 1
        )
        yield tree.to(node, f"(({text}) * {inner})", f"times {inner}, the number of products", 1)
    if len(tree.shape(right)) == 1:
        likeliest = f"({other})[({one}).argmax(-1)]"
        yield tree.to(
            node, likeliest, "that of the largest share alone (argmax, the likeliest), not the expectation"
        )
        every = f"(({one}) * ({other})).amax(-1)"
        yield tree.to(node, every, "the largest of the products (max), not their sum", 1)
    for side, its in ((left, one), (right, other)):
        sizes = tree.shape(side)
        if len(sizes) > 1 and sizes[-1] == sizes[-2]:
            yield tree.to(side, f"({its}).transpose(-1, -2)", "it is transposed")

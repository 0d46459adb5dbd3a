"""Slips in a function's code: a function of one tensor more, or a mean that is taken too early."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from harness.diagnose.code_tree import CodeChange, CodeTree

_FUNCTIONS = (
    ("(-({}))", "it is negated"),
    ("(1 - ({}))", "1 minus it"),
    ("(({}) * 2)", "it is doubled"),
    ("(({}) / 2)", "it is halved"),
    ("(({}) ** 2)", "it is squared"),
    ("({}).abs()", "its absolute value"),
    ("({}).clamp(min=0)", "it is clamped at 0: what is below is cut off"),
    ("({}).clamp(0, 1)", "it is clamped between 0 and 1"),
    ("({}).sqrt()", "its square root"),
    ("({}).log()", "its logarithm"),
    ("({}).exp()", "exp of it"),
    ("({}).sigmoid()", "it goes through sigmoid"),
    ("(({}) + 1)", "one more, plus 1 (a pixel that counts: inclusive)"),
    ("(({}).clamp(min=0) ** (1 / 2.2))", "it is raised to the power of 1/2.2 (the gamma of a display)"),
    ("(({}).clamp(min=0) ** 2.2)", "it is raised to the power of 2.2 (the gamma of a display undone)"),
    ("({}).round()", "it is rounded to whole numbers: of a share, hard zeros and ones (a threshold at 0.5)"),
)

_MOST_AXES = 3


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes that put something in."""
    for node in tree.of_type(ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript):
        value, text = tree.value(node), tree.text(node)
        if value is not None and value.kind == "int tensor" and 0 < len(value.shape) <= _MOST_AXES:
            yield from _moved(tree, node, value.shape)
        if value is None or value.kind != "float tensor":
            continue
        for axis, size in enumerate(value.shape):
            if size > 1 and len(value.shape) > 1:
                why = f"it is averaged over axis {axis} (the mean along dim {axis}) before, not after"
                yield tree.to(node, f"({text}).mean(dim={axis}, keepdim=True)", why, 2)
        for new, why in _FUNCTIONS:
            yield tree.to(node, new.format(text), why, 3)


def _moved(tree: CodeTree, node: ast.expr, shape: Sequence[int]) -> Iterator[CodeChange]:
    """Labels or places that stand one further, or one before."""
    for axis, size in enumerate(shape):
        for step in (-1, 1) if size > 1 else ():
            new = f"({tree.text(node)}).roll({step}, {axis})"
            why = f"shifted by one along axis {axis} (rolled by {step}): each takes its neighbour's"
            yield tree.to(node, new, why, 2)

"""Slips in a function's code: only a part of a tensor counts, or its parts come in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations

from harness.diagnose.code_tree import CodeChange, CodeTree, is_tensor, name_of

_REDUCE = ("mean", "sum", "norm", "amax", "median", "flatten")
_PUT_IN_ROWS = ("reshape", "view", "flatten", "ravel")
_TAKE = ("gather", "take_along_dim", "index_select")
_BORDERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32)
_MOST_AXES = 5
_COMPOUND = (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript)


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Parts of what is reduced or compared, other orders of what is put in rows, other rows."""
    for node in tree.of_type(ast.Call):
        yield from _reshaped(tree, node)
        yield from _of_first(tree, node)
        for nodes in _counted(tree, node):
            yield from _cropped(tree, node, nodes)
            yield from _turned(tree, nodes)
    for node in tree.of_type(ast.Subscript):
        yield from _rows(tree, node)


def _counted(tree: CodeTree, node: ast.Call) -> Iterator[Sequence[ast.expr]]:
    """What is reduced; or what is compared, of which all have one shape."""
    own = tree.receiver(node)
    if own is not None and name_of(node) in _REDUCE and not node.args:
        yield [own]
        return
    given = [one for one in node.args if isinstance(one, _COMPOUND) and is_tensor(tree.value(one))]
    if len(given) > 1 and own is None and tree.shape(given[0]) == tree.shape(given[1]):
        yield given[:2]


def _cropped(tree: CodeTree, node: ast.Call, nodes: Sequence[ast.expr]) -> Iterator[CodeChange]:
    for part, why in _some_of(tree.shape(nodes[0])):
        new = [(one, f"({tree.text(one)})[{part}]") for one in nodes]
        yield tree.to_all(node, new, f"only a part of it counts: {why}", 2)


def _some_of(shape: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Indices of parts, in words."""
    if len(shape) > 1 and shape[0] > 1:
        yield ":1", "the first sample"
        yield "-1:", "the last sample"
    if len(shape) > 1 < shape[1]:
        yield ":, :1", "the first channel (plane, place) of axis 1"
        yield ":, 1:", "all channels (planes, places) of axis 1 but the first"
        yield ":, -1:", "the last channel (plane, place) of axis 1"
        yield ":, :-1", "all channels (planes, places) of axis 1 but the last"
    if len(shape) < 3:
        return
    small = min(shape[-2:])
    for width in (one for one in _BORDERS if small > 2 * one):
        yield (
            f"..., {width}:-{width}, {width}:-{width}",
            f"a border of {width} is cropped, the inner one stays",
        )
        yield f"..., {width}:, {width}:", f"the first {width} rows and columns are cropped (a border)"
        yield f"..., :-{width}, :-{width}", f"the last {width} rows and columns are cropped (a border)"
        yield f"..., {width}:-{width}", f"a border of {width} is cropped along the last axis alone"
        yield f"..., {width}:-{width}, :", f"a border of {width} is cropped along the last axis but one"
    for step in (2, 4) if small > 1 else ():
        yield f"..., ::{step}, ::{step}", f"every {step} of its rows and columns alone (a stride)"
    yield f"..., : {shape[-2]} // 2, :", "the upper half"
    yield f"..., : {shape[-1]} // 2", "the left half"


def _turned(tree: CodeTree, nodes: Sequence[ast.expr]) -> Iterator[CodeChange]:
    """One of two that are compared comes in another order along an axis."""
    if len(nodes) < 2:
        return
    own, shape = nodes[1], tree.shape(nodes[1])
    text = tree.text(own)
    for axis in range(len(shape) if len(shape) <= _MOST_AXES else 0):
        if shape[axis] > 1:
            yield tree.to(
                own, f"({text}).flip({axis})", f"it is turned around along axis {axis} (flipped, mirrored)", 2
            )
            for step in (1, -1):
                why = f"it is shifted by {step} along axis {axis} (rolled)"
                yield tree.to(own, f"({text}).roll({step}, {axis})", why, 2)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        yield tree.to(own, f"({text}).transpose(-1, -2)", "its last two axes are exchanged (transposed)", 2)


def _reshaped(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    """Two axes exchanged before a tensor is put into rows."""
    own = tree.receiver(node) or next(iter(node.args), None)
    if name_of(node) not in _PUT_IN_ROWS or own is None or not is_tensor(tree.value(own)):
        return
    rank = len(tree.shape(own))
    for one, other in combinations(range(rank if rank <= _MOST_AXES else 0), 2):
        if 1 in (tree.shape(own)[one], tree.shape(own)[other]):
            continue
        new = f"({tree.text(own)}).transpose({one}, {other}).contiguous()"
        why = (
            f"axes {one} and {other} are exchanged before {name_of(node)} (permuted: another order, mixed up)"
        )
        yield tree.to(own, new, why, 1)


def _of_first(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    """What is gathered for each sample comes of the first one: the offset of samples is forgotten."""
    own = tree.receiver(node)
    if name_of(node) in _TAKE and own is not None and len(tree.shape(own)) > 1 < tree.shape(own)[0]:
        text = tree.text(own)
        why = "all samples take what is the first one's: the offset of samples is missing in the index"
        yield tree.to(own, f"({text})[:1].expand_as({text})", why, 1)


def _rows(tree: CodeTree, node: ast.Subscript) -> Iterator[CodeChange]:
    """Rows that a mask of samples and places chooses: by the wrong one of both numbers."""
    mask, own = tree.value(node.slice), tree.value(node.value)
    if mask is None or own is None or mask.kind != "bool tensor" or len(mask.shape) != 2:
        return
    if own.shape[:2] != mask.shape or not isinstance(node.ctx, ast.Load):
        return
    sample, place = (f"({tree.text(node.slice)}).nonzero()[:, {axis}]" for axis in range(2))
    for rows, why in (
        (f"{sample}, {sample}", "the place is the number of its sample: a quotient (//) for a remainder (%)"),
        (f"{place} * 0, {place}", "of the first sample, whichever it is: the offset of samples is missing"),
        (f"{sample}, {place} * 0", "the first place of each sample"),
    ):
        yield tree.to(node, f"({tree.text(node.value)})[{rows}]", f"another index, {why}", 1)
    yield tree.to(node, f"({tree.text(node)}).flip(0)", "the chosen rows come in reverse order", 1)

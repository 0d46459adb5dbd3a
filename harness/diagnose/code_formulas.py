"""Slips in a function's code: another well-known formula of what one of its formulas is given."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Sequence

from harness.answers import CodeValue
from harness.diagnose import label_texts
from harness.diagnose.box_texts import OVERLAPS
from harness.diagnose.code_tree import CodeChange, CodeTree, goes_with, is_loss, name_of
from harness.diagnose.formula_texts import BEHIND, BESIDE, ELEMENTS, OF_ONE, REDUCED, Formula, along

_FLOATS = "float tensor"
_CORNERS = 4
_RANK = 2
_DISTANCES = ("abs", "square", "pow", "norm")
_ONE = (
    "softplus", "relu", "sigmoid", "logsigmoid", "tanh", "exp", "expm1", "log", "log1p", "abs", "square",
    "sqrt", "silu", "gelu", "elu", "selu", "leaky_relu", "relu6", "softsign", "mish", "cosh", "erf",
)  # fmt: skip
_REDUCTIONS = ("mean", "sum", "reduce_mean", "reduce_sum")
_Operands = tuple[str, str]


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Other formulas of scores and labels, of one tensor, of two tensors, and of boxes: the fewest first."""
    for node in tree.of_type(ast.Call):
        value = tree.value(node)
        if value is not None and value.kind == _FLOATS:
            yield from _of_labels(tree, node)
            yield from _behind(tree, node) if is_loss(node) else ()
    for node in tree.of_type(ast.Call, ast.BinOp):
        value, operands = tree.value(node), _two(tree, node)
        if value is not None and value.kind == _FLOATS and operands is not None:
            yield from _of_two(tree, node, value, *operands)
        elif value is not None and value.kind == _FLOATS:
            yield from _of_one(tree, node)
    yield from _of_uses(tree)


def _of_uses(tree: CodeTree) -> Iterator[CodeChange]:
    """The same for each use of what is assigned to a name that several take: of one of them alone."""
    uses: dict[str, list[ast.Name]] = {}
    for node in tree.of_type(ast.Name):
        if _is_float(tree, node):
            uses.setdefault(node.id, []).append(node)
    for nodes in uses.values():
        made = tree.assigned(nodes[0]) if len(nodes) > 1 else None
        operands = _two(tree, made) if isinstance(made, ast.Call | ast.BinOp) else None
        for node in nodes if operands is not None else ():
            value = tree.value(node)
            if value is not None and operands is not None:
                yield from _of_two(tree, node, value, *operands)


def _is_float(tree: CodeTree, node: ast.expr) -> bool:
    value = tree.value(node)
    return value is not None and value.kind == _FLOATS


def _two(tree: CodeTree, node: ast.Call | ast.BinOp) -> tuple[ast.expr, ast.expr] | None:
    """The two tensors that a loss, a function of the model, or a distance of a difference compares."""
    gap = _distance_of(tree, node)
    if isinstance(gap, ast.BinOp) and isinstance(gap.op, ast.Sub):
        given = [gap.left, gap.right]
    elif isinstance(node, ast.Call) and _compares(node):
        given = node.args[:2]
    else:
        return None
    return (given[0], given[1]) if len(given) == 2 and all(_is_float(tree, one) for one in given) else None


def _distance_of(tree: CodeTree, node: ast.Call | ast.BinOp) -> ast.expr | None:
    """What an absolute value or a power is taken of."""
    if isinstance(node, ast.BinOp):
        return node.left if isinstance(node.op, ast.Pow) else None
    return _own(tree, node) if name_of(node) in _DISTANCES else None


def _own(tree: CodeTree, node: ast.Call) -> ast.expr | None:
    """The tensor whose method is called, or that a function is given first."""
    return tree.receiver(node) or next(iter(node.args), None)


def _compares(node: ast.Call) -> bool:
    """Whether a call is of a loss of the framework, or of a function of the model itself."""
    return isinstance(node.func, ast.Name) or is_loss(node) or _is_of_self(node)


def _is_of_self(node: ast.Call) -> bool:
    base = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(base, ast.Name) and base.id == "self"


def _of_two(
    tree: CodeTree, node: ast.expr, value: CodeValue, one: ast.expr, other: ast.expr
) -> Iterator[CodeChange]:
    first, second = tree.value(one), tree.value(other)
    if first is None or second is None:
        return
    texts, shape, its = (tree.text(one), tree.text(other)), first.shape, second.shape
    large = shape if goes_with(its, shape) else its
    alike = goes_with(its, large) and goes_with(shape, large)
    if alike and math.prod(value.shape) == 1 < math.prod(large):
        added = [(text.replace("{}", tree.text(node)), words) for text, words in BESIDE]
        yield from _changes(tree, node, texts, (*REDUCED, *_along_axes(large, ".mean()"), *added))
    elif alike and value.shape == large:
        yield from _changes(tree, node, texts, (*ELEMENTS, *_along_axes(large, "")))
    if shape[-1:] == its[-1:] == [_CORNERS]:
        yield from _of_boxes(tree, node, value, texts, shape, its)


def _along_axes(shape: Sequence[int], behind: str) -> Iterator[Formula]:
    """Distances along each axis of these sizes, and what is taken of them."""
    for axis in range(len(shape) if len(shape) > 1 else 0):
        yield from ((text + behind, words) for text, words in along(axis))


def _of_boxes(
    tree: CodeTree,
    node: ast.expr,
    value: CodeValue,
    texts: _Operands,
    one: Sequence[int],
    other: Sequence[int],
) -> Iterator[CodeChange]:
    """Boxes one by one, or each of some with each of others."""
    if value.shape == one[:-1] == other[:-1]:
        yield from _changes(tree, node, texts, OVERLAPS)
    elif len(other) > 1 and value.shape == [*one[:-1], other[-2]] and other[:-2] in ([], one[:-2]):
        each = (f"({texts[0]})[..., :, None, :]", f"({texts[1]})[..., None, :, :]")
        yield from _changes(tree, node, each, OVERLAPS)


def _changes(
    tree: CodeTree, node: ast.expr, texts: _Operands, formulas: Iterable[Formula]
) -> Iterator[CodeChange]:
    of = f"`{_short(texts[0])}` and `{_short(texts[1])}`"
    for text, words in formulas:
        new = f"(lambda p, t: {text})({texts[0]}, {texts[1]})"
        yield tree.said(node, new, f"is another formula of {of}: {words}", _RANK)


def _short(text: str) -> str:
    return " ".join(text.split())


def _of_labels(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    """Scores of classes in the second axis and the number of one class for each place."""
    named = name_of(node) in label_texts.OF_LABELS
    if len(node.args) < 2 or not (named or _is_of_self(node)):
        return
    one, other = node.args[:2]
    scores, labels = tree.value(one), tree.value(other)
    if scores is None or labels is None or (scores.kind, labels.kind) != (_FLOATS, "int tensor"):
        return
    if len(scores.shape) < 2 or labels.shape != [scores.shape[0], *scores.shape[2:]]:
        return
    settings = {key.arg: tree.text(key.value) for key in node.keywords if key.arg}
    if not named:  # a layer holds its own
        layer = tree.text(node.func)
        defaults = (("ignore_index", "-100"), ("label_smoothing", "0.0"))
        settings = {name: f"getattr({layer}, {name!r}, {value})" for name, value in defaults}
    of = f"`{_short(tree.text(one))}` and the labels `{_short(tree.text(other))}`"
    for text, words in label_texts.formulas(scores.shape, settings, name_of(node) == "nll_loss"):
        new = f"(lambda s, y: {text})({tree.text(one)}, {tree.text(other)})"
        yield tree.said(node, new, f"is another formula of {of}: {words}", _RANK)


def _of_one(tree: CodeTree, node: ast.Call | ast.BinOp) -> Iterator[CodeChange]:
    """A function of one tensor; as a penalty, too, a rectifier that is written as a clamp, and a power."""
    own = node.left if isinstance(node, ast.BinOp) else _own(tree, node)
    if own is None or not _is_float(tree, own) or not _is_of_one(tree, node):
        return
    name = "a power" if isinstance(node, ast.BinOp) else name_of(node)
    for text, words in OF_ONE:
        new = f"(lambda x: {text})({tree.text(own)})"
        words = f"is another function of `{_short(tree.text(own))}`, not {name}: {words}"
        yield tree.said(node, new, words, _RANK)


def _is_of_one(tree: CodeTree, node: ast.Call | ast.BinOp) -> bool:
    if isinstance(node, ast.BinOp):
        power = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant)
        return power and _is_reduced(tree, node)
    return name_of(node) in _ONE or (_is_rectifier(node) and _is_reduced(tree, node))


def _is_reduced(tree: CodeTree, node: ast.expr) -> bool:
    """Whether a mean or a sum is taken of it, as of a penalty of each element."""
    around = tree.parents[node]
    call = tree.parents[around] if isinstance(around, ast.Attribute) else around
    return isinstance(call, ast.Call) and name_of(call) in _REDUCTIONS and _own(tree, call) is node


def _is_rectifier(node: ast.Call) -> bool:
    """Whether a clamp has no other border than a minimum of 0."""
    borders = [one.value for one in node.keywords if one.arg in ("min", "min_v")]
    return (
        name_of(node) in ("clamp", "clamp_min")
        and len(borders) == len(node.keywords) == 1
        and isinstance(borders[0], ast.Constant)
        and borders[0].value == 0
    )


def _behind(tree: CodeTree, node: ast.Call) -> Iterator[CodeChange]:
    """Something more is made of a loss."""
    for text, words in BEHIND:
        new = f"(lambda x: {text})({tree.text(node)})"
        yield tree.said(node, new, f"is not taken as it is, but behind another function: {words}", _RANK)

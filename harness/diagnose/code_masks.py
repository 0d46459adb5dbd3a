"""Slips in a function's code: a mask is taken at another place, for other axes, or in another way."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence

from harness.answers import CodeValue
from harness.diagnose.code_tree import CodeChange, CodeTree, goes_with, is_loss, is_tensor

_SITES = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)
_HUGE = "-1e9"


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Masks before a function, in place of behind it or as well, and choosing for weighing."""
    masks = {name: value for name, value in _named(tree).items() if value.chooses}
    products = list(_products(tree, masks))
    sites = [(node, value) for node in tree.of_type(*_SITES) if is_tensor(value := tree.value(node))]
    for node, value in sites if masks else ():
        if value is not None and tree.text(node) not in masks and not _is_named(tree, node):
            for name, mask in masks.items():
                yield from _more(tree, node, value, name, mask)
            for product, name, part in products:
                yield from _moved(tree, node, value, masks[name], (product, name, part))
    for product, name, part in products:
        yield from _chosen(tree, product, name, masks[name], part)
    for node in tree.of_type(ast.Subscript):
        yield from _weighed(tree, node)
    for node in tree.of_type(ast.Call) if masks else ():
        for name, mask in masks.items():
            yield from _reduced(tree, node, name, mask)


def _named(tree: CodeTree) -> Mapping[str, CodeValue]:
    found: dict[str, CodeValue] = {}
    for node in tree.of_type(ast.Name, ast.Attribute):
        value = tree.value(node)
        if value is not None and is_tensor(value):
            found.setdefault(tree.text(node), value)
    return found


def _is_named(tree: CodeTree, node: ast.AST) -> bool:
    """Whether it stands in the sizes or in the name of something: `x` in `x.shape`."""
    outer = tree.parents[node]
    return isinstance(outer, ast.Attribute) and not isinstance(tree.parents.get(outer), ast.Call)


_Product = tuple[ast.BinOp, str, tuple[int, int]]


def _products(tree: CodeTree, masks: Mapping[str, CodeValue]) -> Iterator[_Product]:
    """Products with a mask, its name, and what of the text is left out where the mask is."""
    for node in tree.of_type(ast.BinOp):
        if not isinstance(node.op, ast.Mult):
            continue
        start, end = tree.span(node)
        operator = tree.between(node.left, node.right).index("*") + tree.span(node.left)[1]
        if tree.text(node.right) in masks:
            yield node, tree.text(node.right), (operator, end)
        elif tree.text(node.left) in masks:
            yield node, tree.text(node.left), (start, operator + 1)


def _fitted(name: str, mask: Sequence[int], shape: Sequence[int]) -> str:
    """The mask as it goes with a tensor of a shape: as it is, for each of its columns, or in a row."""
    more = len(shape) - len(mask)
    if not more and goes_with(mask, shape):
        return name
    if more > 0 and list(shape[: len(mask)]) == list(mask):
        return f"{name}[..., {', '.join(['None'] * more)}]"
    if len(mask) > 1 and len(shape) and math.prod(mask) == shape[0]:
        return f"{name}.reshape({', '.join(['-1', *['1'] * (len(shape) - 1)])})"
    return ""


def _with_mask(text: str, mask: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind == "float tensor":
        yield f"(({text}) * {mask})", "it is multiplied by"
        yield (
            f"({text}).masked_fill({mask} == 0, {_HUGE})",
            "it is filled with a huge negative number outside of",
        )
    else:
        yield f"(({text}) * ({mask} != 0))", "it is 0 outside of"


def _more(
    tree: CodeTree, node: ast.expr, value: CodeValue, name: str, mask: CodeValue
) -> Iterator[CodeChange]:
    """A mask more: of another rank than what it is taken to, or of whole numbers."""
    fitted = _fitted(name, mask.shape, value.shape)
    if not fitted or value.kind == "bool tensor":
        return
    for new, why in _with_mask(tree.text(node), fitted, value.kind):
        if fitted != name or "*" not in new or value.kind != "float tensor":
            yield tree.to(node, new, f"{why} the mask {name} before", 3)


def _moved(
    tree: CodeTree, node: ast.expr, value: CodeValue, mask: CodeValue, known: _Product
) -> Iterator[CodeChange]:
    """The mask before something else, and no more where it is."""
    product, name, (start, end) = known
    first, last = tree.span(node)
    if not (last <= start or first >= end) or node is product:
        return
    fitted = _fitted(name, mask.shape, value.shape)
    if not fitted or value.kind == "bool tensor" or tree.span(product) == (first, last):
        return
    for new, why in _with_mask(tree.text(node), fitted, value.kind):
        said = f"{why} the mask {name}, which is moved here: `{tree.text(product)}` is without it"
        if first <= tree.span(product)[0] and last >= tree.span(product)[1]:
            continue  # behind the product: the same where nothing lies between
        yield tree.to_all(node, [(node, new), ((start, end), "")], said, 3)


def _chosen(
    tree: CodeTree, product: ast.BinOp, name: str, mask: CodeValue, part: tuple[int, int]
) -> Iterator[CodeChange]:
    """Only where the mask holds, so that a mean is over fewer."""
    own = product.left if part[1] == tree.span(product)[1] else product.right
    value = tree.value(own)
    if value is not None and value.shape == mask.shape:
        new = f"({tree.text(own)})[{name} != 0]"
        yield tree.to(product, new, f"only where the mask {name} holds: chosen, not multiplied by it", 2)


def _weighed(tree: CodeTree, node: ast.Subscript) -> Iterator[CodeChange]:
    """Zeros where a mask does not hold, so that a mean is over all."""
    own, mask = tree.value(node.value), tree.value(node.slice)
    if own is None or mask is None or mask.kind != "bool tensor" or own.kind != "float tensor":
        return
    fitted = _fitted(f"({tree.text(node.slice)})", mask.shape, own.shape)
    if fitted and isinstance(node.ctx, ast.Load):
        new = f"(({tree.text(node.value)}) * {fitted})"
        yield tree.to(node, new, "it is multiplied by the mask, not chosen by it: all count, some as 0", 2)


def _reduced(tree: CodeTree, node: ast.Call, name: str, mask: CodeValue) -> Iterator[CodeChange]:
    """A mean loss of the framework over those elements alone where a mask holds."""
    its = [tree.shape(one) for one in node.args[:2]]
    if (
        not is_loss(node)
        or tree.shape(node)
        or len(its) < 2
        or mask.shape not in its
        or tree.value(node) is None
    ):
        return
    given = [tree.text(one) for one in node.args]
    given += [
        f"{one.arg}={tree.text(one.value)}" for one in node.keywords if one.arg not in (None, "reduction")
    ]
    each = f"{tree.text(node.func)}({', '.join(given)}, reduction='none')"
    new = f"(({each} * {name}).sum() / {name}.sum())"
    yield tree.to(node, new, f"only where the mask {name} holds, and divided by the number of these", 2)

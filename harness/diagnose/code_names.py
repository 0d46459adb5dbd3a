"""Slips in a function's code: another variable of the same kind, two that are exchanged, a mask more."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import combinations

from harness.answers import CodeValue
from harness.diagnose.code_tree import CodeChange, CodeTree, goes_with, is_number, is_tensor

_COMPOUND = (ast.Call, ast.BinOp, ast.Subscript)
_MOST = 6  # variables that are tried early in the place of one


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of the variables that a function takes."""
    known, uses = variables(tree), dict[str, list[int]]()
    for node in tree.of_type(ast.Name, ast.Attribute):
        uses.setdefault(tree.text(node), []).append(tree.span(node)[0])
    for node in tree.of_type(ast.Name, ast.Attribute):
        own, value = tree.text(node), tree.value(node)
        fitting = [name for name, other in known.items() if name != own and _stands_for(value, other)]
        for place, name in enumerate(_nearest(uses, tree.span(node)[0], fitting) if own in known else ()):
            why = f"another variable, {name} in place of {own}"
            yield tree.to(node, name, why, 1 if place < _MOST else 4)
    for node in tree.of_type(*_COMPOUND):
        value = tree.value(node)
        for name, other in known.items() if is_tensor(value) else ():
            if value is not None and other.kind == value.kind and other.shape == value.shape:
                yield tree.to(node, name, f"{name} in place of `{tree.text(node)}`, which is left out", 2)
    yield from _everywhere(tree, known)
    yield from masked(tree, known)


def _nearest(uses: Mapping[str, list[int]], here: int, names: list[str]) -> list[str]:
    """Variables by how near to a place the function takes or makes them."""
    return sorted(names, key=lambda name: min(abs(place - here) for place in uses[name]))


def variables(tree: CodeTree) -> dict[str, CodeValue]:
    """The variables of a function and what they hold, by their texts: also such as `self.topk`."""
    found: dict[str, CodeValue] = {}
    for node in tree.of_type(ast.Name, ast.Attribute):
        value = tree.value(node)
        if value is not None and value.kind and _is_plain(node):
            found.setdefault(tree.text(node), value)
    return found


def _is_plain(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _stands_for(own: CodeValue | None, other: CodeValue) -> bool:
    """Whether a variable may stand where another one does: both are numbers, or tensors that fit."""
    if is_number(own):
        return is_number(other)
    return (
        own is not None
        and is_tensor(own)
        and is_tensor(other)
        and (
            own.shape == other.shape or goes_with(other.shape, own.shape) or goes_with(own.shape, other.shape)
        )
    )


def _everywhere(tree: CodeTree, known: dict[str, CodeValue]) -> Iterator[CodeChange]:
    """Two variables that are exchanged wherever they are taken, or one that is another one everywhere."""
    uses: dict[str, list[ast.AST]] = {}
    given = {one.arg for one in tree.function.args.args}
    for node in tree.of_type(ast.Name, ast.Attribute):
        if tree.value(node) is not None and tree.text(node) in known:
            uses.setdefault(tree.text(node), []).append(node)
    for one, other in combinations(uses, 2):
        if known[one].kind != known[other].kind or known[one].shape != known[other].shape:
            continue
        rank = 1 if {one, other} <= given else 4
        both = [*((node, other) for node in uses[one]), *((node, one) for node in uses[other])]
        first = min(both, key=lambda pair: tree.span(pair[0]))[0]
        yield tree.to_all(first, both, f"{one} and {other} are exchanged in the whole function", rank)
        for own, its in ((one, other), (other, one)):
            if len(uses[own]) > 1:
                places = [(node, its) for node in uses[own]]
                yield tree.to_all(
                    places[0][0], places, f"{its} in place of {own} in the whole function", rank
                )


def masked(tree: CodeTree, known: dict[str, CodeValue]) -> Iterator[CodeChange]:
    """A tensor that is taken times a mask of the function, or only where it holds."""
    masks = {name: value for name, value in known.items() if value.chooses}
    for node in tree.of_type(ast.Name, ast.Attribute, *_COMPOUND):
        value, text = tree.value(node), tree.text(node)
        if value is None or value.kind != "float tensor" or isinstance(tree.parents[node], ast.keyword):
            continue
        for name, mask in masks.items() if text not in masks else ():
            if goes_with(mask.shape, value.shape) and len(mask.shape) == len(value.shape):
                why = f"it is weighed by the mask {name}, only where {name} holds"
                yield tree.to(node, f"(({text}) * {name})", why, 2)
            if mask.shape == value.shape[: len(mask.shape)]:
                why = f"only where the mask {name} holds, what it leaves out is not taken"
                yield tree.to(node, f"({text})[{name} != 0]", why, 2)
    for node in tree.of_type(ast.Call):
        yield from _weighed(tree, node, masks)


def _weighed(tree: CodeTree, node: ast.Call, masks: dict[str, CodeValue]) -> Iterator[CodeChange]:
    """A loss of two tensors that is given a mask for the weights of its elements."""
    given = [value for value in map(tree.value, node.args) if value is not None and is_tensor(value)]
    if len(given) < 2 or any(keyword.arg == "weight" for keyword in node.keywords):
        return
    for name, mask in masks.items():
        if goes_with(mask.shape, given[0].shape):
            new = f"{tree.text(node)[:-1].rstrip().rstrip(',')}, weight={name})"
            yield tree.to(
                node, new, f"it is weighed by {name}: a weight of 0 where this mask does not hold", 1
            )

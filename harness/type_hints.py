"""What the annotations of a class mean, as types; also where Python is older than their spelling.

`list[str] | None` is a text for Python 3.8, which it cannot compute: the text is read here instead.
"""

from __future__ import annotations

import ast
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

UNIONS = (Union, getattr(types, "UnionType", Union))
"""What `typing.get_origin` says of a union, in each of its spellings."""

_GENERIC: dict[Any, Any] = {
    list: typing.List,
    dict: typing.Dict,
    tuple: typing.Tuple,
    Callable: typing.Callable,
    Mapping: typing.Mapping,
    Sequence: typing.Sequence,
}


def type_hints(kind: type) -> dict[str, Any]:
    """The type of each annotated name of a class, those of its bases included."""
    return typing.get_type_hints(kind) if sys.version_info >= (3, 10) else read_hints(kind)


def read_hints(kind: type) -> dict[str, Any]:
    """As `typing.get_type_hints`, for the forms of annotations that stand in data classes."""
    return {
        name: _read(hint, vars(sys.modules[base.__module__]))
        for base in reversed(kind.__mro__)
        for name, hint in vars(base).get("__annotations__", {}).items()
    }


def _read(hint: Any, names: Mapping[str, Any]) -> Any:
    text = getattr(hint, "__forward_arg__", hint)  # as a NamedTuple keeps it
    return _type(ast.parse(text, mode="eval").body, names) if isinstance(text, str) else hint


def _type(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.BinOp):
        return Union[_type(node.left, names), _type(node.right, names)]
    if isinstance(node, ast.Subscript):
        kind = _type(node.value, names)
        return _GENERIC.get(kind, kind)[_type(_index(node), names)]
    if isinstance(node, ast.Tuple):
        return tuple(_type(item, names) for item in node.elts)
    if isinstance(node, ast.List):
        return [_type(item, names) for item in node.elts]
    return eval(compile(ast.Expression(node), "<annotation>", "eval"), dict(names))


def _index(node: ast.Subscript) -> Any:
    """What stands between the brackets; Python 3.8 wraps it."""
    index = node.slice
    return vars(index).get("value", index) if type(index).__name__ == "Index" else index

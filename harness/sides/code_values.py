"""What the expressions of a model's own functions are when they first run: numbers, tensors, their sizes."""

from __future__ import annotations

import ast
import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Dict

import numpy as np

from harness.answers import CodeValue
from harness.code_spans import Span, line_starts, span_of
from harness.sides.model_code import OwnFunction, running

_SEEN = (
    ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.Subscript,
)  # fmt: skip
_LARGEST = 1 << 20  # elements of a tensor whose values are looked at
Values = Dict[Span, CodeValue]


class Watch:
    """Runs functions with their expressions watched; `before` counts the operations that ran until now."""

    def __init__(
        self, is_tensor: Callable[[Any], bool], to_array: Callable[[Any], Any], before: Callable[[], int]
    ) -> None:
        self.is_tensor, self.to_array, self.before = is_tensor, to_array, before

    def of(self, functions: Sequence[OwnFunction], run: Callable[[], Any]) -> dict[str, Values]:
        """What the expressions of each function are while something runs that calls them."""
        found: dict[str, Values] = {}
        with contextlib.ExitStack() as stack:
            for number, own in enumerate(functions):
                values = found.setdefault(own.key, {})
                with contextlib.suppress(SyntaxError, ValueError):  # its text is not all that it is made of
                    stack.enter_context(self._watched(own, f"__align_seen_{number}__", values))
            run()
        return found

    @contextlib.contextmanager
    def _watched(self, own: OwnFunction, name: str, values: Values) -> Iterator[None]:
        watcher = _Watcher(own.text, name)
        code = own.compiled_tree(ast.fix_missing_locations(watcher.visit(ast.parse(own.text))))
        with contextlib.ExitStack() as stack:
            for function in own.functions:
                seen = self._seer(watcher.spans, values)
                stack.enter_context(_with_global(function.__globals__, name, seen))
            stack.enter_context(running(own, code))
            yield

    def _seer(self, spans: list[Span], found: Values) -> Callable[[int, Any], Any]:
        def seen(place: int, value: Any) -> Any:
            if spans[place] not in found:
                found[spans[place]] = self._described(*spans[place], value)
            return value

        return seen

    def _described(self, start: int, end: int, value: Any) -> CodeValue:
        before = self.before()
        if isinstance(value, (bool, int, float)):
            return CodeValue(start, end, type(value).__name__, before=before)
        if type(value) in (list, tuple) and len(value) > 1 and all(type(one) is int for one in value):
            return CodeValue(start, end, "ints", [len(value)], before=before)
        if not self.is_tensor(value) and not isinstance(value, np.ndarray):
            return CodeValue(start, end, "", before=before)
        shape = [int(size) for size in value.shape]
        own = str(value.dtype)
        plain = "bool" if "bool" in own else "int" if "int" in own else "float"
        chooses = plain == "bool" or (plain == "float" and self._of_zeros_and_ones(value, shape))
        return CodeValue(start, end, f"{plain} tensor", shape, chooses, before)

    def _of_zeros_and_ones(self, value: Any, shape: Sequence[int]) -> bool:
        if not 1 < math.prod(shape) <= _LARGEST:
            return False
        array = self.to_array(value) if self.is_tensor(value) else value
        return bool(((array == 0) | (array == 1)).all())


@contextlib.contextmanager
def _with_global(names: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    names[name] = value
    try:
        yield
    finally:
        names.pop(name, None)  # functions of one module that share their code have one name


class _Watcher(ast.NodeTransformer):
    """Puts a call around each expression of a function's body that is a value."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.spans: list[Span] = []
        self.starts = line_starts(text)

    def visit(self, node: ast.AST) -> Any:
        """The node, in a call that tells what it is."""
        made = super().visit(node)
        if not isinstance(node, _SEEN) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return made
        call = ast.Call(ast.Name(self.name, ast.Load()), [ast.Constant(len(self.spans), kind=None), made], [])
        self.spans.append(span_of(node, self.starts))
        return ast.copy_location(call, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Its body alone."""
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Its body alone."""
        node.body = self.visit(node.body)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Its value alone."""
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """Nothing in a text."""
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        """What is given, and whose method it is."""
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        node.args = [self.visit(one) for one in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

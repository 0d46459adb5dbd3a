"""The syntax tree of a function of the reference, with what its expressions are when they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.answers import CodeValue, ModelCode
from harness.code_spans import Span, line_starts, span_of, with_parts
from harness.requests import CODE, Edit

_LONGEST = 110
_LEFT_ALONE = (ast.JoinedStr, ast.Raise, ast.Assert, ast.While)  # a loop could run for ever
_BESIDE = (ast.Attribute, ast.Tuple, ast.List, ast.Slice, ast.keyword, ast.Starred)


@dataclass(frozen=True)
class CodeChange:
    """Other parts in a function's text, why they may stand there, and how unlikely that is.

    `shown` is the node that tells of it: by its texts before and after, or where not `both`, by the first.
    """

    why: str
    parts: tuple[tuple[int, int, str], ...]
    rank: int
    shown: ast.AST
    both: bool = True


class CodeTree:
    """A function: its nodes, their texts, and their values."""

    def __init__(self, code: ModelCode) -> None:
        self.code, self._bytes, self._starts = code, code.text.encode(), line_starts(code.text)
        (function,) = ast.parse(code.text).body
        assert isinstance(function, ast.FunctionDef)
        self.function = function
        self._values = {(value.start, value.end): value for value in code.values}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes = list(self._inside(function.body, function))
        statements = [self.span(node) for node in self.nodes if isinstance(node, ast.stmt)]
        self._statements = [(span, self._first_of(span)) for span in statements]
        self._normalisers = list(self._found_normalisers())

    def _inside(self, nodes: Sequence[ast.AST], parent: ast.AST) -> Iterator[ast.AST]:
        """All nodes of the body but those of texts, errors, annotations and endless loops."""
        for node in nodes:
            self.parents[node] = parent
            if isinstance(node, _LEFT_ALONE):
                continue
            yield node
            inner: list[ast.AST] = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.FunctionDef):
                inner = list(node.body)
            elif isinstance(node, ast.AnnAssign):
                inner.remove(node.annotation)
            yield from self._inside(inner, node)

    def _first_of(self, span: Span) -> int | None:
        """How many operations run before a statement; None where it never runs."""
        found = (one.before for one in self.code.values if _holds(span, one.start))
        return min(found, default=None)

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return span_of(node, self._starts)

    def text(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self._bytes[start:end].decode()

    def name_span(self, node: ast.Call) -> Span:
        """Where the name of the function stands that is called."""
        start, end = self.span(node.func)
        return max(start, end - len(name_of(node))), end

    def between(self, one: ast.AST, other: ast.AST) -> str:
        """The text between two nodes."""
        return self._bytes[self.span(one)[1] : self.span(other)[0]].decode()

    def behind(self, inner: ast.AST, outer: ast.AST) -> str:
        """The text of a node behind one in it."""
        return self._bytes[self.span(inner)[1] : self.span(outer)[1]].decode()

    def receiver(self, node: ast.Call) -> ast.expr | None:
        """The tensor whose method is called."""
        own = node.func.value if isinstance(node.func, ast.Attribute) else None
        return own if own is not None and is_tensor(self.value(own)) else None

    def shape(self, node: ast.AST) -> list[int]:
        """The sizes of what an expression is; none where it is no tensor, or did not run."""
        value = self.value(node)
        return value.shape if value is not None else []

    def assigned(self, name: ast.Name) -> ast.expr | None:
        """What is assigned to a name, where that is done once."""
        own = [one for one in self.of_type(ast.Assign) if [self.text(to) for to in one.targets] == [name.id]]
        return own[0].value if len(own) == 1 else None

    def statement(self, node: ast.AST) -> ast.AST:
        """The statement that a node stands in."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def value(self, node: ast.AST) -> CodeValue | None:
        """What an expression is; None where it did not run, or is a constant."""
        return self._values.get(self.span(node))

    def of_type(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """The nodes of some types."""
        return (node for node in self.nodes if isinstance(node, kinds))

    def to(self, node: ast.AST, new: str, why: str, rank: int = 0) -> CodeChange:
        """A change of one node to another text."""
        return self.to_all(node, ((node, new),), why, rank)

    def said(self, node: ast.AST, new: str, what: str, rank: int = 0) -> CodeChange:
        """A change of one node that is told by these words, where its text would say little."""
        return CodeChange(what, ((*self.span(node), new),), rank, node, False)

    def to_all(
        self, shown: ast.AST, new: Sequence[tuple[ast.AST | Span, str]], why: str, rank: int = 0
    ) -> CodeChange:
        """A change of several nodes or parts; `shown` is what tells of it."""
        spans = [place if isinstance(place, tuple) else self.span(place) for place, _ in new]
        parts = tuple((*span, text) for span, (_, text) in zip(spans, new, strict=True))
        return CodeChange(why, parts, rank, shown)

    def _words(self, change: CodeChange) -> str:
        if not change.both:
            return f"`{_plain(self.text(change.shown))}` {change.why}"
        node = self._around(change.shown)
        start, end = self.span(node)
        own = [
            (first - start, last - start, new) for first, last, new in change.parts if start <= first < end
        ]
        before = self.text(node)
        return f"`{_plain(before)}` is `{_plain(with_parts(before, own))}`: {change.why}"

    def _around(self, node: ast.AST) -> ast.AST:
        """The expression around one, so that a reader sees what it is about, unless that is long."""
        outer = self.parents.get(node)
        while isinstance(outer, _BESIDE):
            outer = self.parents.get(outer)
        is_short = isinstance(outer, ast.expr) and len(self.text(outer)) <= _LONGEST
        return outer if outer is not None and is_short else node

    def trial(self, change: CodeChange) -> tuple[str, list[Edit]] | None:
        """The change as what is tried; None where it changes nothing that runs."""
        counts = [self._before(start) for start, _, _ in change.parts]
        before = [count for count in counts if count is not None]
        if len(before) < len(counts) or _overlap(change.parts):
            return None
        words = f"in {self.place(change)}, {self._words(change)}{self._divides(change.parts[0][0])}"
        edit = Edit(self.code.key, CODE, value=[list(part) for part in change.parts], place=min(before))
        return words, [edit]

    def _divides(self, place: int) -> str:
        """Words where something is divided by what a changed statement makes."""
        names = [name for span, name in self._normalisers if _holds(span, place)]
        return f" (something is divided by {names[0]}, a normaliser)" if names else ""

    def _found_normalisers(self) -> Iterator[tuple[Span, str]]:
        """Statements that make what something is divided by, and its name."""
        by = (node.right for node in self.of_type(ast.BinOp) if isinstance(node.op, ast.Div))
        divisors = {node.id for node in by if isinstance(node, ast.Name)}
        for node in self.of_type(ast.Assign):
            for name in map(self.text, node.targets):
                if name in divisors:
                    yield self.span(node), name

    def _before(self, place: int) -> int | None:
        return [count for span, count in self._statements if _holds(span, place)][-1]

    def place(self, change: CodeChange) -> str:
        """The function, its file, and the line that a change begins in."""
        line = self.code.line - 1 + sum(start <= change.parts[0][0] for start in self._starts)
        return f"{self.code.name} ({self.code.file}, line {line})"

    def changed(self, change: CodeChange) -> str:
        """The text of the function with a change."""
        return with_parts(self.code.text, change.parts)


def _overlap(parts: Sequence[tuple[int, int, str]]) -> bool:
    """Whether one part stands in another one."""
    ordered = sorted(parts)
    return any(one[1] > other[0] for one, other in pairwise(ordered))


def _holds(span: Span, place: int) -> bool:
    return span[0] <= place < span[1]


def _plain(text: str) -> str:
    """A piece of code in one line, without brackets that it does not need."""
    try:
        text = ast.unparse(ast.parse(text.strip()))
    except SyntaxError:
        text = " ".join(text.split())
    return text if len(text) <= 2 * _LONGEST else f"{text[: 2 * _LONGEST]}..."


def is_tensor(value: CodeValue | None) -> bool:
    """Whether an expression is a tensor."""
    return value is not None and value.kind.endswith("tensor")


def name_of(node: ast.Call) -> str:
    """The name of the function or method that is called; empty where it has none."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def is_loss(node: ast.Call) -> bool:
    """Whether a function is called that is a loss by its name."""
    name = name_of(node)
    return name.endswith("loss") or "entropy" in name or name == "kl_div"


def is_number(value: CodeValue | None) -> bool:
    """Whether an expression is one plain number."""
    return value is not None and value.kind in ("int", "float")


def goes_with(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a tensor of one shape can be taken to one of another shape, which stays as it is."""
    own = zip(one[::-1], other[::-1], strict=False)
    return len(one) <= len(other) and all(size in (1, its) for size, its in own)

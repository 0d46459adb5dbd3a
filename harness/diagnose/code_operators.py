"""Slips in a function's code: another operator, operands exchanged or left out, a turned condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.diagnose.code_tree import CodeChange, CodeTree, is_tensor

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
"""Operators as they are written."""
_OTHERS: dict[str, tuple[str, ...]] = {
    "+": ("-", "*"), "-": ("+",), "*": ("/", "+"), "/": ("*", "//"), "**": ("*",), "//": ("/", "%"),
    "%": ("//",),
    "&": ("|",), "|": ("&",), "^": ("|", "&"),
    ">": (">=", "<", "<="), ">=": (">", "<=", "<"), "<": ("<=", ">", ">="), "<=": ("<", ">=", ">"),
    "==": ("!=", ">=", "<="), "!=": ("==", ">", "<"),
}  # fmt: skip
_NOT_EXCHANGED = ("+", "*", "&", "|", "^")


def changes(tree: CodeTree) -> Iterator[CodeChange]:
    """Changes of operators and conditions."""
    for node in tree.of_type(ast.BinOp):
        yield from _binary(tree, node)
        yield from _brackets(tree, node)
    for node in tree.of_type(ast.Compare):
        yield from _compared(tree, node)
    for node in tree.of_type(ast.UnaryOp):
        if not isinstance(node.operand, ast.Constant):
            yield tree.to(node, f"({tree.text(node.operand)})", "it is not negated")
    for node in tree.of_type(ast.BoolOp):
        yield from _both(tree, node)
    for node in tree.of_type(ast.IfExp, ast.If):
        yield from _condition(tree, node)


def _binary(tree: CodeTree, node: ast.BinOp) -> Iterator[CodeChange]:
    left, right, sign = tree.text(node.left), tree.text(node.right), SIGNS.get(type(node.op), "")
    if not sign:
        return
    if sign not in _NOT_EXCHANGED:
        yield tree.to(node, f"(({right}) {sign} ({left}))", "its operands are exchanged")
    yield tree.to(node, f"({left})", f"`{right}` is left out ({_named(sign)} is missing)")
    yield tree.to(node, f"({right})", f"`{left}` is left out ({_named(sign)} is missing)")
    for other in _OTHERS.get(sign, ()):
        yield tree.to(node, f"(({left}) {other} ({right}))", f"{other} in place of {sign}")


def _named(sign: str) -> str:
    names = {"+": "an addition", "-": "a subtraction", "*": "a product", "/": "a division", "**": "a power"}
    return names.get(sign, sign)


def _brackets(tree: CodeTree, node: ast.BinOp) -> Iterator[CodeChange]:
    """What is taken together first is another part: `(a + b) / c` for `a + b / c`."""
    sign, why = SIGNS.get(type(node.op), ""), "the brackets stand elsewhere"
    if not sign:
        return
    if isinstance(node.left, ast.BinOp) and (inner := SIGNS.get(type(node.left.op), "")):
        first, second = tree.text(node.left.left), tree.text(node.left.right)
        if (inner, sign) not in (("+", "+"), ("*", "*"), ("+", "-"), ("*", "/")):
            new = f"(({first}) {inner} (({second}) {sign} ({tree.text(node.right)})))"
            yield tree.to(node, new, why, 1)
    if isinstance(node.right, ast.BinOp) and (inner := SIGNS.get(type(node.right.op), "")):
        first, second = tree.text(node.right.left), tree.text(node.right.right)
        if (sign, inner) not in (("+", "+"), ("*", "*"), ("+", "-"), ("*", "/")):
            new = f"((({tree.text(node.left)}) {sign} ({first})) {inner} ({second}))"
            yield tree.to(node, new, why, 1)


def _compared(tree: CodeTree, node: ast.Compare) -> Iterator[CodeChange]:
    if len(node.ops) != 1 or (sign := SIGNS.get(type(node.ops[0]), "")) == "":
        return
    left, right = tree.text(node.left), tree.text(node.comparators[0])
    for other in _OTHERS[sign]:
        new = f"(({left}) {other} ({right}))"
        yield tree.to(node, new, f"{other} in place of {sign}, another comparison")
    if is_tensor(tree.value(node)):
        for sure in ("==", "!="):
            said = "everywhere: the check is missing" if sure == "==" else "nowhere"
            yield tree.to(node, f"(({left}) {sure} ({left}))", f"it holds {said}")


def _both(tree: CodeTree, node: ast.BoolOp) -> Iterator[CodeChange]:
    own, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    texts = [f"({tree.text(one)})" for one in node.values]
    yield tree.to(node, f"({f' {other} '.join(texts)})", f"{other} in place of {own}")
    for place, one in enumerate(texts):
        rest = f" {own} ".join(texts[:place] + texts[place + 1 :])
        yield tree.to(node, f"({rest})", f"the condition `{one[1:-1]}` is missing")


def _condition(tree: CodeTree, node: ast.IfExp | ast.If) -> Iterator[CodeChange]:
    test = tree.text(node.test)
    if isinstance(node.test, ast.Constant) or tree.value(node.test) is None:
        return
    yield tree.to(node.test, f"(not ({test}))", "the condition is turned: the other branch runs")

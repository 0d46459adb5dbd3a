"""Slips of whoever writes a loss again: each is among the changes of the right text, and is said in words."""

from __future__ import annotations

import ast
import textwrap
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from harness.answers import LossOperation, ModelCode
from harness.code_spans import with_parts
from harness.diagnose import code_edits
from harness.requests import Edit
from harness.sides.code_values import Watch
from harness.sides.model_code import OwnFunction

GIVEN: dict[str, Any] = {
    "a": np.linspace(-1, 1, 6).reshape(2, 3),
    "b": np.linspace(2, 3, 6).reshape(2, 3),
    "c": np.linspace(0, 4, 3),
    "mask": np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]),
    "labels": np.array([2, 0, 1]),
    "n": 3,
    "alpha": 0.5,
    "np": np,
    "both": lambda one, other=0, weight=None: one + other,
    "table": {"one": np.ones((2, 3)), "other": np.zeros((2, 3))},
}


def code_of(body: str) -> ModelCode:
    """A function with this body, with what its expressions are for these numbers."""
    text = f"def loss(a, b, c, mask, labels, n, alpha):\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    space = {name: GIVEN[name] for name in ("np", "both", "table")}
    exec(compile(text, "made.py", "exec"), space)
    function = space["loss"]
    assert isinstance(function, FunctionType)
    own = OwnFunction("made.py:1", "loss", "", 1, text, function.__code__, [function])
    watch = Watch(lambda value: isinstance(value, np.ndarray), lambda value: value, lambda: 0)
    names = ("a", "b", "c", "mask", "labels", "n", "alpha")
    found = watch.of([own], lambda: function(*(GIVEN[name] for name in names)))
    return ModelCode("made.py:1", "loss", "made.py", 1, text, list(found["made.py:1"].values()))


def every(code: ModelCode) -> list[tuple[str, list[Edit]]]:
    """All edits, the likely ones first."""
    return [trial for trials in code_edits.edits([code], [], []) for trial in trials]


def changed(body: str) -> dict[str, str]:
    """Every changed body, with the words about it."""
    code = code_of(body)
    found = {}
    for words, (edit,) in every(code):
        text = with_parts(code.text, [(*part,) for part in edit.value])
        found.setdefault(plain(text), words)
    return found


def plain(text: str) -> str:
    """A text without what says nothing."""
    return ast.unparse(ast.parse(text).body[0]).partition("\n")[2]


LOOP = "d = 0\nfor one in (a, b):\n    d += one\nreturn d"
SLIPS = [
    ("return a - b", "return b - a", "exchanged"),
    ("return a * b + a", "return a * (b + a)", "brackets"),
    ("return a + b * a", "return (a + b) * a", "brackets"),
    ("return a * b", "return a", "left out"),
    ("return a + mask * b", "return a + b", "left out"),
    ("return a > b", "return a >= b", "comparison"),
    ("return a < b", "return a == a", "everywhere"),
    ("return 1 if n > 2 and alpha else 0", "return 1 if n > 2 or alpha else 0", "or in place of and"),
    ("return 1 if n > 2 and alpha else 0", "return 1 if n > 2 else 0", "missing"),
    ("return a if n > 2 else b", "return a if not n > 2 else b", "other branch"),
    ("return both(a, b)", "return both(b, a)", "exchanged"),
    ("return both(a, other=b)", "return both(b, other=a)", "exchanged"),
    ("return both(a, b)", "return both(a)", "missing"),
    ("return both(a, other=b)", "return both(a)", "missing"),
    ("return np.abs(a)", "return a", "left out"),
    ("return a.clip(0, 1)", "return a", "left out"),
    ("return np.where(mask > 0, a, b)", "return np.where(mask > 0, b, a)", "exchanged"),
    ("return np.where(mask > 0, a, b)", "return a", "left out"),
    ("return np.maximum(a, b)", "return np.minimum(a, b)", "minimum in place of maximum"),
    ("return a.sum() / b.sum()", "return a.mean() / b.mean()", "in all 2 places"),
    ("return a.sum(axis=0)", "return a.sum(axis=1)", "another axis"),
    ("return a.std(axis=0)", "return a.std(axis=0, unbiased=False)", "biased"),
    ("return a * b", "return a.round() * b", "hard zeros and ones"),
    ("return a - b", "return a - b + 1", "inclusive"),
    ("return np.arange(n + 1)", "return np.arange(n + 1) + 1", "counted from one"),
    ("return c[labels]", "return c[labels - 1]", "one less"),
    ("return np.arange(n)", "return np.arange(n - 1)", "one less"),
    ("return a[:, :2]", "return a[:, 2:]", "another slice"),
    ("return a[:, 1:2]", "return a[:, 2:1]", "another slice"),
    ("return a[:, None] - b[None, :]", "return a[None, :] - b[None, :]", "parts of the index"),
    ("return c[1]", "return c[2]", "another index"),
    ("return a[:, :2] + n", "return a[:, :1] + n", "another slice"),
    ("return c[-1]", "return c[0]", "0 in place of -1"),
    ("return table['one'] + table['other']", "return table['other'] + table['other']", "another entry"),
    ("return a * 0.25 + b", "return a * 0.75 + b", "0.75 in place of 0.25"),
    ("return a.sum(keepdims=True) + b", "return a.sum(keepdims=False) + b", "False in place of True"),
    ("return a ** 2 + b", "return b ** 2 + b", "another variable"),
    ("return c * alpha + n", "return c * n + n", "another variable"),
    ("d = both(a, b)\nreturn d + both(a, n)", "d = both(a, b)\nreturn d + d", "which is left out"),
    ("return a / b + a", "return b / a + b", "exchanged in the whole function"),
    ("return a / b + a", "return b / b + b", "in the whole function"),
    ("return (a - b).sum() + mask", "return ((a - b) * mask).sum() + mask", "weighed by the mask"),
    ("return both(a, b) + mask", "return both(a, b, weight=mask) + mask", "a weight of 0"),
    ("return np.abs(a - b)", "return np.abs((a - b).mean(dim=1, keepdim=True))", "averaged over axis 1"),
    ("return np.log(alpha + a * a)", "return np.log(alpha + -a * a)", "negated"),
    (LOOP, LOOP.replace("+=", "="), "overwritten"),
    (LOOP, LOOP.replace("(a, b)", "list((a, b))[1:]"), "left out"),
    ("a = a * 2\nreturn a", "pass\nreturn a", "left out"),
    ("a = a * 2\nreturn a", "a = a + a * 2\nreturn a", "added up"),
    ("low, high = a, b\nreturn low - high", "high, low = (a, b)\nreturn low - high", "another order"),
    ("return [one + b for one in (a, mask)]", "return [one - b for one in (a, mask)]", "in place of +"),
    ("return (lambda one: one + b)(a)", "return (lambda one: one - b)(a)", "in place of +"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "slip", "said"), SLIPS, ids=[slip for _, slip, _ in SLIPS])
def test_a_slip_is_among_the_changes_and_said_in_words(right: str, slip: str, said: str) -> None:
    found = changed(right)
    wanted = plain(f"def loss():\n{textwrap.indent(slip, '    ')}")
    assert wanted in found
    assert said in found[wanted]
    assert found[wanted].startswith("in loss (made.py, line ")


def test_the_words_show_both_texts() -> None:
    (words,) = [words for text, words in changed("return a - b").items() if text == "    return b - a"]
    assert words == "in loss (made.py, line 2), `a - b` is `b - a`: its operands are exchanged"


def test_the_words_say_what_is_divided_by_what_a_slip_makes() -> None:
    found = changed("total = a.sum()\nreturn b / total")
    assert (
        "(something is divided by total, a normaliser)" in found["    total = b.sum()\n    return b / total"]
    )
    assert "normaliser" not in found["    total = a.sum()\n    return a / total"]


def test_what_never_runs_what_may_not_end_and_what_is_no_number_is_left_alone() -> None:
    body = """
        if n > 5:
            a = b - a
        while n < 0:
            n = n + 1
        if alpha < 0:
            raise ValueError(f"{alpha + 1} is not allowed")
        return a
    """
    texts = list(changed(body))
    assert texts
    assert all("b - a" in text and "while n < 0:" in text and "{alpha + 1}" in text for text in texts)


def test_a_loop_that_may_have_no_end_is_left_alone() -> None:
    loop = "for i in {}:\n    n = n + 1\n    if n > 5:\n        break\nreturn a * n"
    assert any("list(range(3))" in text for text in changed(loop.format("range(3)")))
    assert not any("list(" in text for text in changed(loop.format("iter(table)")))


def test_no_change_is_the_text_itself_and_none_comes_twice() -> None:
    code = code_of("d = a * b + mask.sum()\nreturn d[0] - c")
    texts = [with_parts(code.text, [(*part,) for part in edit.value]) for _, (edit,) in every(code)]
    assert code.text not in texts
    assert len(texts) == len(set(texts)) > 50


def test_lines_on_which_right_losses_depend_come_last() -> None:
    code = code_of("d = a * b\nreturn d - c")
    first = LossOperation("mul.0", "mul", {}, [], 2, 2, [2, 3], where="loss (made.py, line 2)")
    second = LossOperation("sub.0", "sub", {}, [], 2, 2, [2, 3], where="loss (made.py, line 3)")
    found = code_edits.edits([code], [first, second], [second])
    likely, others = list(found.likely), list(found.others)
    lines = ["line 3" in words for words, _ in others]
    assert all("line 3" in words for words, _ in likely)
    assert len(likely) > 5
    assert False in lines
    assert lines == sorted(lines, reverse=True)

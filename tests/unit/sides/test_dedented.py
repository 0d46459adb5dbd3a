"""The indentation of a function is taken off, and what its strings hold is left alone."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from harness.sides.dedented import dedented

PLAIN = "    def f(self):\n        return 1\n"
STRINGS = '''    def f(self, x):
        """About it.

            More of that.
        """
        text = """one
            two
      three
        """
        return text, f"""{
            x}
        four""", (x
  + 1)  # less
'''


def test_a_plain_text_is_that_of_textwrap() -> None:
    assert dedented(PLAIN) == dedent(PLAIN)
    assert dedented("def f():\n    return 1\n") == "def f():\n    return 1\n"


def test_strings_of_several_lines_keep_what_they_hold() -> None:
    ours, its = (ast.parse(text) for text in (dedented(STRINGS), f"if True:\n{STRINGS}"))
    (function,), (block,) = ours.body, its.body
    assert isinstance(block, ast.If)
    assert ast.dump(function) == ast.dump(block.body[0])


@pytest.mark.parametrize("comment", ["# at the margin\n", "  # before it\n"])
def test_a_comment_may_have_less_indentation(comment: str) -> None:
    found = dedented(f"    def f(self):\n{comment}        return 1\n")
    assert found == f"def f(self):\n{comment.lstrip()}    return 1\n"

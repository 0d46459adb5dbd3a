"""One slip at several places of one form is one change; what is written otherwise stays as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from harness.diagnose import code_alike, code_calls, code_numbers, code_operators
from harness.diagnose.code_alike import form_of
from harness.diagnose.code_tree import CodeChange, CodeTree
from tests.unit.diagnose.changed_code import results, words_for

A, B, C, D = torch.rand(4, 3, 4) + 0.1
GIVEN = {"a": A, "b": B, "c": C, "d": D}
FAMILIES = (code_operators.changes, code_calls.changes, code_numbers.changes)


def family(tree: CodeTree) -> Iterator[CodeChange]:
    return code_alike.changes(tree, [list(one(tree)) for one in FAMILIES])


def told(body: str, wanted: Any) -> list[str]:
    return words_for(results(family, body, GIVEN), wanted)


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        (
            "across, down = (a + b) / 2, (c + d) / 2\nreturn across * across + down * down",
            (A + B) ** 2 + (C + D) ** 2,
            "is left out (a division is missing); and so with `(c + d) / 2`",
        ),
        (
            "across = a - b\ndown = c - d\nreturn across * 3 + down",
            (A + B) * 3 + (C + D),
            "+ in place of -; and so with `c - d`",
        ),
        (
            "return torch.maximum(a, b) - torch.maximum(c, d)",
            torch.minimum(A, B) - torch.minimum(C, D),
            "and so with `torch.maximum(c, d)`",
        ),
        ("return a[:, 0] ** 2 + a[:, 1] ** 2", A[:, 0] * 2 + A[:, 1] * 2, "and so with `a[:, 1] ** 2`"),
        ("return (a * 0.5).exp() + (b * 0.5).exp()", (A * 2).exp() + (B * 2).exp(), "and so with `b * 0.5`"),
    ],
)
def test_the_slip_is_made_at_all_places_of_one_form(body: str, wanted: Any, words: str) -> None:
    found = told(body, wanted)
    assert any(words in one for one in found), found


def test_a_slip_at_one_place_is_left_to_others() -> None:
    assert told("return (a + b) / 2 + (c + d) / 2", (A + B) + (C + D) / 2) == []
    assert told("return (a + b) / 2", A + B) == []


def test_places_of_another_form_are_no_places() -> None:
    assert told("return (a + b) / 2 + (c - d) / 2", A + B + C - D) == []


def test_five_places_are_too_many() -> None:
    body = "return " + " + ".join(f"(a[{row}] + b[{row}] / 2)" for row in (0, 1, 2, 0, 1))
    wanted = 2 * (A[0] + B[0] + A[1] + B[1]) + A[2] + B[2]
    assert told(body, wanted) == []


def test_a_form_has_no_names_and_no_indices() -> None:
    one, other, third = (
        ast.parse(text, mode="eval").body for text in ("x[0] + 2", "why[..., 1] + 2", "x[0] + 3")
    )
    assert form_of(one) == form_of(other) != form_of(third)

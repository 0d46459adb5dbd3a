"""One name for each operation, whatever a framework calls it."""

from __future__ import annotations

import pytest

from harness.sides.operations import OPERATIONS, canonical, spellings


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("__add__", "add"),
        ("__radd__", "add"),
        ("add_", "add"),
        ("__rtruediv__", "div"),
        ("concat", "cat"),
        ("clip", "clamp"),
        ("relu_", "relu"),
        ("interpolate", "interpolate"),
        ("reshape", None),
        ("__getitem__", None),
    ],
)
def test_canonical_name(spelling: str, name: str | None) -> None:
    assert canonical(spelling) == name


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_spelling_leads_back(operation: str) -> None:
    assert {canonical(name) for name in spellings(operation)} == {operation}

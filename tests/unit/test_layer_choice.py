"""Which layers a text asks for, and what is said of a name that nothing has."""

from __future__ import annotations

import pytest

from harness.layer_choice import LayerChoice

PATHS = {"(model)": False, "backbone": False, "backbone.conv": True, "backbone/add.0": False, "head": True}


def met(text: str) -> list[str]:
    choice = LayerChoice(text)
    return [path for path, leaf in PATHS.items() if choice.selects(path, leaf)]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("all", list(PATHS)),
        ("leaf", ["backbone.conv", "head"]),
        ("backbone*", ["backbone", "backbone.conv", "backbone/add.0"]),
        ("head, backbone.*", ["backbone.conv", "head"]),
        ("head,all", list(PATHS)),
        ("[a,h]ead", ["head"]),
        ("nosuch", []),
    ],
)
def test_a_choice_selects_paths(text: str, paths: list[str]) -> None:
    assert met(text) == paths


def test_what_nothing_is_meant_by_is_reported_with_the_nearest_names() -> None:
    choice = LayerChoice("hed*,backbone.*,leaf")
    for path, leaf in PATHS.items():
        choice.selects(path, leaf)
    found = choice.unmatched()
    assert list(found) == ["hed*"]
    assert found["hed*"][0] == "head"


def test_all_and_leaf_are_choices_like_others() -> None:
    assert list(LayerChoice("all").unmatched()) == ["all"], "nothing came by"
    choice = LayerChoice("leaf")
    choice.selects("(model)", is_leaf=False)
    assert list(choice.unmatched()) == ["leaf"]

"""docs/architecture.md tells the code as it is: its picture, and the names that it gives."""

from __future__ import annotations

import importlib
import re

import pytest

from tests import rooms

PAGE = rooms.PAGE.read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`(harness(?:\.\w+)+)`", PAGE)))


def test_the_picture_is_the_one_of_the_code() -> None:
    drawn = rooms.page_with(rooms.drawn(rooms.edges()), PAGE)
    assert drawn == PAGE, "draw it anew: ./run python -m tests.rooms"


def test_a_module_lies_in_its_room() -> None:
    assert rooms.room_of("harness.errors") == "harness"
    assert rooms.room_of("harness.session") == "worker"
    assert rooms.room_of("harness.sides.torch_side") == "sides"
    assert rooms.room_of("refs_torch.led") == "refs_torch"


def test_what_is_imported_is_found_inside_functions_too() -> None:
    found = rooms.edges()
    assert {("cli", "flows"), ("worker", "sides"), ("flows", "worker"), ("trace", "numerics")} <= found
    assert not {("sides", "cli"), ("trace", "flows"), ("reports", "worker"), ("pairs", "sides")} & found


def test_an_arrow_that_others_imply_is_left_out() -> None:
    picture = rooms.drawn({("cli", "flows"), ("flows", "trace"), ("cli", "trace"), ("cli", "environment")})
    assert picture.splitlines()[2:-1] == ["    cli --> flows", "    flows --> trace"]


def test_the_page_names_enough() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_the_page_gives_exists(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, inside = name.rpartition(".")
        assert hasattr(importlib.import_module(module), inside), name

"""Finding a pair: built in, in a module, in a file; every refusal says what there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.pairs.base import Pair

OWN = """
from harness.pairs.base import Pair, Recipe, Variant
import beside

PAIR = Pair(
    name=beside.NAME, title="", variants={"one": Variant("one", "")}, reference="r", port="p",
    draw_inputs=lambda request: {}, forward=(), recipe=Recipe("sgd", 0.1),
)
SECOND = PAIR
NUMBER = 3
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A file that declares a pair, with a module beside it."""
    (tmp_path / "pair.py").write_text(OWN)
    (tmp_path / "beside.py").write_text("NAME = 'own'\n")
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path / "pair.py"
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_every_sub_package_with_a_declaration_is_a_pair() -> None:
    folder = Path(pairs.__path__[0])
    declared = sorted(path.parent.name for path in folder.glob("*/pair.py"))
    assert "l2sknet" in declared
    assert pairs.names() == declared
    assert [pair.name for pair in pairs.all_pairs()] == declared


def test_a_built_in_pair_is_found_by_name_and_by_module() -> None:
    assert pairs.find("l2sknet") is pairs.find("harness.pairs.l2sknet.pair:PAIR")


@pytest.mark.parametrize("attribute", ["", ":PAIR", ":SECOND", ":"])
def test_a_pair_is_found_in_a_file(own: Path, attribute: str) -> None:
    found = pairs.find(f"{own}{attribute}")
    assert isinstance(found, Pair)
    assert found.name == "own"


def test_a_file_is_run_once(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    assert pairs.find("pair.py") is pairs.find(str(own))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "l2sknte",
            r"there is no pair 'l2sknte' \(perhaps l2sknet\?\); built in are .*l2sknet.*path/to/pair\.py",
        ),
        ("", "there is no pair ''; built in are"),
        (":PAIR", "there is no pair ':PAIR'; built in are"),
        ("nowhere/pair.py", "there is no file nowhere/pair.py to read a pair from"),
        (
            "no.such.module:PAIR",
            "no.such.module, which should declare a pair, cannot be imported: ModuleNotFound",
        ),
        (
            "harness.address:ROOT",
            "harness/address.py has, as a str and not as a Pair, attribute ROOT; it declares no",
        ),
        ("harness.pairs.l2sknet.pair:PAIRS", "has no attribute PAIRS; it declares PAIR"),
    ],
)
def test_refusals(name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        pairs.find(name)


def test_an_attribute_that_is_no_pair_is_refused(own: Path) -> None:
    with pytest.raises(
        BadInput, match=r"pair\.py has, as a int .* attribute NUMBER; it declares PAIR, SECOND"
    ):
        pairs.find(f"{own}:NUMBER")


def test_a_file_that_fails_is_reported_and_can_be_mended(own: Path) -> None:
    own.write_text("import beside\nraise RuntimeError('not yet')\n")
    with pytest.raises(
        BadInput, match=r"pair\.py, which should declare a pair, cannot be run: RuntimeError: not yet"
    ):
        pairs.find(str(own))
    own.write_text(OWN)
    assert pairs.find(str(own)).name == "own"

"""Goldens: recorded small, pinned by digest, refused when changed, verified anew."""

from __future__ import annotations

from pathlib import Path

import pytest

import golden
from harness import flows
from harness.errors import BadInput
from harness.progress import Silent
from harness.trace import Trace

MODEL = "tests.unit.sides.small:PAIR"

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with goldens of the small pair."""
    place = tmp_path_factory.mktemp("golden")
    flows.golden_record(flows.CompareRequest(MODEL), ("eval", "train"), Silent(), place)
    return place


def test_golden_is_compact_and_has_its_truth_beside_it(folder: Path) -> None:
    assert golden.names("small", folder) == ["small.eval", "small.train"]
    path = golden.trace_path("small", "small", "train", folder)
    with Trace.open(path) as trace, Trace.open(golden.truth_path(path)) as truth:
        assert trace.compact
        assert truth.records["grad:conv.weight"].noise is not None
        assert trace.notes["state"][0][0] == "conv.weight"


def test_changed_golden_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "small" / "small.eval.h5"
    path.parent.mkdir()
    for name in ("small.eval.h5", "small.eval.truth.h5"):
        (path.parent / name).write_bytes((folder / "small" / name).read_bytes())
    (tmp_path / "pins.toml").write_bytes((folder / "pins.toml").read_bytes())
    golden.verify_digest(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BadInput, match="is not the file that"):
        golden.verify_digest(path)


@pytest.mark.parametrize(
    "text", ["[", "small = 3", '[small]\n"small.eval" = 1', '[small."small.eval"]\ntrace = 1']
)
def test_pins_of_odd_types_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pins.toml").write_text(text)
    with pytest.raises(BadInput, match=r"pins\.toml is no list of goldens"):
        golden.verify_digest(tmp_path / "small" / "small.eval.h5")


def test_pins_that_lack_a_digest_pin_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "pins.toml").write_text('[small."small.eval"]\ncommit = "abc"\n')
    for name in ("small.eval.h5", "small.eval.truth.h5"):
        (tmp_path / "small" / name).write_bytes((folder / "small" / name).read_bytes())
    with pytest.raises(BadInput, match="is not the file that"):
        golden.verify_digest(tmp_path / "small" / "small.eval.h5")


def test_unlisted_golden_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not listed in"):
        golden.verify_digest(tmp_path / "small" / "small.eval.h5")


FILE, TENSOR, LARGEST = 16_384, 160, 1_000_000  # bytes, as docs/traces.md has it


def test_built_in_goldens_are_pinned_and_small() -> None:
    for model, entries in golden.pins().items():
        for name in entries:
            path = golden.FOLDER / model / f"{name}.h5"
            golden.verify_digest(path)
            with Trace.open(path) as trace:
                allowed = min(FILE + TENSOR * len(trace.records), LARGEST)
            assert path.stat().st_size <= allowed


def test_goldens_that_are_pinned_and_not_there_are_reported_with_their_place(
    folder: Path, tmp_path: Path
) -> None:
    assert golden.listed("small", folder) == "small.eval, small.train"
    assert golden.listed("nobody", folder) == "none"
    (tmp_path / "pins.toml").write_bytes((folder / "pins.toml").read_bytes())
    text = golden.listed("small", tmp_path)
    assert text.startswith("none, since the installed package holds no goldens.")
    assert text.endswith("--reference golden/small/small.eval.h5")

"""Every kept input and some mutations of each are read or refused, within bounds."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest

from harness.errors import BadInput
from tests import ROOT
from tests.fuzz import targets, watch
from tests.fuzz.mutators.plain import scramble
from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS, NotOneLine, Target, read_checkpoint
from tests.fuzz.watch import TooMuch

MUTATIONS = {"hdf5": 40, "trace": 40}  # each has a process of its own
USUALLY = 200
RIGHT = {"key-map": "every-rule.toml"}  # the others are for the keys of models
LARGEST_CORPUS = 600_000
ALL = pytest.mark.parametrize("target", TARGETS.values(), ids=str)


def check(target: Target, data: bytes, what: str, folder: Path) -> None:
    """Check one input; one that fails is kept, to be read again."""
    try:
        target.check(data)
    except Exception as error:
        (folder / "input").write_bytes(data)
        raise AssertionError(f"{target.name} failed on {what}, kept as {folder / 'input'}") from error


@ALL
def test_right_files_are_read(target: Target, tmp_path: Path) -> None:
    """Otherwise mutations of them would test a refusal and nothing behind it."""
    kept = sorted(target.corpus.glob(RIGHT.get(target.name, "*")))
    assert kept
    for file in kept:
        (tmp_path / target.file_name).write_bytes(file.read_bytes())
        target.read(tmp_path / target.file_name)


@ALL
def test_what_a_reader_once_failed_on_is_read_or_refused(target: Target, tmp_path: Path) -> None:
    for path in target.inputs():
        check(target, path.read_bytes(), path.name, tmp_path)


@ALL
def test_mutations_are_read_or_refused(target: Target, tmp_path: Path) -> None:
    kept = [path.read_bytes() for path in target.inputs()]
    for number in range(MUTATIONS.get(target.name, USUALLY)):
        rng = Random(f"{target.name} {number}")
        data = rng.choice(kept)
        for _ in range(rng.choice((1, 1, 2, 3))):
            data = target.mutate(data, rng)
        check(target, data, f"mutation {number}", tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_coverage_guides_a_short_run(tmp_path: Path) -> None:
    result = fuzz(TARGETS["safetensors"], 5, tmp_path)
    assert result.crashes == {}
    assert result.tally.inputs > 50
    assert result.tally.most.memory < watch.MEMORY


def test_a_crash_is_found_and_kept_with_its_input(tmp_path: Path) -> None:
    def read(path: Path) -> None:
        if b"\xff\xff" in path.read_bytes():
            raise ZeroDivisionError

    target = Target("broken", read, scramble)
    target.check(b"right")
    with pytest.raises(AssertionError, match="broken failed on an input"):
        check(target, b"\xff\xff", "an input", tmp_path)
    assert (tmp_path / "input").read_bytes() == b"\xff\xff"


def test_memory_time_and_several_lines_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise BadInput("one\ntwo")

    def take(path: Path) -> None:
        assert len(b"x" * (300 << 20))

    def compute(path: Path) -> None:
        sum(range(3_000_000))

    with pytest.raises(NotOneLine):
        Target("lines", refuse, scramble).check(b"x")
    with pytest.raises(TooMuch, match="memory"):
        Target("memory", take, scramble).check(b"x")
    monkeypatch.setattr(watch, "SECONDS", 0.001)
    with pytest.raises(TooMuch, match="processor time"):
        Target("time", compute, scramble).check(b"x")


def test_the_corpus_stays_small() -> None:
    files = [path for folder in (targets.CORPUS, targets.REGRESSIONS) for path in folder.rglob("*")]
    assert sum(path.stat().st_size for path in files if path.is_file()) < LARGEST_CORPUS
    assert {path.name for path in targets.CORPUS.iterdir()} == set(TARGETS)


def test_every_target_is_fuzzed_at_night() -> None:
    workflow = (ROOT / ".github/workflows/nightly-fuzz.yml").read_text(encoding="utf-8")
    assert re.findall(r"^ {10}- ([\w-]+)$", workflow, re.MULTILINE) == list(TARGETS)


def test_a_checkpoint_is_read_to_its_last_element(tmp_path: Path) -> None:
    path = next(TARGETS["npz"].corpus.glob("plain.npz"))
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(np.float32(23).tobytes())] ^= 1
    (tmp_path / "damaged.npz").write_bytes(damaged)
    with pytest.raises(BadInput, match="checksum"):
        read_checkpoint(tmp_path / "damaged.npz")

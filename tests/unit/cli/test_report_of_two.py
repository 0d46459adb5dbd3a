"""`align report A B`: two results of one kind, and no others."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.bench.samples import made as measured
from tests.unit.cli.conftest import Align
from tests.unit.evaluating.samples import made
from tests.unit.reports import samples
from tests.unit.reports.test_training import logged
from tests.unit.training import samples as trainings

KINDS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "alignment.json": ("an alignment", lambda path: samples.diverging().save(path)),
    "training.jsonl": ("a training", lambda path: logged(path.parent, trainings.records())),
    "evaluation.json": ("an evaluation", lambda path: made().save(path)),
    "bench.json": ("a measurement of speed", lambda path: measured([2.0, 2.01, 1.99]).save(path)),
}


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, Path]:
    """The folder of one run of each kind."""
    for name, (_, write) in KINDS.items():
        (tmp_path / name.partition(".")[0]).mkdir()
        write(tmp_path / name.partition(".")[0] / name)
    return {name: tmp_path / name.partition(".")[0] for name in KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_two_of_each_kind_by_folder_or_file(
    align: Align, runs: dict[str, Path], tmp_path: Path, name: str
) -> None:
    for language, words in (("en", "0 newly failing, 0 newly passing, 0 drifting"), ("zh", "新失败 0")):
        page = tmp_path / f"{language}.md"
        ran = align("report", runs[name], runs[name] / name, "--output", page, "--lang", language)
        assert (ran.exit_code, ran.stderr) == (0, "")
        assert words in page.read_text(encoding="utf-8")


def test_two_kinds_are_refused_by_name(align: Align, runs: dict[str, Path], tmp_path: Path) -> None:
    for one, other in itertools.permutations(KINDS, 2):
        ran = align("report", runs[one], runs[other], "--output", tmp_path / "a.html")
        assert ran.exit_code == 2
        said = " ".join(ran.stderr.split())
        assert f"{one} is {KINDS[one][0]}, " in said
        assert f"{other} is {KINDS[other][0]}; what changed is drawn for two results of one kind" in said
    assert not (tmp_path / "a.html").exists()

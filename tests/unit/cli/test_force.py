"""No command writes over a file unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.errors import BadInput
from harness.flows import CompareRequest, golden_record, record
from harness.flows.kept_trace import RecordedTrace
from harness.progress import Silent
from tests.unit.cli.conftest import Align, Flow
from tests.unit.reports import samples

Place = Callable[..., Flow]
WRITING = {
    "report.html": ("report", "run", "-o"),
    "report.md": ("report", "run", "-o"),
    "report.xml": ("report", "run", "-o"),
    "report.json": ("report", "run", "-o"),
    "check.json": ("check", "run", "-o"),
    "diff.json": ("diff", "a.h5", "b.h5", "-o"),
    "trace.h5": ("record", "-m", "led", "--side", "torch", "-o"),
}


@pytest.fixture
def prepared(stored: Path, tmp_path: Path, flow: Place) -> Path:
    """A folder in which every command that writes can run, whose recordings write no more than a word."""
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).touch()
    flow("diff", samples.diverging())
    flow("record", RecordedTrace(tmp_path / "trace.h5", ""))
    return tmp_path


@pytest.mark.parametrize("name", [name for name in WRITING if name != "trace.h5"])
def test_a_file_that_exists_is_kept_unless_forced(name: str, prepared: Path, align: Align) -> None:
    (prepared / name).write_text("precious")
    ran = align(*WRITING[name], name)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == f"align: {name} exists; use --force or name another\n"
    assert (prepared / name).read_text() == "precious"
    assert align(*WRITING[name], name, "--force").exit_code in (0, 1)
    assert "precious" not in (prepared / name).read_text()
    assert not list(prepared.glob(".*"))


@pytest.mark.parametrize("name", [name for name in WRITING if name != "trace.h5"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_link_is_never_followed_nor_replaced(
    name: str, force: tuple[str, ...], prepared: Path, align: Align
) -> None:
    (prepared / name).symlink_to("nowhere")
    ran = align(*WRITING[name], name, *force)
    assert ran.exit_code == 2
    assert ran.stderr == f"align: {name} is a link to nowhere; name a file that is none\n"
    assert not (prepared / "nowhere").exists()


def test_a_folder_that_is_not_there_is_reported_before_anything_runs(prepared: Path, align: Align) -> None:
    ran = align("diff", "a.h5", "b.h5", "-o", "no/found.json")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "no/found.json cannot be written: there is no folder no; make it first" in ran.stderr


def test_recording_is_reported_whether_it_may_replace(prepared: Path, align: Align, flow: Place) -> None:
    placed = flow("record", RecordedTrace(prepared / "trace.h5", ""))
    for force, wanted in (((), False), (("--force",), True)):
        assert align(*WRITING["trace.h5"], "trace.h5", *force).exit_code == 0
        assert placed.named == {"replace": wanted, "truth": True}


def test_a_recording_is_refused_before_the_pair_is_even_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("precious")
    with pytest.raises(BadInput, match=r"a\.h5 exists; use --force or name another"):
        record(CompareRequest("no-such-pair"), "torch", tmp_path / "a.h5", Silent())
    assert (tmp_path / "a.h5").read_text() == "precious"


@pytest.mark.parametrize("name", ["led/unet.eval.h5", "led/unet.train.truth.h5"])
def test_a_golden_is_refused_before_anything_is_recorded(name: str, tmp_path: Path) -> None:
    (tmp_path / "led").mkdir()
    (tmp_path / name).write_text("precious")
    with pytest.raises(BadInput, match=rf"{name} exists; use --force or name another"):
        golden_record(CompareRequest("led", "unet"), ("eval", "train"), Silent(), tmp_path)
    assert [path.name for path in (tmp_path / "led").iterdir()] == [Path(name).name]


def test_saving_is_the_same_from_python(tmp_path: Path) -> None:
    alignment = samples.diverging()
    alignment.save(tmp_path / "a.json")
    with pytest.raises(BadInput, match="exists; use --force or name another"):
        alignment.save(tmp_path / "a.json")
    alignment.save(tmp_path / "a.json", replace=True)
    assert Alignment.load(tmp_path / "a.json").to_dict() == alignment.to_dict()

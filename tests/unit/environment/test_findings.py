"""Findings of the machine, and the report that is made of all findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.environment import machine
from harness.environment.findings import DoctorFinding, Report
from tests.unit.environment.fakes import touch

GB = 1 << 30


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that is not made yet."""
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def judged(part: str) -> DoctorFinding:
    """One finding of the machine."""
    (found,) = [finding for finding in machine.judge() if finding.part == part]
    return found


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "2 kB"), (34_000_000, "34 MB"), (2_540_000_000, "2.5 GB")],
)
def test_sizes_as_people_read_them(count: int, text: str) -> None:
    assert machine.size(count) == text


def test_the_cache_is_shown_with_its_size(cache: Path) -> None:
    assert judged("cache").found == f"{cache} (not made yet)"
    cache.mkdir()
    (cache / "file").write_bytes(b"x" * 5000)
    assert judged("cache").found == f"{cache} (5 kB)"


def test_a_cache_that_cannot_be_written_stops_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "file")
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "file/cache"))
    finding = judged("cache")
    assert (finding.state, finding.mend) == ("wrong", "export ALIGN_CACHE=FOLDER  # a writable one")
    report = Report([finding])
    assert not report.runs("torch")
    assert not report.runs("jittor")


@pytest.mark.parametrize(("free", "state"), [(9 * GB, "ok"), (GB, "warn"), (GB // 10, "wrong")])
def test_room_on_the_disk(free: int, state: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda path: free)
    finding = judged("disk")
    assert finding.state == state
    assert bool(finding.mend) == (state != "ok")


def test_little_shared_memory_is_a_warning(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda path: 64 << 20)
    finding = judged("/dev/shm")
    assert finding.state == "warn"
    assert (
        finding.wrong == "only 67 MB is free in /dev/shm, so traces are written to the disk, which is slower"
    )


@pytest.mark.parametrize(
    ("states", "exit_code", "sentence"),
    [
        ({}, 0, "both sides can run"),
        ({"torch": "warn"}, 0, "both sides can run; 1 warning"),
        ({"torch": "off"}, 0, "both sides can run"),
        ({"torch": "wrong"}, 3, "the torch side cannot run (part)"),
        ({"jittor": "wrong", "torch": "warn"}, 3, "the jittor side cannot run (part)"),
        ({"machine": "wrong"}, 3, "the torch side cannot run (part); the jittor side cannot run (part)"),
    ],
)
def test_a_report_says_whether_both_sides_can_run(
    states: dict[str, str], exit_code: int, sentence: str
) -> None:
    report = Report([DoctorFinding(side, "part", "found", state) for side, state in states.items()])
    assert (report.exit_code, report.sentence) == (exit_code, sentence)


def test_a_report_is_json() -> None:
    finding = DoctorFinding("torch", "torch", "not installed", "wrong", "what", "how", ("torch",))
    expected = json.loads(json.dumps(Report([finding]).to_dict()))
    assert expected["schema"] == "align-doctor"
    assert expected["version"] == 1
    assert expected["exit_code"] == 3
    assert expected["sides"] == {"torch": {"runs": False}, "jittor": {"runs": True}}
    assert expected["findings"] == [
        {
            "side": "torch",
            "part": "torch",
            "found": "not installed",
            "state": "wrong",
            "wrong": "what",
            "mend": "how",
        }
    ]

"""What is hinted at can be pasted, names no file that is not there, and fits what happened."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from harness import knowledge
from harness.alignment import Alignment
from harness.alignment_rows import SideReport, Source
from harness.own_name import CALLED_THROUGH
from reports import summaries
from reports.hints import next_steps
from tests.unit.reports import samples


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "my run"
    folder.mkdir()
    samples.diverging().save(folder / "alignment.json")
    return folder


def failed(error: str, signal: str = "", last_layer: str = "") -> Alignment:
    lost = SideReport("failed", error, signal, last_layer)
    return samples.alignment(verdict="failed", sides={"torch": SideReport(), "jittor": lost})


def test_they_can_be_pasted_into_a_shell(kept: Path) -> None:
    alignment = samples.alignment([samples.row("layer:a's#0:out", 0, 1.0)])
    (step,) = next_steps(alignment, str(kept))
    assert shlex.split(step) == ["align", "show", str(kept / "alignment.json"), "layer:a's#0:out"]
    assert next_steps(samples.alignment(), str(kept)) == []


def test_a_difference_that_stays_inside_may_be_another_formula(kept: Path) -> None:
    inside = samples.row("layer:a/add.0#0:out", 0, 1.0)
    agrees, differs = samples.row("output:x", 1), samples.row("output:x", 1, 1.0)
    *_, last = next_steps(samples.alignment([inside, agrees]), str(kept))
    assert shlex.split(last, comments=True)[1:] == [
        "check",
        str(kept / "alignment.json"),
        "--judge",
        "outputs",
    ]
    assert "another formula on purpose" in last
    for rows in ([inside, differs], [inside]):
        assert not any("--judge" in step for step in next_steps(samples.alignment(rows), str(kept)))


@pytest.mark.parametrize(("called", "begins"), [("./run", "./run align show "), ("", "align show ")])
def test_they_begin_as_the_program_was_called(
    kept: Path, called: str, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CALLED_THROUGH, called)
    assert next_steps(samples.diverging(), str(kept))[0].startswith(begins)


def test_no_file_is_named_that_is_not_there(tmp_path: Path) -> None:
    for folder, stored in (("", ""), (str(tmp_path), ""), ("", str(tmp_path / "x.json"))):
        (step,) = next_steps(samples.diverging(), folder, stored)
        assert "alignment.json" not in step
        assert "x.json" not in step


def test_an_alignment_may_be_kept_under_any_name(tmp_path: Path) -> None:
    samples.diverging().save(tmp_path / "x.json")
    assert (
        str(tmp_path / "x.json")
        in next_steps(samples.diverging(), str(tmp_path), str(tmp_path / "x.json"))[0]
    )


def test_the_name_of_a_pair_in_a_stranger_s_file_is_no_advice(kept: Path) -> None:
    for expected in ("evil.py", "./evil.py:PAIR", "evil:PAIR"):
        alignment = samples.diverging()
        alignment.case["pair"] = expected
        alignment.sources = [Source("layer:a#0:out", "forward", ["a"], "text", entries=["x; evil"])]
        assert next_steps(alignment, str(kept))[-1].endswith("alignment.json' --model PAIR")
        assert summaries.sources(alignment)[-1].text == "align explain --op 'x; evil'"
    alignment.case["pair"] = "toy"
    assert next_steps(alignment, str(kept))[-1].endswith("alignment.json'")


@pytest.mark.parametrize(
    ("error", "entry"),
    [
        ("the jittor side failed in run: RuntimeError: wrong inputs of max_pool2d", "pool-small"),
        ("AssertionError in AvgPool2d", "pool-small"),
    ],
)
def test_a_failure_in_an_operation_leads_to_what_is_known_of_it(error: str, entry: str) -> None:
    assert f"align explain --op {entry}" in next_steps(failed(error))
    assert knowledge.entry(entry)


def test_the_kind_of_the_last_layer_tells_too() -> None:
    alignment = failed("RuntimeError: no shape", last_layer="stage.3.conv")
    alignment.rows[3].type = "MaxPool2d"
    assert next_steps(alignment) == ["align explain --op pool-small"]


@pytest.mark.parametrize(("error", "signal"), [("it gave up", ""), ("killed in max_pool2d", "SIGKILL")])
def test_where_nothing_is_known_nothing_is_advised(error: str, signal: str, tmp_path: Path) -> None:
    assert next_steps(failed(error, signal), str(tmp_path)) == []
    (tmp_path / "logs").mkdir()
    assert next_steps(failed(error, signal), str(tmp_path)) == [f"read what it printed: {tmp_path / 'logs'}"]

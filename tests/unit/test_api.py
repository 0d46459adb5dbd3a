"""The public API: what it offers, that it costs nothing to import, and that its page's examples work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.errors import BadInput
from harness.flows.evaluate_request import EvaluateRequest
from tests import ROOT
from tests.unit.reports import samples

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RUN = re.findall(r"^<!-- run: [^\n]*-->\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_public_name_is_there_and_documented() -> None:
    for name in harness.__all__:
        value = getattr(harness, name)
        assert (value.__doc__ or "").strip(), name
        assert re.search(rf"\b{name}\b", "\n".join(EXAMPLES)), f"docs/api.md has no example of {name}"


def test_nothing_private_is_offered() -> None:
    assert dir(harness) == sorted(harness.__all__)
    assert not [name for name in harness.__all__ if name.startswith("_")]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = harness.nonsense


def test_importing_it_imports_nothing_heavy() -> None:
    program = (
        "import sys, harness; print([name for name in ('numpy', 'h5py', 'torch') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.torch
@pytest.mark.jittor
def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    assert len(RUN) >= 7
    program = "\n".join(RUN) + "\nassert alignment.verdict == 'aligned', alignment.sentence\n"
    program += (
        "assert stored.verdict == 'aligned', stored.sentence\nassert len(rows) == len(alignment.rows)\n"
    )
    (tmp_path / "page.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_assert_aligned_says_where_and_why() -> None:
    with pytest.raises(AssertionError) as failed:
        harness.assert_aligned(samples.diverging())
    expected = str(failed.value)
    assert samples.diverging().sentence in expected
    assert f"first: {samples.diverging().first}" in expected


def test_assert_aligned_returns_what_is_aligned(tmp_path: Path) -> None:
    samples.alignment().save(tmp_path / "alignment.json")
    assert harness.assert_aligned(tmp_path / "alignment.json").verdict == "aligned"


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadInput, match=r"no setting sead; allowed are: .*seed"):
        harness.compare("l2sknet", sead=3)


def test_the_folder_of_a_run_may_be_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("harness.flows.compare", lambda request, progress: asked.append(request.output))
    harness.compare("l2sknet", output=str(tmp_path / "run"))
    assert asked == [tmp_path / "run"]


def test_an_evaluation_takes_texts_and_paths_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EvaluateRequest] = []

    def taken(request: EvaluateRequest, progress: object) -> tuple[None, Path]:
        asked.append(request)
        return None, tmp_path

    monkeypatch.setattr("harness.flows.evaluate.evaluate", taken)
    harness.evaluate("led", weights=tmp_path / "w.pt", data=str(tmp_path), output="runs/evaluated")
    assert (asked[0].weights, asked[0].data, asked[0].output) == (
        str(tmp_path / "w.pt"),
        tmp_path,
        Path("runs/evaluated"),
    )


def test_a_side_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"side is 'tensorflow'.*torch, jittor"):
        harness.record("l2sknet", "tensorflow", tmp_path / "t.h5")


def test_a_frame_has_one_row_a_tensor_and_the_figures_of_the_alignment() -> None:
    pytest.importorskip("pandas")
    alignment = samples.diverging()
    frame = alignment.frame()
    assert list(frame["address"]) == [row.address for row in alignment.rows]
    assert list(frame["status"]) == [row.verdict.status for row in alignment.rows]
    measured = next(row for row in alignment.rows if row.measured is not None)
    found = frame[frame["address"] == measured.address].iloc[0]
    assert measured.measured is not None
    assert found["error"] == measured.measured.difference.rel_l2


def test_a_notebook_shows_the_sentence_and_escapes_everything() -> None:
    alignment = samples.diverging()
    alignment.sentence = "<script>alert(1)</script>\x1b[31m"
    shown = alignment._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "\x1b" not in shown
    assert str(alignment.first) in shown

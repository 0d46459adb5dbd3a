from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.language import spoken
from reports import write_index
from reports.index import headline, html, index, markdown
from tests.unit.bench.samples import made as measured
from tests.unit.evaluating.samples import made as evaluated
from tests.unit.reports import samples
from tests.unit.reports.test_html import Page


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs: one aligned, one diverged with its report in a folder of an odd name, one damaged."""
    folder = tmp_path / "runs"
    for name in ("good", "deep/b a&d", "damaged"):
        (folder / name).mkdir(parents=True)
    samples.alignment().save(folder / "good" / "alignment.json")
    samples.diverging().save(folder / "deep" / "b a&d" / "alignment.json")
    (folder / "deep" / "b a&d" / "report.html").write_text("x")
    (folder / "damaged" / "alignment.json").write_text("{")
    return folder


def test_every_run_is_listed_and_what_failed_stands_first(runs: Path) -> None:
    found = index(runs)
    assert [entry.verdict for entry in found] == ["diverged", "unreadable", "aligned"]
    assert found[0].text == "The port diverges in 10 of 31 tensors"
    assert found[0].first == samples.diverging().first
    assert found[2].subject == "toy, small, eval"
    assert "no JSON" in found[1].text
    assert headline(found) == "Runs: 3; 1 diverged, 1 unreadable, 1 aligned"


def test_links_lead_from_the_page_to_the_reports_that_are_there(runs: Path) -> None:
    page = Page(html(runs, runs.parent / "index.html"))
    assert [link["href"] for link in page.of("a")] == ["runs/deep/b%20a%26d/report.html"]
    assert len(page.of("tr")) == 4
    assert page.of("caption")


def test_markdown_and_data(runs: Path, tmp_path: Path) -> None:
    assert "| ✘ | `deep/b a&d` | `toy, small, eval` |" in markdown(runs)
    write_index(runs, tmp_path / "i.json")
    told = json.loads((tmp_path / "i.json").read_text())["runs"]
    assert [one["verdict"] for one in told] == ["diverged", "unreadable", "aligned"]


def test_an_evaluation_is_listed_with_its_page(runs: Path) -> None:
    evaluated(ratio=30.0).save(runs / "good" / "evaluation.json")
    (runs / "good" / "evaluation.html").write_text("x")
    (found,) = [entry for entry in index(runs) if entry.kind == "evaluation"]
    assert (found.verdict, found.text) == ("diverged", "The outputs of 1 of 3 samples are beyond noise.")
    assert found.subject.startswith("toy one, synthetic")
    hrefs = [link["href"] for link in Page(html(runs, runs / "index.html")).of("a")]
    assert "good/evaluation.html" in hrefs


def test_a_measurement_is_listed_by_its_own_words(runs: Path) -> None:
    measured([2.0, 2.01, 1.99, 2.0]).save(runs / "good" / "bench.json")
    (runs / "good" / "bench.html").write_text("x")
    found = index(runs)
    assert [entry.verdict for entry in found] == ["diverged", "unreadable", "slower", "aligned"]
    assert found[2].text == "The port takes 2 times the reference's time"
    assert found[2].symbol == "✘"
    page = Page(html(runs, runs / "index.html"))
    assert "good/bench.html" in [link["href"] for link in page.of("a")]
    with spoken("zh"):
        assert "1 更慢" in headline(found)


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no alignment\.json"):
        index(tmp_path)


def test_links_of_the_file_system_are_not_followed(runs: Path, tmp_path: Path) -> None:
    (runs / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    assert len(index(runs)) == 3

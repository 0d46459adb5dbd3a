"""An evaluation as a page: it holds every figure, shows pictures by their way, and steers, links nothing."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.errors import BadInput
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.paired import paired_interval
from harness.evaluating.result import Broken, Evaluation, SampleRow
from harness.language import spoken
from reports import evaluation_facts, write_evaluation
from reports.evaluation_page import MOST_ROWS, html
from reports.overview import MOST_WORDS
from tests.unit.evaluating.samples import made
from tests.unit.reports.test_html import Page, data_of
from tests.unit.reports.test_strangers import HOSTILE, TAGS

ALLOWED = TAGS | {"ul", "li", "figure", "img", "figcaption", "b", "br", "fieldset", "legend"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder, of an odd name, with two pictures of the last sample."""
    folder = tmp_path / "a run & more" / "pictures"
    folder.mkdir(parents=True)
    for name in ("000002-input.png", "000002-torch.png", "000007-torch.png"):
        (folder / name).touch()
    return folder.parent


def test_the_page_holds_metrics_samples_and_notes(run: Path) -> None:
    page = Page(html(made(0.7, ratio=30.0), run, run / "page.html"))
    shown = " ".join(text for texts in page.text.values() for text in texts)
    for word in (
        "mIoU",
        "0.7",
        "1 %",
        "beyond noise",
        "n|2",
        "30",
        "as it is",
        "n9: it is damaged",
        "seeded",
    ):
        assert word in shown
    assert page.text["td"].index("n|2") < page.text["td"].index("n|1")


@pytest.mark.parametrize("output", ["page.html", "../page.html", "../elsewhere/deep/page.html"])
def test_pictures_are_found_from_where_the_page_is_written(run: Path, output: str) -> None:
    path = run / output
    path.parent.mkdir(parents=True, exist_ok=True)
    write_evaluation(made(), run, path)
    found = Page(path.read_text(encoding="utf-8")).of("img")
    assert [(path.parent / unquote(one["src"] or "")).resolve() for one in found] == [
        run.resolve() / "pictures" / f"000002-{name}.png" for name in ("input", "torch")
    ]
    assert all(one["alt"] for one in found)


def test_pictures_outside_the_folder_are_not_shown(run: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "000001-torch.png").touch()
    (run / "pictures" / "000001-torch.png").symlink_to(elsewhere / "000001-torch.png")
    found = Page(html(made(), run, run / "page.html")).of("img")
    assert [Path(unquote(one["src"] or "")).name for one in found] == ["000002-input.png", "000002-torch.png"]
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "pictures").symlink_to(elsewhere)
    assert not Page(html(made(), linked, linked / "page.html")).of("img")


def test_the_difference_in_units_of_rounding_is_hidden_until_asked_for(run: Path) -> None:
    assert 'id="noise"' not in html(made(), run, run / "page.html")
    (run / "pictures" / "000002-noise.png").touch()
    page = Page(html(made(), run, run / "page.html"))
    hidden = [one["data-panel"] for one in page.of("figure") if "hidden" in one]
    assert hidden == ["noise"]
    assert [one["id"] for one in page.of("input") if one["type"] == "checkbox"] == ["noise"]


def test_a_metric_that_is_the_mean_of_the_figures_has_an_interval() -> None:
    rows = [SampleRow(f"n{place}", place, 1.0, 1.0 + off) for place, off in enumerate((0.1, 0.2, 0.3))]
    (metric,) = metric_rows({"m": 1.0}, {"m": 1.2}, {}, 0.01, own_weights=True)
    found = paired_interval(metric, rows)
    assert found is not None
    half = 4.302653 * 0.1 / math.sqrt(3)  # Student's t of two degrees of freedom, from a table
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half), rel=1e-5)
    assert found.samples == 3
    assert paired_interval(dataclasses.replace(metric, port=1.3), rows) is None
    assert paired_interval(metric, rows[:1]) is None
    assert paired_interval(metric, [*rows, dataclasses.replace(rows[0], port=math.nan)]) is None


@pytest.mark.parametrize(("port", "ratio"), [(0.8, 0.1), (0.7, 0.1), (0.8, 30.0)])
def test_the_headline_has_at_most_eight_words(port: float, ratio: float) -> None:
    found = made(port, ratio)
    assert 3 < len(evaluation_facts.headline(found).split()) <= MOST_WORDS
    empty = made(port, 0.1, empty=["nothing is found"])
    assert evaluation_facts.headline(empty)
    with spoken("zh"):
        said = [evaluation_facts.sentence(one) for one in (found, empty)]
        said += [evaluation_facts.metric_reason(found.metrics[0])]
        said += [evaluation_facts.sample_reason(row) for row in found.samples]
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in said)
    assert evaluation_facts.sentence(found) == found.sentence


def test_every_chart_and_card_shows_the_figures(run: Path) -> None:
    text = html(made(ratio=30.0), run, run / "page.html")
    (chart,) = data_of(text)["charts"]
    assert chart["steps"] == [1, 2, 3]
    assert chart["lines"][0]["values"] == [30.0, 0.2, 0.1]
    assert "Outputs diverge on 1 of 3 samples" in text


def test_nothing_but_pictures_is_loaded(run: Path) -> None:
    page = Page(html(made(), run, run / "page.html"))
    (policy,) = [one["content"] or "" for one in page.of("meta") if "http-equiv" in one]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    assert parts["img-src"] == "'self' file:"
    assert "http" not in parts["script-src"]
    assert parts["script-src"].count("sha256") == 2


def hostile() -> Evaluation:
    """An evaluation whose every text steers or marks."""
    row = SampleRow(HOSTILE, -3, math.nan, math.inf, math.inf, math.inf, "diverged", False, HOSTILE)
    first = dataclasses.replace(made().metrics[0], name=HOSTILE, reason=HOSTILE, limit=math.inf)
    texts = dict.fromkeys(
        ("model", "variant", "device", "date", "data", "figure", "protocol", "sentence"), HOSTILE
    )
    return dataclasses.replace(
        made(),
        **texts,
        metrics=[first],
        samples=[row],
        broken=[Broken(HOSTILE, 0, HOSTILE)],
        weights={HOSTILE: HOSTILE},
        versions={HOSTILE: {HOSTILE: HOSTILE}},
    )


def test_a_stranger_s_texts_stay_texts(tmp_path: Path) -> None:
    text = html(hostile(), tmp_path, tmp_path / "page.html")
    page = Page(text)
    assert {tag for tag, _ in page.seen} <= ALLOWED
    assert len(page.of("script")) == 3
    assert not [letter for letter in text if not letter.isprintable() and letter != "\n"]


def test_of_very_many_samples_the_worst_are_shown(tmp_path: Path) -> None:
    many = [SampleRow(f"n{index}", index, 1.0, 1.0) for index in range(MOST_ROWS + 50)]
    page = Page(html(dataclasses.replace(made(), samples=many), tmp_path, tmp_path / "page.html"))
    assert len(page.of("tr")) == 2 + 1 + MOST_ROWS
    assert f"{MOST_ROWS} are shown." in " ".join(page.text["caption"])


def test_other_forms(run: Path, tmp_path: Path) -> None:
    write_evaluation(made(), run, tmp_path / "a.md")
    write_evaluation(made(), run, tmp_path / "a.json")
    assert "| mIoU |" in (tmp_path / "a.md").read_text()
    assert Evaluation.load(tmp_path / "a.json") == made()
    with pytest.raises(BadInput, match=r"\.html, \.md, \.json"):
        write_evaluation(made(), run, tmp_path / "a.xml")

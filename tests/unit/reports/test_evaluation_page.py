"""An evaluation as a page: it holds every figure, shows pictures by their way, and steers, links nothing."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.errors import BadInput
from harness.evaluating.result import Broken, Evaluation, SampleRow
from reports import write_evaluation
from reports.evaluation_page import MOST_ROWS, html
from tests.unit.evaluating.samples import made
from tests.unit.reports.test_html import Page
from tests.unit.reports.test_strangers import HOSTILE, TAGS


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


def test_nothing_but_pictures_is_loaded(run: Path) -> None:
    page = Page(html(made(), run, run / "page.html"))
    (policy,) = [one["content"] or "" for one in page.of("meta") if "http-equiv" in one]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    assert parts["img-src"] == "'self' file:"
    assert "script-src" not in parts


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
    assert {tag for tag, _ in page.seen} <= TAGS | {"ul", "li", "figure", "img", "figcaption"}
    assert not page.of("script")
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

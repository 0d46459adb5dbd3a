"""A training's reports: what they show, what a stranger's log can do to them, and what they fit into."""

from __future__ import annotations

import html as escaping
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.training.log import NAME, Training, TrainingLog
from harness.training.records import (
    End,
    Epoch,
    Event,
    Finding,
    Forced,
    ForcedRow,
    Record,
    SideStep,
    Start,
    Step,
)
from reports import training as terminal
from reports import training_facts, training_overview, training_page, write_training
from reports.curves import MOST_STEPS, Band, Curve, Mark, as_data, chart
from reports.overview import MOST_WORDS
from reports.sheet import Sheet
from tests.unit.reports.test_strangers import TAGS
from tests.unit.training import samples

EVIL = '<script>alert(1)</script>"&\x1b[31m\u202e| `x` \n[y](http://z)'


def logged(folder: Path, records: list[Record]) -> Training:
    """A training of these records."""
    with TrainingLog(folder / NAME) as file:
        for record in records:
            file.write(record)
    return Training.load(folder)


class Tags(HTMLParser):
    """Counts the tags of a page, and checks that they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.count: dict[str, int] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count it."""
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ("meta", "br", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It must be the last one that was opened."""
        if tag != "line":
            assert self.open.pop() == tag


def page(training: Training) -> tuple[str, dict[str, int]]:
    """The page, well-formed, and its tags."""
    text = training_page.html(training)
    found = Tags()
    found.feed(text)
    assert found.open == []
    return text, found.count


def data_of(text: str) -> Any:
    """What the page's script draws from."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def drawn(training: Training, width: int = 100) -> list[str]:
    """The lines in a terminal."""
    out = io.StringIO()
    terminal.draw(training, Sheet(out, width=width, colours=False), "runs/x")
    return out.getvalue().splitlines()


def test_the_page_shows_curves_bands_forced_steps_metrics_and_rates(tmp_path: Path) -> None:
    text, tags = page(logged(tmp_path, samples.records()))
    charts = data_of(text)["charts"]
    titles = ["Loss", "Gap in the loss", "Distance of the weights", "IoU on the validation split", "Rates"]
    assert [one["title"] for one in charts] == titles
    assert [len(one["bands"]) for one in charts] == [1, 1, 1, 0, 0]
    assert [one["logarithmic"] for one in charts] == [False, True, True, False, False]
    assert tags["figure"] == len(titles)
    assert charts[0]["lines"][0]["values"] == pytest.approx([math.exp(-n / 20) for n in range(40)], rel=1e-5)
    assert [name for _, name, _ in charts[0]["marks"]] == ["warm-up ends", "milestone"]
    for words in (
        "grad:a.weight",
        "Forced steps",
        "weights",
        "biases",
        "torch: 1 at step 0, 0.1423 at 39",
    ):
        assert words in text
    assert tags["script"] == 3
    assert "http" not in text.partition("<script")[0].replace("http-equiv", "")


def test_each_chart_says_in_words_what_it_shows(tmp_path: Path) -> None:
    text, _ = page(logged(tmp_path, samples.records()))
    for one in data_of(text)["charts"]:
        assert one["text"] in escaping.unescape(text.partition("<script")[0])
        assert re.search(r"at 39,|at 40,", one["text"])


def test_the_horizon_and_the_first_step_outside_are_marked(tmp_path: Path) -> None:
    records = [
        samples.step(record.step, gap=0.01) if isinstance(record, Step) and record.step >= 20 else record
        for record in samples.records()
    ]
    text, _ = page(logged(tmp_path, records))
    assert [20, "outside from step 20", "outside"] in data_of(text)["charts"][1]["marks"]
    assert "outside the twins&#39; band" in text


def test_the_summary_has_ten_lines_with_the_verdict_first(tmp_path: Path) -> None:
    lines = drawn(logged(tmp_path, samples.records()))
    assert len(lines) <= 12
    assert lines[0].startswith("aligned: the port trains as the reference does")
    whole = "\n".join(lines)
    assert "after epoch 4, torch and jittor: IoU 0.975 and 0.975" in whole
    assert "kept in: runs/x" in whole


@pytest.mark.parametrize(("cause", "sentence"), [("norms of few values", "unread"), ("", "a side is random")])
def test_an_undecided_forced_step_says_why(cause: str, sentence: str, tmp_path: Path) -> None:
    step = Forced(2, "", "inconclusive", 9, [], sentence, cause, 4)
    lines = drawn(logged(tmp_path, [*samples.records()[:-1], step, samples.records()[-1]]))
    assert any((cause or sentence) in line for line in lines)
    assert not any("unread" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_summary_fits_its_width(width: int, tmp_path: Path) -> None:
    assert max(map(len, drawn(logged(tmp_path, samples.records()), width)[:-1])) <= width


def test_a_training_that_still_runs_can_be_drawn(tmp_path: Path) -> None:
    training = logged(tmp_path, samples.records()[:40])
    text, _ = page(training)
    assert "has not ended" in text
    assert "has not ended" in "\n".join(drawn(training))
    assert "Loss: at every step" in " ".join(drawn(training))


def test_a_log_with_a_start_alone_can_be_drawn(tmp_path: Path) -> None:
    training = logged(tmp_path, [samples.start()])
    _, tags = page(training)
    assert not {"figure", "script"} & tags.keys()
    assert drawn(training)
    assert training_page.markdown(training)


def hostile() -> list[Record]:
    """Every text that a log can hold, and figures of every kind."""
    side = SideStep({EVIL: math.nan}, {EVIL: math.inf}, {EVIL: -1.0}, {}, -1.0)
    start = Start(
        {"pair": EVIL, EVIL: EVIL},
        {EVIL: EVIL},
        {EVIL: EVIL},
        {EVIL: EVIL},
        -5,
        0,
        {EVIL: [EVIL]},
        [Event(-(2**60), EVIL), Event(3, EVIL)],
        [EVIL],
    )
    steps = [
        Step(number, number, {EVIL: side, "b" + EVIL: SideStep({EVIL: value})}, value, value)
        for number, value in ((2**62, 1.0), (3, math.inf), (3, -1e308), (0, 0.0), (-7, 1e308))
    ]
    row = ForcedRow(EVIL, EVIL, math.nan, EVIL)
    return [
        start,
        *steps,
        Forced(3, EVIL, "diverged", -1, [row], EVIL, EVIL),
        Finding(3, EVIL, EVIL, EVIL),
        Epoch(0, 3, EVIL, {EVIL: {EVIL: math.nan}, "other": {}}),
        End(3, "failed", "failed", EVIL, {EVIL: math.inf, "more": EVIL}),
    ]


def test_a_strangers_texts_and_figures_do_nothing(tmp_path: Path) -> None:
    training = logged(tmp_path, hostile())
    text, tags = page(training)
    assert tags["script"] == 3
    assert tags.keys() <= TAGS | {"figure", "figcaption", "b", "br"}
    assert data_of(text)["charts"][0]["title"] == "Loss"
    assert "\x1b" not in text
    assert "\u202e" not in text
    lines = drawn(training)
    assert all(line.isprintable() for line in lines)
    marked = training_page.markdown(training)
    assert "<script>" not in re.sub(r"`+[^`]*`+", "", marked)
    assert "](http" not in re.sub(r"(`+).*?\1", "", marked)
    json.dumps(terminal.document(training), allow_nan=False)


@pytest.mark.parametrize(("name", "begins"), [("a.html", "<!DOCTYPE"), ("a.md", "**"), ("a.json", "{")])
def test_a_report_is_written_as_its_ending_says(name: str, begins: str, tmp_path: Path) -> None:
    training = logged(tmp_path, samples.records())
    write_training(training, tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    with pytest.raises(BadInput, match="exists"):
        write_training(training, tmp_path / name)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.html, \.md, \.json"):
        write_training(logged(tmp_path, samples.records()), tmp_path / "a.xml")


def test_long_trainings_are_thinned() -> None:
    curve = Curve("x", [(step, 1.0 + (step == 77_777)) for step in range(100_000)], "port")
    band = Band("b", [(step, 0.5 - 0.1 * (step == 50_000), 3.0) for step in range(100_000)])
    found = chart("t", [curve], [band])
    assert found is not None
    data = as_data(found)
    values = data["lines"][0]["values"]
    assert len(values) == len(data["steps"]) <= MOST_STEPS
    assert data["steps"][values.index(2.0)] == pytest.approx(77_777, abs=100)
    assert data["steps"][data["bands"][0]["low"].index(0.4)] == pytest.approx(50_000, abs=100)


def test_lines_and_bands_share_their_steps_and_what_cannot_be_drawn_is_counted() -> None:
    found = chart(
        "t",
        [Curve("a", [(0, 1e-4), (10, 0.0), (20, math.nan)], "port")],
        [Band("b", [(0, 1e-4, 1e-3), (30, 1e-4, math.inf)])],
        [Mark(10, "here", "event"), Mark(50, "beyond", "event")],
        logarithmic=True,
    )
    assert found is not None
    assert found.text == (
        "a: 0.0001 at step 0, 0 at 10, at most 0.0001. Not drawn, because not finite: 1. "
        "Not drawn, because not above 0: 1."
    )
    data = as_data(found)
    assert data["steps"] == [0, 10, 20, 30]
    assert data["lines"][0]["values"] == [1e-4, None, None, None]
    assert data["bands"] == [{"low": [1e-4, None, None, 1e-4], "high": [1e-3, None, None, None]}]
    assert data["marks"] == [[10, "here", "event"]]
    assert chart("t", [Curve("a", [(0, math.nan)], "port")]) is None


@pytest.mark.parametrize("verdict", ["aligned", "diverged", "inconclusive", "failed"])
def test_the_headline_has_at_most_eight_words(verdict: str, tmp_path: Path) -> None:
    training = logged(tmp_path, [*samples.records()[:-1], End(40, "done", verdict, "long")])  # type: ignore[arg-type]
    assert 3 < len(training_overview.headline(training).split()) <= MOST_WORDS
    names = [card.name for card in training_overview.cards(training)]
    assert names == ["Forced steps", "Gap in the loss", "Distance of the weights", "Loss", "IoU"]


def test_the_largest_figures_say_their_epochs(tmp_path: Path) -> None:
    figures = [(0.1, 0.3), (0.5, 0.2), (0.4, 0.4)]
    epochs = [
        Epoch(number, 10 * number, "val", {"torch": {"IoU": one}, "jittor": {"IoU": other}})
        for number, (one, other) in enumerate(figures)
    ]
    (item,) = training_facts.best(logged(tmp_path, [samples.start(), samples.step(0), *epochs]))
    assert item.text == "torch 0.5 (epoch 2), jittor 0.4 (epoch 3)"

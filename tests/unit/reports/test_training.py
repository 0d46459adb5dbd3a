"""A training's reports: what they show, what a stranger's log can do to them, and what they fit into."""

from __future__ import annotations

import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

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
from reports import training_facts, training_page, write_training
from reports.curves import Band, Curve, Mark, panel
from reports.sheet import Sheet
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


def drawn(training: Training, width: int = 100) -> list[str]:
    """The lines in a terminal."""
    out = io.StringIO()
    terminal.draw(training, Sheet(out, width=width, colours=False), "runs/x")
    return out.getvalue().splitlines()


def test_the_page_shows_curves_bands_forced_steps_metrics_and_rates(tmp_path: Path) -> None:
    text, tags = page(logged(tmp_path, samples.records()))
    titles = ("Loss", "Gap in the loss", "Distance of the weights", "Rates", "IoU on the validation split")
    for title in titles:
        assert f"<h2>{title}</h2>" in text
    assert tags["svg"] == len(titles)
    assert tags["polygon"] == 3
    for words in ("warm-up ends", "milestone", "grad:a.weight", "Forced steps", "weights", "biases"):
        assert words in text
    assert "script" not in tags
    assert "http" not in text.replace("http-equiv", "")


def test_the_horizon_and_the_first_step_outside_are_marked(tmp_path: Path) -> None:
    records = [
        samples.step(record.step, gap=0.01) if isinstance(record, Step) and record.step >= 20 else record
        for record in samples.records()
    ]
    text, _ = page(logged(tmp_path, records))
    assert "outside from step 20" in text
    assert 'class="mark-line outside"' in text


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
    assert "loss: at every step" in " ".join(drawn(training))


def test_a_log_with_a_start_alone_can_be_drawn(tmp_path: Path) -> None:
    training = logged(tmp_path, [samples.start()])
    _, tags = page(training)
    assert "svg" not in tags
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
    assert "script" not in tags
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


def test_long_trainings_are_thinned(tmp_path: Path) -> None:
    curve = Curve("x", [(step, 1.0 + (step == 77_777)) for step in range(100_000)], "port")
    found = panel("t", [curve])
    assert found is not None
    places = [tuple(map(float, point.split(","))) for point in found.lines[0].points.split()]
    assert len(places) <= 1200
    highest = min(places, key=lambda place: place[1])
    assert highest[0] == pytest.approx(found.left + 77_777 / 99_999 * (found.right - found.left), abs=2)


def test_a_panel_puts_values_where_they_belong() -> None:
    found = panel(
        "t",
        [Curve("a", [(0, 1e-4), (10, 1e-2), (20, math.nan)], "port")],
        [Band("b", [(0, 1e-4, 1e-3), (20, 1e-4, 1e-3)])],
        [Mark(10, "here", "event"), Mark(50, "beyond", "event")],
        logarithmic=True,
    )
    assert found is not None
    assert [tick.label for tick in found.rows] == ["1e-4", "1e-3", "1e-2"]
    middle = (found.left + found.right) / 2
    assert found.lines[0].points.split() == [
        f"{found.left:.1f},{found.bottom:.1f}",
        f"{middle:.1f},{found.top:.1f}",
        f"{found.right:.1f},{found.top:.1f}",
    ]
    assert [(mark.x, mark.name) for mark in found.marks] == [(middle, "here")]
    assert panel("t", [Curve("a", [(0, math.nan)], "port")]) is None


def test_the_largest_figures_say_their_epochs(tmp_path: Path) -> None:
    figures = [(0.1, 0.3), (0.5, 0.2), (0.4, 0.4)]
    epochs = [
        Epoch(number, 10 * number, "val", {"torch": {"IoU": one}, "jittor": {"IoU": other}})
        for number, (one, other) in enumerate(figures)
    ]
    (item,) = training_facts.best(logged(tmp_path, [samples.start(), samples.step(0), *epochs]))
    assert item.text == "torch 0.5 (epoch 2), jittor 0.4 (epoch 3)"

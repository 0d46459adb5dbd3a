"""A measurement as a page: it holds every figure, says which is which, and a stranger's texts do nothing."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from harness.bench.layers import LayerRow, LayerTable, Total
from harness.bench.result import Accuracy, Bench, BenchMachine, Contestant, IdleSwitch, LargestBatch, Memory
from harness.errors import BadInput
from reports import write_bench
from reports.bench import markdown
from reports.bench_page import between_sides, by_batch, headline, html, switched, worst
from reports.overview import MOST_WORDS
from tests.unit.bench.samples import made, several
from tests.unit.reports.test_html import Page, data_of
from tests.unit.reports.test_strangers import HOSTILE, TAGS

ALLOWED = TAGS | {"figure", "figcaption", "ul", "li", "b", "br"}


def test_the_page_holds_speed_memory_switches_layers_and_the_machine() -> None:
    page = Page(html(several()))
    shown = " ".join(text for texts in page.text.values() for text in texts)
    for word in (
        "Faster 1, slower 1, of 2 cases", "2.000 (1.97", "0.500 (0.4", "100 MiB", "23.2", "16.0", "mIoU 0.75",
        "stage.conv", "+20.000 ms", "a batch of 32 fits into 2048 MiB; 48 does not", "they do not reconcile",
        "torch + bfloat16", "A processor | of some kind", "tf32: does nothing on cpu", "threads: 2 and 1",
        "First call, eval, batch 4",
    ):  # fmt: skip
        assert word in shown, word
    assert all(one["scope"] == "col" for one in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table")) == 4


def test_rows_of_both_sides_and_of_one_are_kept_apart() -> None:
    found = several()
    assert [row.batch for row in between_sides(found)] == [4, 8]
    ((one),) = switched(found)
    assert one.row.second.contestant.switches == ("bfloat16",)
    assert one.lost == pytest.approx(23.2 - 7.2)
    again = dataclasses.replace(found.rows[0].first, contestant=Contestant("torch", again=True))
    against_itself = dataclasses.replace(found.rows[0], second=again)
    assert between_sides(dataclasses.replace(found, rows=[against_itself])) == []


def test_what_the_script_draws_are_the_figures() -> None:
    data = data_of(html(several()))
    assert [row[1] for row in data["ratios"]["speed"]] == ["slower", "faster"]
    for (_, _, low, value, high), true in zip(data["ratios"]["speed"], (2.0, 0.5), strict=True):
        assert low <= value <= high
        assert value == pytest.approx(true, rel=0.01)
    assert data["lost"] == [[["stage.conv", 20.0]]]
    time, memory = data["charts"]
    assert time["steps"] == memory["steps"] == [4, 8]
    assert time["lines"][0]["values"] == pytest.approx([250, 125])
    assert memory["lines"][1]["values"] == [100, 100]


def test_one_batch_has_no_curve_and_an_unknown_peak_is_not_drawn() -> None:
    assert by_batch(made([1.0, 1.0])) == []
    found = several()
    rows = [
        dataclasses.replace(row, second=dataclasses.replace(row.second, memory=Memory(None, None)))
        for row in found.rows
    ]
    _, memory = by_batch(dataclasses.replace(found, rows=rows))
    assert "Not drawn, because not finite: 2." in memory.text


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [
        ([[2.0, 2.01]], "slower"),
        ([[0.5, 0.51], [0.5, 0.5]], "faster"),
        ([[1.0, 1.0]] * 2, "same"),
        ([], None),
    ],
)
def test_the_headline_has_at_most_eight_words(rounds: list[list[float]], verdict: str | None) -> None:
    rows = [made(one * 4).rows[0] for one in rounds]
    found = dataclasses.replace(made([1.0, 1.0]), rows=rows)
    assert worst(found) == verdict
    assert 3 < len(headline(found).split()) <= MOST_WORDS


def hostile() -> Bench:
    """A measurement whose every text steers or marks, with figures of every kind."""
    found = several()
    broken = dataclasses.replace(
        found.rows[0].second, contestant=Contestant(HOSTILE, (HOSTILE,)), settings={HOSTILE: HOSTILE},
        accuracy=Accuracy(math.nan, math.inf), metric={HOSTILE: math.nan}, memory=Memory(-1, -(2**70)),
    )  # fmt: skip
    ratio = dataclasses.replace(found.rows[0].ratio, low=-1.0, value=math.nan, high=math.inf)
    rows = [found.rows[1], dataclasses.replace(found.rows[0], second=broken, ratio=ratio)]
    layer = LayerRow(HOSTILE, HOSTILE, {"forward": math.inf}, {HOSTILE: 1.0}, math.nan, [HOSTILE])
    table = LayerTable("eval", -4, None, 7, [layer], [Total(HOSTILE, HOSTILE, 1.0, 0.0)])
    return dataclasses.replace(
        found, model=HOSTILE, variant=HOSTILE, device=HOSTILE, date=HOSTILE, data=HOSTILE, rows=rows,
        machine=BenchMachine(HOSTILE, -1, -1, HOSTILE, HOSTILE), versions={HOSTILE: {HOSTILE: HOSTILE}},
        idle=[IdleSwitch(HOSTILE, HOSTILE, HOSTILE)], unequal=[HOSTILE], layers=[table],
        largest=[LargestBatch(HOSTILE, "eval", -1, 0, 0, 1, HOSTILE)],
    )  # fmt: skip


def test_a_stranger_s_texts_stay_texts() -> None:
    text = html(hostile())
    page = Page(text)
    assert {tag for tag, _ in page.seen} <= ALLOWED
    assert len(page.of("script")) == 3
    assert not [letter for letter in text if not letter.isprintable() and letter != "\n"]


@pytest.mark.parametrize(
    ("batch", "median", "peak"), [(0, 1.0, 1), (4, 0.0, 1), (4, math.nan, 1), (10**400, 1.0, 10**400)]
)
def test_figures_that_no_measurement_has_are_drawn(batch: int, median: float, peak: int) -> None:
    found = several()
    seconds = dataclasses.replace(found.rows[0].first.seconds, median=median)
    first = dataclasses.replace(found.rows[0].first, seconds=seconds, memory=Memory(peak, peak))
    rows = [dataclasses.replace(found.rows[0], batch=batch, first=first), *found.rows[1:]]
    odd = dataclasses.replace(found, rows=rows)
    Page(html(odd))
    assert markdown(odd)


def test_the_ending_says_the_form(tmp_path: Path) -> None:
    for name, begins in (("a.html", "<!DOCTYPE"), ("a.md", "### Speed"), ("a.json", "{")):
        write_bench(several(), tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    with pytest.raises(BadInput, match=r"\.html, \.md, \.json"):
        write_bench(several(), tmp_path / "a.xml")

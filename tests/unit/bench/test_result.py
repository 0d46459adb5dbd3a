"""bench.json, what may be held against it, and its other forms."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from harness.answers import LayersTimed
from harness.bench.baseline import changes
from harness.bench.layers import LayerTable, layer_rows
from harness.bench.memory import usual
from harness.bench.pytest_form import pytest_form
from harness.bench.result import Bench, Memory
from harness.bench.switches import SWITCHES, find, together
from harness.case import Case
from harness.errors import BadInput
from harness.flows.bench_jobs import against_themselves, with_switches
from reports.bench import agreed_bits, draw, interval, markdown, title
from reports.bench_chart import svg
from tests.unit.bench.samples import MACHINE, made, several

USEFUL = [(one.side, one.name) for one in SWITCHES if not one.idle_because("cpu", "eval")]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = made([2.0, 2.1, 2.0])
    found.save(tmp_path / "bench.json")
    assert Bench.load(tmp_path) == Bench.load(tmp_path / "bench.json") == found
    with pytest.raises(BadInput):
        found.save(tmp_path / "bench.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "no measurement"),
        ('{"schema": "align-bench", "version": 99}', "no measurement of version 2"),
        ('{"schema": "align-bench", "version": 1}', "damaged measurement"),
    ],
)
def test_what_is_no_measurement_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(BadInput, match=said):
        Bench.load(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        Bench.load(tmp_path / "missing.json")


def test_a_port_that_lost_more_than_allowed_is_too_slow() -> None:
    old = made([2.0, 2.01, 1.99, 2.0])
    (slower,) = changes(old, made([2.2, 2.21, 2.19, 2.2]), 0.05)
    (alike,) = changes(old, made([2.01, 2.02, 2.0, 2.01]), 0.05)
    (unsure,) = changes(old, made([1.5, 3.0, 2.0, 2.6]), 0.05)
    assert slower.too_slow
    assert slower.value == pytest.approx(1.1, rel=1e-3)
    assert not alike.too_slow
    assert not unsure.too_slow


def test_a_baseline_of_something_else_is_refused() -> None:
    old = made([2.0, 2.01, 1.99])
    elsewhere = dataclasses.replace(old, machine=dataclasses.replace(MACHINE, cores=4))
    with pytest.raises(BadInput, match="another machine"):
        changes(elsewhere, old, 0.05)
    with pytest.raises(BadInput, match="another version of torch"):
        changes(dataclasses.replace(old, versions={"torch": {"torch": "1"}}), old, 0.05)
    larger = dataclasses.replace(old, rows=[dataclasses.replace(old.rows[0], batch=8)])
    with pytest.raises(BadInput, match="the baseline has no row eval, batch 8"):
        changes(old, larger, 0.05)


def test_pytest_benchmark_reads_its_own_form(tmp_path: Path) -> None:
    file = tmp_path / "0001_measured.json"
    file.write_text(json.dumps(pytest_form(made([2.0, 2.1, 2.0]))))
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", str(file)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "[jittor]" in done.stdout
    assert "[torch]" in done.stdout


def test_the_table_in_markdown() -> None:
    lines = markdown(made([2.0, 2.1, 2.0])).splitlines()
    head, under, row = lines[2:5]
    assert head.count("|") == under.count("|") == row.count("|")
    assert "| torch | jittor |" in row
    assert "slower" in row
    both = "; ".join(f"{side} 3.00 s with 2 operators compiled" for side in ("torch", "jittor"))
    assert lines.count(f"- First call, eval, batch 4: {both}.") == 1
    assert "- torch: switch tf32 does nothing on cpu; it was not measured." in lines


def test_all_together_takes_what_may_gain_something_and_one_of_a_group() -> None:
    on_cpu = [name for one, name in USEFUL if one == "torch"]
    assert together("torch", on_cpu) == ("inference_mode", "bfloat16", "compile", "channels_last")
    every = [switch.name for switch in SWITCHES if switch.side == "jittor" and not switch.never]
    assert together("jittor", every) == ("amp_level_6",)
    assert together("jittor", ["with_graph", "eager"]) == ()


def test_an_ablation_has_each_switch_alone_and_all_together() -> None:
    jobs, idle = with_switches(Case("tiny", "small"))
    switches = [job.second.switches for job in jobs if job.second.side == "torch"]
    assert switches[0] == ("with_graph",)
    assert switches[-1] == ("inference_mode", "bfloat16", "compile", "channels_last")
    assert all(len(names) == 1 for names in switches[:-1])
    assert {(one.side, one.name) for one in idle} >= {("torch", "tf32"), ("jittor", "channels_last")}
    assert {job.first.switches for job in jobs} == {()}


def test_a_side_against_itself_has_two_names() -> None:
    for job in against_themselves(Case("tiny", "small"))[0]:
        assert job.first.side == job.second.side
        assert job.first.label != job.second.label
        assert job.first.switches == job.second.switches == ()


def test_a_figure_of_memory_can_be_believed_or_there_is_none() -> None:
    def told(*peaks: int) -> int | None:
        return usual([Memory(peak << 20, None) for peak in peaks]).peak

    assert told(100, 110, 90) == 100 << 20
    assert told(0, 1, 2) is None  # what a framework loads by itself
    assert told(20, 90, 60) is None  # processes that differ by more than the figure
    assert usual([Memory(1, 5), Memory(1, 7), Memory(1, 6)]).allocator == 6
    assert usual([]) == Memory(None, None)


def test_measurements_from_before_a_field_was_added_are_read(tmp_path: Path) -> None:
    found = made([2.0, 2.1, 2.0])
    plain = json.loads(found.to_json())
    del plain["layers"], plain["data"]
    for figures in (plain["rows"][0]["first"], plain["rows"][0]["second"]):
        del figures["metric"], figures["contestant"]["again"]
    (tmp_path / "bench.json").write_text(json.dumps(plain))
    assert Bench.load(tmp_path) == found


def test_the_picture_shows_each_row_where_its_ratio_is() -> None:
    slow, fast = made([2.0, 2.1, 2.0]), made([0.5, 0.51, 0.5])
    both = dataclasses.replace(slow, rows=[*slow.rows, *fast.rows], unequal=["threads is 1 for A & 2 for B"])
    drawn = svg(both, title(both))
    root = ElementTree.fromstring(drawn)
    middles = [float(circle.get("cx", "")) for circle in root.iter("{http://www.w3.org/2000/svg}circle")]
    ticks = {text.text: float(text.get("x", "0")) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert middles[1] < ticks["1"] < middles[0]
    assert "under unequal settings: threads is 1 for A &amp; 2 for B" in drawn


def test_every_table_says_that_settings_were_unequal() -> None:
    found = dataclasses.replace(made([2.0, 2.1]), unequal=["threads is 1 for torch and 2 for jittor"])
    times = LayersTimed({"conv": 1.0}, {}, {"conv": "Conv2d"})
    rows = layer_rows({"torch": [times], "jittor": [times]})
    found = dataclasses.replace(found, layers=[LayerTable("eval", 4, None, 3, rows, [])])
    heads = [line for line in markdown(found).splitlines() if line.startswith("#")]
    assert len(heads) == 2
    assert all("unequal settings" in head for head in heads)
    console = Console(width=120, file=io.StringIO())
    draw(found, [], console, "somewhere")
    assert console.file.getvalue().count("unequal settings") == 2  # type: ignore[attr-defined]
    assert pytest_form(found)["benchmarks"][0]["extra_info"]["unequal"] == found.unequal


@pytest.mark.parametrize("width", [80, 110, 220])
def test_no_figure_of_a_ratio_is_cut(width: int) -> None:
    found = made([1.437, 1.162, 1.756])
    console = Console(width=width, file=io.StringIO())
    draw(found, [], console, "somewhere")
    (row,) = found.rows
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert interval(row.ratio, digits=3 if width >= 100 else 2) in told
    assert "\N{HORIZONTAL ELLIPSIS}" not in told
    assert agreed_bits(row.first) in told


def test_switches_are_found_by_side() -> None:
    assert [switch.name for switch in find("torch", ["bfloat16"])] == ["bfloat16"]
    with pytest.raises(BadInput, match="the jittor side has no switch 'bfloat16'; it has with_graph"):
        find("jittor", ["bfloat16"])
    assert len({(switch.side, switch.name) for switch in SWITCHES}) == len(SWITCHES)
    assert find("torch", ["tf32"])[0].idle_because("cpu", "eval") == "does nothing on cpu"
    assert find("jittor", ["amp_level_6"])[0].idle_because("cuda", "train") == ""
    assert "every operator is compiled" in find("jittor", ["parallel_compile"])[0].never
    assert find("torch", ["inference_mode"])[0].idle_because("cpu", "train") == "does nothing in mode train"


@pytest.mark.parametrize("tables", [None, "no list", [{"failed": {}}, 3]])
def test_a_file_of_the_first_version_is_read(tmp_path: Path, tables: Any) -> None:
    """It said of layers whose way back could not be timed; what is damaged there is said as ever."""
    found = several()
    data = {**json.loads(found.to_json()), "version": 1}
    if tables is None:
        data["layers"] = [{**table, "failed": {"torch": {"conv": "why"}}} for table in data["layers"]]
        assert data["layers"]
    else:
        data["layers"] = tables
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(data))
    if tables is None:
        assert Bench.load(path) == found
    else:
        with pytest.raises(BadInput, match="is a damaged measurement"):
            Bench.load(path)

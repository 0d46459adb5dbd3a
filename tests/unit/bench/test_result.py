"""bench.json, what may be held against it, and its other forms."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.bench.baseline import changes
from harness.bench.pytest_form import pytest_form
from harness.bench.result import Bench
from harness.bench.switches import SWITCHES, find
from harness.errors import BadInput
from reports.bench import markdown
from tests.unit.bench.samples import MACHINE, made


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
        ('{"schema": "align-bench", "version": 99}', "no measurement of version 1"),
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
    with pytest.raises(BadInput, match="another versions"):
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
    assert "- torch: switch tf32 does nothing on cpu; it was not measured." in lines


def test_switches_are_found_by_side() -> None:
    assert [switch.name for switch in find("torch", ["bfloat16"])] == ["bfloat16"]
    with pytest.raises(BadInput, match="the jittor side has no switch 'bfloat16'; it has with_graph"):
        find("jittor", ["bfloat16"])
    assert len({(switch.side, switch.name) for switch in SWITCHES}) == len(SWITCHES)
    assert find("torch", ["tf32"])[0].idle_because("cpu", "eval") == "does nothing on cpu"
    assert find("torch", ["inference_mode"])[0].idle_because("cpu", "train") == "does nothing in mode train"

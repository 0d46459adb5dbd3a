"""`align bench` in real processes: a port that sleeps is slower, its accuracy is known, and files say so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer

from harness.bench.memory import LEAST
from harness.bench.result import Bench
from harness.cli.app import app
from tests import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.jittor]
SLEEP = "import time\n"
SLOW = "        time.sleep(0.1)\n        return self.head("


@pytest.fixture
def sleepy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny pair, whose port sleeps in every call."""
    folder = tmp_path / "pair"
    shutil.copytree(ROOT / "examples" / "tiny", folder)
    port = folder / "tiny_jittor.py"
    port.write_text(SLEEP + port.read_text().replace("        return self.head(", SLOW))
    monkeypatch.chdir(tmp_path)
    return folder / "tiny_pair.py"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The command line in this process: exit code and standard output."""
    with pytest.raises(SystemExit) as ending:
        typer.main.get_command(app).main(["bench", *words])
    return int(ending.value.code or 0), capsys.readouterr().out


@pytest.mark.slow
def test_a_port_that_sleeps_is_slower(sleepy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(
        capsys, "--model", str(sleepy), "--mode", "eval", "--seconds", "0.1", "-o", "run", "--json"
    )
    assert code == 0
    document = json.loads(out)
    found = Bench.load(Path("run"))
    (row,) = found.rows
    assert document["rows"][0]["ratio"]["verdict"] == row.ratio.verdict
    assert row.ratio.verdict in ("slower", "ambiguous")  # the latter where the machine has much else to do
    assert row.ratio.value > 1
    assert row.second.seconds.least >= 0.1
    assert row.first.seconds.least < 0.1
    for figures in (row.first, row.second):
        assert figures.accuracy is not None
        assert 16 < figures.accuracy.bits < 30
        assert figures.memory.peak is None or figures.memory.peak >= LEAST
    assert found.versions.keys() == {"torch", "jittor"}
    assert row.ratio.verdict in Path("run/bench.md").read_text()
    assert "The port takes" in Path("run/bench.html").read_text(encoding="utf-8")
    assert json.loads(Path("run/pytest-benchmark.json").read_text())["benchmarks"]


@pytest.mark.slow
def test_switches_are_measured_against_the_same_side_without(
    sleepy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(
        capsys,
        "--model",
        str(sleepy),
        "--mode",
        "eval",
        "--seconds",
        "0.1",
        "--ablate",
        "-o",
        "run",
        "--json",
    )
    assert code == 0
    found = Bench.load(Path("run"))
    pairs = [(row.first.contestant.label, row.second.contestant.label) for row in found.rows]
    assert pairs[0] == ("torch", "jittor")
    assert {first for first, _ in pairs[1:]} == {"torch", "jittor"}
    assert all(second.startswith(f"{first} + ") for first, second in pairs[1:])
    bits = {
        row.second.contestant.label: row.second.accuracy.bits for row in found.rows if row.second.accuracy
    }
    assert bits["torch + bfloat16"] < 12 < 16 < bits["torch + channels_last"]
    assert {(idle.side, idle.name) for idle in found.idle} >= {("torch", "tf32"), ("jittor", "amp_level_3")}
    assert json.loads(out)["idle"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--batch", "0"), "'0' is not allowed"),
        (("--batch", "1,two"), "'1,two' is not allowed"),
        (("--memory", "lots"), "an amount of memory"),
        (("--fail-slower", "much"), "a share in percent"),
        (("--baseline", "nowhere.json"), "nowhere.json"),
        (("--variant", "nosuch"), "no variant 'nosuch'"),
    ],
)
def test_what_is_refused_before_anything_starts(
    sleepy: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ending:
        typer.main.get_command(app).main(["bench", "--model", str(sleepy), *words])
    assert ending.value.code == 2
    captured = capsys.readouterr()
    assert said in " ".join(captured.err.split())
    assert not list(Path().glob("runs/*"))

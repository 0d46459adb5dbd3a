"""The command: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from tests.selection import others_slow
from tests.unit.weight_convert.samples import network
from weight_convert import State, read_state, write_state


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint."""
    write_state(State.of(network()), tmp_path / "a.pt")
    return tmp_path / "a.pt"


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "weight_convert", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "100"},
        timeout=120,
        check=False,
    )


def test_it_tells_people_what_it_did(source: Path) -> None:
    done = run("a.pt", "b.pkl", cwd=source.parent)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "a.pt -> b.pkl"
    assert "read back and found equal bit for bit" in done.stdout
    assert "changed: scale: Jittor has no arrays without dimensions" in done.stdout
    assert list(read_state(source.parent / "b.pkl")) == list(network())


def test_it_tells_machines_on_one_line(source: Path) -> None:
    done = run("a.pt", "b.npz", "--json", cwd=source.parent)
    report = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert report["written"]
    assert report["exit_code"] == 0
    assert list(report["manifest"]["entries"]) == list(network())


def test_a_failure_is_reported_on_standard_error_and_to_machines(source: Path) -> None:
    done = run("a.pt", "b.bin", "--json", cwd=source.parent)
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2
    assert done.stderr.startswith("convert-weights: b.bin: the name does not say which format")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["a.pt", "b.pt", "--prefix", "x"], "unrecognized arguments: --prefix x"),
        ([], "the following arguments are required: SOURCE"),
        (["a.pt"], "name the file to write"),
        (["a.pt", "b.pt", "--map", "nowhere"], "there is no key map nowhere"),
        (["a.pt", "b.pt", "--verify"], "needs --model"),
    ],
)
def test_misuse_ends_with_2(arguments: list[str], word: str, source: Path) -> None:
    done = run(*arguments, cwd=source.parent)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_verifying_is_refused_before_anything_is_written(source: Path) -> None:
    run("a.pt", "b.pt", "--verify", cwd=source.parent)
    assert not (source.parent / "b.pt").exists()


def test_a_draft_is_printed_or_written(source: Path) -> None:
    arrays = {f"net.{key}": array for key, array in network().items()}
    write_state(State.of(arrays), source.parent / "other.npz")
    printed = run("other.npz", "--draft-map", "--like", "a.pt", cwd=source.parent)
    assert 'rename = "net.head.bias"' in printed.stdout
    written = run("other.npz", "map.toml", "--draft-map", "--like", "a.pt", cwd=source.parent)
    assert written.stdout == ""
    assert (source.parent / "map.toml").read_text() == printed.stdout


def test_long_lists_are_cut_for_people_but_not_what_must_be_known(source: Path) -> None:
    arrays = {f"k{index}": np.zeros(()) for index in range(50)}
    write_state(State.of(arrays), source.parent / "many.npz")
    done = run("many.npz", "b.pkl", cwd=source.parent)
    assert "changed: k0, k1 and 48 more (--json lists all): Jittor has no arrays" in done.stdout
    partial = run("many.npz", "c.pt", "--like", "a.pt", "--partial", cwd=source.parent)
    assert partial.returncode == 2
    assert "no tensor is left to write" in partial.stderr


def test_control_characters_of_a_file_do_not_reach_the_terminal(source: Path) -> None:
    (source.parent / "x.pt").write_bytes(b"\x80\x02cm\x1b[31m\nos\n.")
    done = run("x.pt", "b.pt", cwd=source.parent)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_help_needs_no_framework_and_names_every_flag() -> None:
    done = run("--help", cwd=ROOT)
    flags = (
        "model variant like map prefix-strip select deploy float32 partial strict verify dry-run draft-map"
    )
    for flag in [*flags.split(), "json"]:
        assert f"--{flag}" in done.stdout


def highest_memory(*arguments: str, cwd: Path) -> int:
    """The most bytes that a conversion held."""
    program = (
        "import sys; from weight_convert.cli import main\n"
        "try: main()\n"
        "finally: print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, cwd=cwd, timeout=120, check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    return int(done.stderr.splitlines()[-1]) << 10


@pytest.mark.parametrize("suffix", others_slow(["pt", "safetensors", "h5"], "safetensors"))
def test_memory_stays_near_the_size_of_the_file_where_every_number_is_widened(
    suffix: str, tmp_path: Path
) -> None:
    halves = {f"layer{index}.weight": np.full((1 << 22,), index, np.float16) for index in range(20)}
    write_state(State.of(halves), tmp_path / "halves.pt")
    highest = highest_memory("halves.pt", f"wide.{suffix}", "--float32", cwd=tmp_path)
    assert highest < (tmp_path / "halves.pt").stat().st_size + (150 << 20)


@pytest.mark.parametrize("suffix", others_slow(["pt", "pkl", "npz", "safetensors", "h5"], "pkl", "h5"))
def test_memory_stays_near_the_size_of_a_file_of_many_small_tensors(suffix: str, tmp_path: Path) -> None:
    small = {f"layer{index}.weight": np.full((16_000,), index, np.float32) for index in range(3000)}
    write_state(State.of(small), tmp_path / "small.pt")
    highest = highest_memory("small.pt", f"same.{suffix}", cwd=tmp_path)
    assert highest < (tmp_path / "small.pt").stat().st_size + (150 << 20)

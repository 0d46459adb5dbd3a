"""Every command, every kind of failure: the exit code that one table expects. 0 and 1 are verdicts alone.

The commands' flows are stood in for where they would start a worker and what is tried is not about files. A
command that has no row here fails the first test.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import typer
from _pytest.mark import ParameterSet

from harness.cli.app import app
from harness.errors import BAD_INPUT, CANNOT_WRITE, NO_ENVIRONMENT, WORKER_LOST
from tests import ROOT
from tests.unit.reports import samples

FILE = "FILE"  # where a file is named that is missing, a folder, unreadable, or garbage
ADDRESS = "layer:backbone.stage3.conv#0:out"


@dataclass(frozen=True)
class Command:
    """A row: words that are right, the code they end with, and the words that name a file to read.

    `bare` is the code without any of the words, `writes` what it writes, `runs` whether it starts workers.
    """

    words: str
    code: int = 0
    reads: tuple[str, ...] = ()
    bare: int = BAD_INPUT
    writes: str = ""
    runs: bool = False


# `selftest` finds a false alarm, `doctor` a missing framework, everything that compares a divergence.
TABLE = {
    "align compare": Command(
        "-m led", 1, ("-m led --weights FILE", "-m led --reference FILE", "-m ./FILE.py"), runs=True
    ),
    "align init": Command(
        "--torch t:Net --jittor j:Net --input x=1x3 -o new.py",
        writes="--torch t:Net --jittor j:Net --input x=1x3 -o new.py",
    ),
    "align lint": Command("-m led", 0, ("-m ./FILE.py",), runs=True),
    "align explain": Command("run", 0, ("FILE", "run/alignment.json --weights FILE"), runs=True),
    "align reproduce": Command(
        f"run {ADDRESS} -o out", 0, (f"FILE {ADDRESS} -o out", f"run {ADDRESS} -o FILE/x"), runs=True
    ),
    "align selftest": Command("-m led", 1, ("-m ./FILE.py", "-m ./FILE.py --train"), runs=True),
    "align train": Command(
        "-m led",
        0,
        ("-m led --weights FILE", "-m led --data FILE", "--resume FILE", "-m ./FILE.py"),
        runs=True,
    ),
    "align bench": Command(
        "-m led", 0, ("-m led --weights FILE", "-m led --baseline FILE", "-m ./FILE.py"), runs=True
    ),
    "align evaluate": Command(
        "-m led",
        0,
        (
            "-m led --weights FILE",
            "-m led --port-weights FILE",
            "-m led --data FILE",
            "--compare led FILE",
            "--resume FILE",
            "-m ./FILE.py",
        ),
        runs=True,
    ),
    "align infer": Command(
        "a.h5 -m led",
        0,
        ("FILE -m led", "raw.npy -m led --weights FILE", "a.h5 -m ./FILE.py"),
        runs=True,
    ),
    "align record": Command(
        "-m led --side torch -o t.h5",
        0,
        ("-m led --side torch -o t.h5 --weights FILE", "-m ./FILE.py --side torch -o t.h5"),
        runs=True,
    ),
    "align diff": Command("a.h5 b.h5", 1, ("FILE a.h5", "a.h5 FILE", "a.h5 b.h5 --truth FILE")),
    "align check": Command("run", 1, ("FILE",), writes="run -o new.json"),
    "align show": Command("run", 0, ("FILE",)),
    "align report": Command("run -o r.html", 0, ("FILE -o r.html",), writes="run -o r.html"),
    "align map": Command(
        "-m led",
        0,
        ("-m ./FILE.py", "--torch t:Net --jittor j:Net --input x=1x3 --map FILE"),
        writes="-m led -o new.json",
        runs=True,
    ),
    "align list": Command("", 0, bare=0),
    "align doctor": Command("", NO_ENVIRONMENT, bare=NO_ENVIRONMENT),
    "align golden record": Command("-m led -o goldens", 0, ("-m ./FILE.py",), runs=True),
    "align golden verify": Command("", 1, ("-m ./FILE.py",), bare=1, runs=True),
    "align pin verify": Command("-m led --upstream run", 1, ("-m led --upstream FILE",), runs=True),
    "align knowledge scan": Command("", 0, bare=0, writes="-o new.json", runs=True),
    "align cache show": Command("", 0, bare=0),
    "align cache warm": Command("-m led", 0, ("-m ./FILE.py",), bare=0, runs=True),
    "align cache prune": Command("", 0, bare=0),
    "align data prepare": Command(
        "--source run --target new", 0, ("--source FILE --target new", "--source run --target FILE")
    ),
    "convert-weights": Command(
        "w.npz new.h5",
        0,
        ("FILE new.h5", "w.npz new.h5 --like FILE", "w.npz new.h5 --map FILE"),
        writes="w.npz new.npz",
    ),
}


@dataclass(frozen=True)
class Kind:
    """A column: how a call is changed, and the code that a command with `usual` then ends with."""

    changed: Callable[[list[str]], list[str]] = list
    code: Callable[[Command], int] = lambda row: row.code
    streams: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def wrong(row: Command) -> int:
    """The code of wrong usage and bad files."""
    return BAD_INPUT


def untold(row: Command) -> int:
    """The code where standard output takes nothing: a verdict that nobody can read is no verdict."""
    return CANNOT_WRITE


KINDS = {
    "right": Kind(),
    "right with --json": Kind(lambda words: [*words, "--json"]),
    "help": Kind(lambda words: [*words, "--help"], lambda row: 0),
    "unknown flag": Kind(lambda words: [*words, "--bogus"], wrong),
    "unknown flag with --json": Kind(lambda words: ["--json", *words, "--bogus"], wrong),
    "no arguments": Kind(lambda words: [], lambda row: row.bare),
    "too many arguments": Kind(lambda words: [*words, "extra", "extra", "extra"], wrong),
    "full output": Kind(code=untold, streams={"out": "/dev/full"}),
    "full output with --json": Kind(lambda words: [*words, "--json"], untold, {"out": "/dev/full"}),
    "closed output": Kind(code=untold, streams={"out": "closed"}),
    "full output, help": Kind(lambda words: [*words, "--help"], untold, {"out": "/dev/full"}),
    "full output, unknown flag": Kind(
        lambda words: [*words, "--bogus", "--json"], wrong, {"out": "/dev/full"}
    ),
    "closed errors": Kind(streams={"err": "closed"}),
    "full errors": Kind(streams={"err": "/dev/full"}),
    "full errors, unknown flag": Kind(lambda words: [*words, "--bogus"], wrong, {"err": "/dev/full"}),
    "all closed": Kind(code=untold, streams={"out": "closed", "err": "closed"}),
    "ASCII": Kind(streams={"encoding": "ascii"}, environment={"LC_ALL": "C", "PYTHONUTF8": "0"}),
    "no home": Kind(without=("HOME", "XDG_CACHE_HOME", "TMPDIR", "USER", "LOGNAME")),
}
FILES = ("missing", "folder", "unreadable", "garbage", "empty", "loop", "fifo")


GATE = (
    "right with --json", "unknown flag", "full output", "closed output", "closed errors", "no arguments",
    "missing", "garbage",
)  # fmt: skip
WHOLE = ("align compare", "convert-weights")  # commands of which the gate tries every kind


def in_the_gate(number: int, row: str, kind: str) -> bool:
    """Whether the gate tries a kind of ending of a row: half of the kinds, the other half in the next row."""
    return row.startswith(WHOLE) or (kind in GATE and (number + GATE.index(kind)) % 2 == 0)


def cells(pairs: Iterable[tuple[str, str]]) -> list[ParameterSet]:
    """Cells of the table; the gate takes some kinds of every command, and every kind of some commands."""
    pairs = list(pairs)
    rows = list(dict.fromkeys(row for row, _ in pairs))
    return [
        pytest.param(
            row,
            kind,
            marks=() if in_the_gate(rows.index(row), row, kind) else pytest.mark.slow,
            id=f"{row}-{kind}",
        )
        for row, kind in pairs
    ]


class Programs:
    """The programs, started once and forked for each call."""

    def __init__(self, folder: Path) -> None:
        self.out, self.err = folder / "out", folder / "err"
        command = [sys.executable, "-m", "tests.unit.cli.forkserver"]
        self.server = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, name: str, words: list[str], folder: Path, **changes: object) -> int:
        """The exit code of a call; what it wrote is in `out` and `err`."""
        program, *command = name.split()
        for stream in (self.out, self.err):
            stream.write_bytes(b"")
        call = {
            "program": program, "words": [*command, *words], "folder": str(folder), "out": str(self.out),
            "err": str(self.err), "encoding": "utf-8", "limit": None, "stand_in": True, "environment": {},
            "without": [],
        }  # fmt: skip
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps({**call, **changes}) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def error_text(self) -> str:
        """What went to standard error: no traceback, whatever happened."""
        text = self.err.read_text(errors="replace")
        assert "Traceback" not in text
        assert "Exception ignored" not in text
        assert "mistake of" not in text, text
        return text


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """The programs."""
    started = Programs(tmp_path_factory.mktemp("streams"))
    yield started
    started.server.communicate(timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what right words name: a run, two traces, a checkpoint."""
    place = tmp_path / "here"
    (place / "run").mkdir(parents=True)
    samples.diverging().save(place / "run" / "alignment.json")
    for name in ("a.h5", "b.h5"):
        (place / name).touch()
    np.savez(place / "w.npz", weight=np.ones(3, np.float32))
    np.save(place / "raw.npy", np.full((64, 64), 600, np.uint16))
    return place


@functools.cache
def commands() -> set[str]:
    """Every command that there is."""
    found = {"convert-weights"}

    def walk(name: str, command: object) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found.add(name)
        for word, sub in (inner or {}).items():
            walk(f"{name} {word}", sub)

    walk("align", typer.main.get_command(app))
    return found


def test_every_command_has_its_row() -> None:
    assert set(TABLE) == commands()


@pytest.mark.parametrize(("name", "kind"), cells((name, kind) for name in TABLE for kind in KINDS))
def test_endings(programs: Programs, folder: Path, name: str, kind: str) -> None:
    row, column = TABLE[name], KINDS[kind]
    changes = {**column.streams, "environment": column.environment, "without": list(column.without)}
    code = programs(name, column.changed(row.words.split()), folder, **changes)
    text = programs.error_text()
    assert code == column.code(row), text
    if "--json" in column.changed([]) and "out" not in column.streams:
        document = json.loads(programs.out.read_text())
        assert document.get("exit_code", code) == code
    if code not in (0, 1) and "err" not in column.streams and code != NO_ENVIRONMENT:
        assert text.startswith(f"{name.split()[0]}: ")


READS = [(f"{name}: {words}", file) for name, row in TABLE.items() for words in row.reads for file in FILES]
FINE = {("convert-weights: w.npz new.h5 --map FILE", "empty")}  # a key map without a rule


@pytest.mark.parametrize(("call", "file"), cells(cell for cell in READS if cell not in FINE))
def test_files(programs: Programs, folder: Path, call: str, file: str) -> None:
    """The real flows, with interpreters that cannot start: whatever can be refused is refused before."""
    name, _, words = call.partition(": ")
    place = make(folder, file, ".py" if ".py" in words else "")
    python = folder / "python"
    python.write_text("#!/bin/sh\nexit 9\n")
    python.chmod(0o755)
    environment = {"ALIGN_TORCH_PYTHON": str(python), "ALIGN_JITTOR_PYTHON": str(python)}
    asked = [
        place if word == FILE else word.replace("FILE.py", place).replace("FILE", place)
        for word in words.split()
    ]
    code = programs(name, asked, folder, stand_in=False, environment=environment)
    assert code == BAD_INPUT, programs.error_text()
    assert len(programs.error_text().splitlines()) <= 2


def make(folder: Path, kind: str, ending: str) -> str:
    """A file of a kind; its name."""
    path = folder / f"it{ending}"
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "fifo":
        subprocess.run(["mkfifo", path], check=True)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"\x93\x00nonsense\xff\n" * 50)
        path.chmod(0 if kind == "unreadable" else 0o644)
    return path.name


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.writes])
@pytest.mark.parametrize("full", [True, False])
def test_nothing_can_be_written(programs: Programs, folder: Path, name: str, full: bool) -> None:
    if not full:
        folder.chmod(0o500)
    code = programs(name, TABLE[name].writes.split(), folder, limit=16 if full else None)
    folder.chmod(0o700)
    assert code == (NO_ENVIRONMENT if full else BAD_INPUT) or (full and code == BAD_INPUT), (
        programs.error_text()
    )
    assert not list(folder.glob("*new*")) + list(folder.glob("r.html*"))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.runs])
def test_a_folder_that_takes_nothing(programs: Programs, folder: Path, name: str) -> None:
    """A command that would keep something here is refused, or runs as far as its workers."""
    folder.chmod(0o500)
    python = shutil.which("false")
    environment = {"ALIGN_TORCH_PYTHON": python, "ALIGN_JITTOR_PYTHON": python}
    code = programs(name, TABLE[name].words.split(), folder, stand_in=False, environment=environment)
    folder.chmod(0o700)
    assert code in (BAD_INPUT, NO_ENVIRONMENT, WORKER_LOST), programs.error_text()

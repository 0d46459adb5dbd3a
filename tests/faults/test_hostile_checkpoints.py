"""Hostile and odd files: refused in one line or read right, quickly, in little memory; nothing runs."""

from __future__ import annotations

import contextlib
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BAD_INPUT, BadInput
from tests import ROOT
from tests.faults.checkpoints import attacks, bombs, damaged, swelling
from tests.faults.checkpoints.case import PLAIN, Arrays, Case, jittor, text
from weight_convert import read_state

Array = NDArray[Any]
SECONDS = 10.0
MEMORY = 200 << 20
SWELLING = list(swelling.cases())
CASES = list(chain(attacks.cases(), bombs.cases(), damaged.cases()))


@pytest.fixture(autouse=True)
def canary() -> Iterator[Path]:
    """A file that must not appear, whatever is read."""
    path = Path(attacks.CANARY)
    path.unlink(missing_ok=True)
    yield path
    assert not path.exists(), "a checkpoint ran something"
    assert "canary_module" not in sys.modules


def resident(field: str) -> int:
    """Resident bytes of this process, now (VmRSS) or at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    pytest.skip("this system does not tell a process's memory")


def read(path: Path) -> dict[str, Array]:
    """Every tensor of a file, all elements touched."""
    return {key: np.array(array) for key, array in read_state(path).items()}


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_in_one_line_or_read_right(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    case.write(path)
    size = path.stat().st_size if path.is_file() else 0
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before, started = resident("VmRSS"), time.process_time()
    refusal: BadInput | None = None
    try:
        found = read(path)
    except BadInput as error:
        refusal = error
    if refusal is not None:
        assert case.read_as is None or case.or_refused, refusal
        check_refusal(str(refusal), case, path)
    else:
        assert case.read_as is not None, "this should have been refused"
        check_arrays(found, case.read_as)
    assert time.process_time() - started < SECONDS
    assert resident("VmHWM") - before < size + MEMORY


def check_refusal(message: str, case: Case, path: Path) -> None:
    """One line that names the file and what is wrong with it."""
    assert "\n" not in message
    assert str(path) in message
    assert len(message) < 700
    assert case.word in message


def check_arrays(found: dict[str, Array], wanted: Arrays) -> None:
    """The same keys in the same order, with the same bits."""
    assert list(found) == list(wanted)
    for key, array in wanted.items():
        assert found[key].dtype == np.asarray(array).dtype
        np.testing.assert_array_equal(found[key], array)


SPOKEN = [
    "attack-os.system-torch",
    "bomb-many-nones",
    "bomb-shape-expanded",
    "bomb-hdf5-compressed",
    "cut-torch-at-50-percent",
    "foreign-noise",
    "several-states",
]


@pytest.mark.parametrize("name", SPOKEN)
def test_the_command_says_one_line_and_ends_with_2(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    case.write(tmp_path / "in.pt")
    done = subprocess.run(
        [sys.executable, "-m", "weight_convert", tmp_path / "in.pt", tmp_path / "out.npz"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == BAD_INPUT
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == [tmp_path / "in.pt"]


Measured = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    """What a process of its own takes to read a file, or to run the command."""
    command = [sys.executable, "-m", "tests.faults.measured"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        pipes = server.stdin, server.stdout

        def ask(what: str, *arguments: Path | str) -> dict[str, Any]:
            assert pipes[0] is not None
            assert pipes[1] is not None
            print(json.dumps([what, *map(str, arguments)]), file=pipes[0], flush=True)
            found = json.loads(pipes[1].readline())
            assert isinstance(found, dict)
            assert "ended" not in found, found
            return found

        yield ask


@pytest.fixture(scope="module")
def usual(measured: Measured, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The memory that a file of some bytes takes: the interpreter's and numpy's."""
    path = tmp_path_factory.mktemp("usual") / "plain.pkl"
    path.write_bytes(jittor(pickle.dumps(PLAIN, 4)))
    took = measured("read", path)
    assert took["code"] == 0
    return int(took["memory"])


def twin_marks(case: Case) -> tuple[pytest.MarkDecorator, ...]:
    """A manifest is read as a header is; the gate tries one of them."""
    twin = case.name.startswith("json-manifest-") and case.name != "json-manifest-names"
    return (pytest.mark.slow,) if twin else ()


def check_kept_small(took: dict[str, Any], size: int, usual: int) -> None:
    """The promise: 200 MB above the file's size, seconds of processor time."""
    assert took["memory"] - usual < size + MEMORY
    assert took["seconds"] < SECONDS


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=twin_marks(case)) for case in SWELLING]
)
def test_a_small_file_stays_small(case: Case, tmp_path: Path, usual: int, measured: Measured) -> None:
    path = tmp_path / "checkpoint"
    case.write(path)
    took = measured("read", path)
    check_kept_small(took, path.stat().st_size, usual)
    if case.read_as is None:
        assert took["code"] == BAD_INPUT
        check_refusal(took["said"], case, path)
    else:
        check_arrays(read(path), case.read_as)


def test_as_many_tensors_as_are_converted_stay_small(tmp_path: Path, usual: int, measured: Measured) -> None:
    path = tmp_path / "checkpoint"
    for count, code in ((20_000, 0), (20_001, BAD_INPUT)):
        arrays = {f"backbone.stage.{index}.conv.weight": np.ones(2, np.float32) for index in range(count)}
        path.write_bytes(jittor(pickle.dumps(arrays, 4)))
        took = measured("convert", path, tmp_path / f"{count}.safetensors")
        assert took["code"] == code, took["said"]
        check_kept_small(took, path.stat().st_size, usual)


def test_two_states_without_a_common_key_are_compared_in_seconds(
    tmp_path: Path, usual: int, measured: Measured
) -> None:
    one, other = tmp_path / "one.pkl", tmp_path / "other.pkl"
    array = np.ones(2, np.float32)
    for path, name in ((one, "a"), (other, "b")):
        names = (f"{'part.' * 30}{name}{index}.weight" for index in range(15_000))
        path.write_bytes(jittor(pickle.dumps(dict.fromkeys(names, array), 4)))
    took = measured("convert", one, tmp_path / "out.npz", "--like", other)
    assert took["code"] == BAD_INPUT
    assert "15000 missing, 15000 unexpected" in took["said"]
    check_kept_small(took, one.stat().st_size + other.stat().st_size, usual)


def test_names_that_no_terminal_should_see_are_reported_harmlessly(tmp_path: Path) -> None:
    odd = "\x1b]0;title\x07\u202e\n"
    thing = text(odd) + b"X\x03\0\0\0\xed\xb2\x80" + b"\x93)\x81"
    note = b"X\x03\0\0\0\xed\xb2\x80" + thing
    (tmp_path / "in.pkl").write_bytes(
        swelling.pickled(b"}(" + text("w") + swelling.ARRAY + text(odd) + b"N" + note + b"u")
    )
    done = subprocess.run(
        [sys.executable, "-m", "weight_convert", tmp_path / "in.pkl", tmp_path / "out.npz"],
        capture_output=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = done.stdout.decode()
    assert "classes left alone" in expected
    assert all(line.isprintable() for line in expected.splitlines())
    assert sorted(np.load(tmp_path / "out.npz")) == ["w"]

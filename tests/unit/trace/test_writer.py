"""What a writer leaves on the disk, also when something goes wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.errors import BadInput, HarnessError
from harness.huge_pages import SHARED_MEMORY
from harness.scratch import scratch_folder
from harness.trace import Noise, TensorForm, Trace, TraceWriter
from tests import ROOT
from tests.unit.trace.samples import HEADER, write


def test_a_trace_takes_its_name_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    writer = TraceWriter(path, HEADER)
    writer.add("output:0", np.ones(3, np.float32))
    assert not path.exists()
    writer.close()
    writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_the_file_is_plain_hdf5_with_a_contiguous_dataset_for_each_tensor(tmp_path: Path) -> None:
    found = write(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["complete"] == 1
        assert len(file["tensors"]) == len(found)
        dataset = file["tensors"]["layer:encoder%2Fadd.1#0:out"]
        assert dataset.chunks is None
        assert dataset.id.get_offset() % 64 == 0
        np.testing.assert_array_equal(dataset, found["layer:encoder/add.1#0:out"])


@pytest.fixture
def in_memory() -> Iterator[Path]:
    if not SHARED_MEMORY.is_dir():
        pytest.skip("this system has no /dev/shm")
    with scratch_folder(SHARED_MEMORY) as folder:
        yield folder


ARRAYS = {
    f"layer:a{number}#0:out": np.random.default_rng(number).random((number, 1 << 18)).astype(dtype)
    for number, dtype in enumerate(("float32", "float64", "bool", "int64", "float32", "float64", "int8"))
}
PLAN = {address: TensorForm(array.shape, array.dtype) for address, array in ARRAYS.items()}


def record(path: Path, plan: dict[str, TensorForm] | None) -> dict[str, np.ndarray]:
    """Write the arrays by a plan and read them back."""
    with TraceWriter(path, HEADER, plan=plan) as writer:
        for address, array in ARRAYS.items():
            writer.add(address, array)
    with Trace.open(path) as trace:
        assert list(trace.records) == list(ARRAYS)
        return {address: np.array(trace.array(address)) for address in trace.records}


def test_what_came_as_planned_is_the_same_to_the_byte_on_a_disk_in_memory_and_without_a_plan(
    in_memory: Path, tmp_path: Path
) -> None:
    paths = tmp_path / "without.h5", tmp_path / "planned.h5", in_memory / "planned.h5"
    for path, plan in zip(paths, (None, PLAN, PLAN), strict=True):
        for address, array in record(path, plan).items():
            np.testing.assert_array_equal(array, ARRAYS[address])
    without, planned, laid_out = (path.read_bytes() for path in paths)
    assert planned == laid_out
    assert len(planned) == len(without)


@pytest.mark.parametrize(
    "plan",
    [
        {address: TensorForm(form.shape[::-1], form.dtype) for address, form in PLAN.items()},
        {address: TensorForm(form.shape, np.dtype(np.int16)) for address, form in PLAN.items()},
        {address: TensorForm((1,), np.dtype(np.complex64)) for address in PLAN},
        {
            **dict(list(PLAN.items())[2:4]),
            "layer:never#0:out": TensorForm((3, 1 << 20), np.dtype(np.float32)),
        },
    ],
)
def test_what_comes_otherwise_than_planned_is_written_all_the_same(
    in_memory: Path, plan: dict[str, TensorForm]
) -> None:
    for address, array in record(in_memory / "a.h5", plan).items():
        np.testing.assert_array_equal(array, ARRAYS[address])
    with h5py.File(in_memory / "a.h5") as file:
        assert len(file["tensors"]) == len(ARRAYS)


def test_a_run_that_fails_leaves_what_it_wrote(in_memory: Path) -> None:
    path = in_memory / "a.h5"
    plan = {f"layer:{name}#0:out": TensorForm((1 << 18,), np.dtype(float)) for name in ("first", "last")}
    writer = TraceWriter(path, HEADER, plan=plan)
    writer.add("layer:first#0:out", np.ones(1 << 18))
    writer.abort()
    with h5py.File(writer.partial) as file:
        assert list(file["tensors"]) == ["layer:first#0:out"]
    with Trace.open(writer.partial, allow_incomplete=True) as trace:
        np.testing.assert_array_equal(trace.array("layer:first#0:out"), np.ones(1 << 18))


def fail_after_two_layers(path: Path) -> None:
    """Record two layers and fail."""
    with TraceWriter(path, HEADER) as writer:
        writer.add("layer:first#0:out", np.ones(3))
        writer.add("layer:last#0:out", np.ones(4))
        raise ZeroDivisionError


def test_what_ran_before_an_error_stays_as_a_partial_file(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(ZeroDivisionError):
        fail_after_two_layers(path)
    partial = tmp_path / "a.h5.partial"
    assert list(tmp_path.iterdir()) == [partial]
    with pytest.raises(BadInput, match="is incomplete: the run that wrote it stopped after layer:last#0:out"):
        Trace.open(partial)
    with Trace.open(partial, allow_incomplete=True) as trace:
        assert not trace.complete
        assert list(trace.records) == ["layer:first#0:out", "layer:last#0:out"]
        np.testing.assert_array_equal(trace.array("layer:last#0:out"), np.ones(4))


@pytest.mark.parametrize("compact", [False, True])
def test_an_error_before_anything_is_recorded(tmp_path: Path, compact: bool) -> None:
    with pytest.raises(KeyError), TraceWriter(tmp_path / "a.h5", HEADER, compact=compact):
        raise KeyError
    with Trace.open(tmp_path / "a.h5.partial", allow_incomplete=True) as trace:
        assert trace.records == {}
    with pytest.raises(BadInput, match="stopped after nothing"):
        Trace.open(tmp_path / "a.h5.partial")


FILL = """
import resource, sys
import numpy as np
from harness.trace import TensorForm, TraceWriter
planned = {"planned": 30, "much planned": 20_000}.get(sys.argv[2], 0)
plan = {f"layer:a.{number}#0:out": TensorForm((20_000,), np.dtype(float)) for number in range(planned)}
count, size = (2000, 200) if sys.argv[2] == "small" else (30, 20_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with TraceWriter(sys.argv[1], {}, compact=sys.argv[2] == "compact", plan=plan) as writer:
        for number in range(count):
            writer.add(f"layer:a.{number}#0:out", np.random.default_rng(number).random(size))
            writer.note(f"n{number}", np.random.default_rng(number).bytes(70_000).hex())
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("kind", ["whole", "small", "compact", "planned", "much planned"])
@pytest.mark.parametrize("place", ["tmp_path", "in_memory"])
def test_a_full_disk_is_an_error_with_the_path_and_the_free_space(
    place: str, kind: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(place)
    path = folder / "a.h5"
    command = [sys.executable, "-c", FILL, str(path), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"HarnessError cannot write {path}: File too large, with ")
    assert " MB free there" in done.stdout
    assert [left for left in folder.iterdir() if not left.name.startswith(".")] == []


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"cannot write .*none/a\.h5: No such file or directory"):
        TraceWriter(tmp_path / "none" / "a.h5", HEADER)


def test_arrays_that_are_not_contiguous_or_of_the_other_byte_order(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    with TraceWriter(tmp_path / "a.h5", HEADER) as writer:
        writer.add("output:0", array.T)
        writer.add("output:1", array[::2, ::-1])
        writer.add("output:2", array.astype(">f4"))
    with Trace.open(tmp_path / "a.h5") as trace:
        np.testing.assert_array_equal(trace.array("output:0"), array.T)
        np.testing.assert_array_equal(trace.array("output:1"), array[::2, ::-1])
        np.testing.assert_array_equal(trace.array("output:2"), array)
        assert trace.records["output:2"].dtype == "float32"


def test_misuse_is_refused(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "a.h5", HEADER)
    writer.add("output:0", np.ones(3))
    with pytest.raises(ValueError, match="output:0 is recorded already"):
        writer.add("output:0", np.ones(3))
    with pytest.raises(ValueError, match="output:9, which is not recorded"):
        writer.alias("output:1", "output:9")
    with pytest.raises(HarnessError, match="output:1: a trace holds no tensors of dtype complex64"):
        writer.add("output:1", np.ones(3, np.complex64))
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        writer.note("layers", object())
    with pytest.raises(KeyError):
        writer.set_noise("output:7", Noise(0, 0))
    writer.close()
    with pytest.raises(ValueError, match="is closed"):
        writer.add("output:2", np.ones(3))


def test_more_notes_than_a_reader_would_take_are_refused_by_the_writer(tmp_path: Path) -> None:
    with (
        pytest.raises(HarnessError, match=r"holds \d+ values, and \d+ are allowed"),
        TraceWriter(tmp_path / "a.h5", HEADER) as writer,
    ):
        writer.note("layers", [0] * (1 << 21))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [260, 700])
def test_a_compact_trace_is_small(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(5)
    with TraceWriter(tmp_path / "a.h5", HEADER, compact=True) as writer:
        for number in range(count):
            array = rng.normal(rng.normal(), 1 + number, (2, 3, 20, 20)).astype(np.float32)
            writer.add(f"layer:stage{number % 7}.block.{number // 7}.conv{number}#0:out", array, "Conv2d")
    assert (tmp_path / "a.h5").stat().st_size < 200_000


@pytest.mark.parametrize("other", [np.ones(3), np.ones((2, 2), np.float32), None])
def test_a_tensor_that_is_not_what_the_index_says_is_named(tmp_path: Path, other: np.ndarray | None) -> None:
    path = tmp_path / "a.h5"
    with TraceWriter(path, HEADER) as writer:
        writer.add("output:0", np.ones(3, np.float32))
    with h5py.File(path, "r+") as file:
        del file["tensors"]["output:0"]
        if other is not None:
            file["tensors"]["output:0"] = other
    with Trace.open(path) as trace, pytest.raises(BadInput, match="output:0 is not what the index says"):
        trace.array("output:0")

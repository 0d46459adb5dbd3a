"""What a reader gets back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput, HarnessError
from harness.numerics import statistics
from harness.scratch import scratch_folder
from harness.trace import Noise, Record, Trace, TraceWriter
from tests.unit.trace.samples import HEADER, tensors, write

ALIASES = {"layer:encoder#0:out", "layer:(model)#0:out"}


def test_a_whole_trace_gives_back_what_was_written(tmp_path: Path) -> None:
    found = write(tmp_path / "a.h5")
    with Trace.open(tmp_path / "a.h5") as trace:
        assert list(trace.records) == [*found, "layer:encoder#0:out", "layer:(model)#0:out"]
        assert trace.header == {**HEADER, "format": "align-trace", "version": 1}
        assert trace.notes == {"layers": {"encoder.0": {"type": "Conv2d", "attributes": {"eps": 0.5}}}}
        assert (trace.complete, trace.compact, trace.upstream, trace.mode) == (True, False, False, "eval")
        for address, array in found.items():
            stored = trace.array(address)
            assert stored is not None
            assert stored.dtype == array.dtype
            np.testing.assert_array_equal(stored, array, strict=True)
            assert trace.stats(address) == statistics(array)
            assert trace.records[address].shape == array.shape
        assert trace.truth_array("output:0") is None


def test_an_alias_is_its_tensor_under_another_name(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    with Trace.open(tmp_path / "a.h5") as trace:
        record = trace.records["layer:(model)#0:out"]
        assert record == Record(
            "layer:(model)#0:out", (2, 3, 4, 50), "float32", "Net", "layer:encoder.0#0:out"
        )
        first, second = trace.array("layer:encoder.0#0:out"), trace.array("layer:(model)#0:out")
        np.testing.assert_array_equal(first, second, strict=True)
        np.testing.assert_array_equal(
            trace.sample("layer:(model)#0:out"), trace.sample("layer:encoder.0#0:out")
        )


def test_arrays_of_a_run_of_our_own_are_mapped_and_outlive_the_trace() -> None:
    with scratch_folder() as folder:
        found = write(folder / "a.h5")
        with Trace.open(folder / "a.h5") as trace:
            array = trace.array("layer:encoder.0#0:out")
            again = trace.array("layer:(model)#0:out")
    assert array is not None
    assert np.shares_memory(array, again)
    assert not array.flags.writeable
    assert not array.flags.owndata
    assert array.flags.aligned
    np.testing.assert_array_equal(array, found["layer:encoder.0#0:out"])


def test_arrays_of_any_other_trace_are_copied_and_outlive_it(tmp_path: Path) -> None:
    found = write(tmp_path / "a.h5")
    with Trace.open(tmp_path / "a.h5") as trace:
        array = trace.array("layer:encoder.0#0:out")
    (tmp_path / "a.h5").write_bytes(b"")
    assert array is not None
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, found["layer:encoder.0#0:out"])


@pytest.mark.parametrize("size", [0, 4096, 1 << 24])
def test_a_trace_that_changes_while_it_is_read_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.h5"
    with TraceWriter(path, HEADER) as writer:
        for name in ("0", "1"):
            writer.add(f"output:{name}", np.ones(1 << 20))
    with Trace.open(path) as trace:
        np.testing.assert_array_equal(trace.array("output:0"), np.ones(1 << 20))
        os.truncate(path, size)
        for address in trace.records:
            with pytest.raises(BadInput, match=r"a\.h5 was changed while it was read"):
                trace.array(address)


def test_a_trace_that_another_takes_the_place_of_is_read_on(tmp_path: Path) -> None:
    found = write(tmp_path / "a.h5")
    with Trace.open(tmp_path / "a.h5") as trace:
        (tmp_path / "b.h5").write_bytes(b"another")
        (tmp_path / "b.h5").replace(tmp_path / "a.h5")
        np.testing.assert_array_equal(trace.array("output:0"), found["output:0"])


@pytest.mark.parametrize("samples", [64, 10, 1024])
def test_a_compact_trace_has_statistics_and_the_drawn_elements(tmp_path: Path, samples: int) -> None:
    found = write(tmp_path / "a.h5", compact=True, samples=samples)
    with Trace.open(tmp_path / "a.h5") as trace:
        assert trace.compact == (samples < 1024 or any(array.size > 1024 for array in found.values()))
        for address, array in found.items():
            index, values = trace.sample(address)
            np.testing.assert_array_equal(index, seeded.sample_indices(address, array.size, samples))
            np.testing.assert_array_equal(values, array.reshape(-1)[index], strict=True)
            assert trace.stats(address) == trace.records[address].stats == statistics(array)
            stored = trace.array(address)
            if array.size <= samples:
                np.testing.assert_array_equal(stored, array, strict=True)
            else:
                assert stored is None
        alias = trace.records["layer:(model)#0:out"]
        assert alias.stats == trace.stats("layer:encoder.0#0:out")


def test_noise_is_kept_and_shared_with_aliases(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a.h5", HEADER, compact=True) as writer:
        writer.add("layer:a#0:out", np.ones(9))
        writer.add("layer:b#0:out", np.ones(9))
        writer.alias("output:0", "layer:a#0:out")
        writer.set_noise("layer:a#0:out", Noise(3e-7, 1e-8))
    with Trace.open(tmp_path / "a.h5") as trace:
        noises = [record.noise for record in trace.records.values()]
        assert noises == [Noise(3e-7, 1e-8), None, Noise(3e-7, 1e-8)]


@pytest.mark.parametrize("compact", [True, False])
def test_the_same_tensors_give_the_same_bytes_at_any_time(tmp_path: Path, *, compact: bool) -> None:
    write(tmp_path / "now.h5", compact=compact)
    time.sleep(1.1)  # HDF5 notes whole seconds
    write(tmp_path / "later.h5", compact=compact)
    assert (tmp_path / "now.h5").read_bytes() == (tmp_path / "later.h5").read_bytes()


def test_a_compacted_trace_equals_one_recorded_compactly(tmp_path: Path) -> None:
    write(tmp_path / "whole.h5")
    write(tmp_path / "direct.h5", compact=True, samples=20)
    with Trace.open(tmp_path / "whole.h5") as whole:
        whole.compacted(tmp_path / "compacted.h5", samples=20)
    assert (tmp_path / "compacted.h5").read_bytes() == (tmp_path / "direct.h5").read_bytes()


def test_what_is_compact_cannot_be_compacted_again(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", compact=True)
    with Trace.open(tmp_path / "a.h5") as trace, pytest.raises(BadInput, match=r"samples of \S+ alone"):
        trace.compacted(tmp_path / "b.h5", samples=8)
    assert not (tmp_path / "b.h5").exists()


def test_the_samples_of_a_whole_tensor_are_those_of_a_compact_trace(tmp_path: Path) -> None:
    write(tmp_path / "whole.h5")
    write(tmp_path / "compact.h5", compact=True)
    with Trace.open(tmp_path / "whole.h5") as whole, Trace.open(tmp_path / "compact.h5") as compact:
        for address in whole.records:
            for one, other in zip(whole.sample(address), compact.sample(address), strict=True):
                np.testing.assert_array_equal(one, other, strict=True)


def test_inputs_are_those_that_are_whole(tmp_path: Path) -> None:
    write(tmp_path / "whole.h5")
    write(tmp_path / "compact.h5", compact=True)
    with Trace.open(tmp_path / "whole.h5") as whole, Trace.open(tmp_path / "compact.h5") as compact:
        np.testing.assert_array_equal(whole.inputs()["x"], tensors()["input:x"])
        assert compact.inputs() == {}


def test_a_copy_is_the_same_file(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    with Trace.open(tmp_path / "a.h5") as trace:
        trace.copy(tmp_path / "b.h5")
        with pytest.raises(HarnessError, match=r"b\.h5.* there is no folder"):
            trace.copy(tmp_path / "none" / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_trace_without_a_mode_says_so_when_asked(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a.h5", {"replay": "conv"}) as writer:
        writer.add("output:0", np.ones(3))
    with Trace.open(tmp_path / "a.h5") as trace, pytest.raises(BadInput, match="does not say the mode"):
        _ = trace.mode


def test_a_repacked_trace_is_still_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    found = write(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as old, h5py.File(tmp_path / "b.h5", "w") as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new["index"] = old["index"][()]
        for name, dataset in old["tensors"].items():
            options = {"compression": "gzip", "shuffle": True} if dataset.size > 1 else {}
            new.create_dataset(f"tensors/{name}", data=dataset[()], **options)
    with Trace.open(tmp_path / "b.h5") as trace:
        for address, array in found.items():
            np.testing.assert_array_equal(trace.array(address), array, strict=True)


def test_gradient_of_a_result_is_that_of_the_operation_inside_which_made_it(tmp_path: Path) -> None:
    ones = np.ones(2, np.float32)
    with TraceWriter(tmp_path / "a.h5", {}) as writer:
        for place, (layer, array) in enumerate({"output": ones, "norm/add.1": 2 * ones}.items()):
            writer.add(f"layer:{layer}#0:out", array)
            writer.add(f"layer:{layer}#0:grad", (place + 1) * 10 * ones)
        writer.alias("layer:norm#0:out", "layer:norm/add.1#0:out")
        writer.alias("layer:drop#0:out", "layer:output#0:out")
    with Trace.open(tmp_path / "a.h5") as trace:
        places = ("output", "norm", "norm/add.1", "drop", "nowhere")
        found = {place: trace.gradient(f"layer:{place}#0:out") for place in places}
    expected = {place: None if array is None else array.tolist() for place, array in found.items()}
    assert expected == {
        "output": [10, 10],
        "norm": [20, 20],
        "norm/add.1": [20, 20],
        "drop": None,
        "nowhere": None,
    }


def test_a_result_is_named_as_another_trace_names_it(tmp_path: Path) -> None:
    ours, its = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    with TraceWriter(tmp_path / "a.h5", HEADER) as writer:
        for address in ("layer:attn#0:out.0", "layer:attn#0:out.1", "layer:last#0:out", "layer:wide#0:out.0"):
            writer.add(address, ours)
    with TraceWriter(tmp_path / "b.h5", HEADER) as writer:
        for address in ("layer:attn#0:out", "layer:attn#0:grad", "layer:last#0:out.0"):
            writer.add(address, its)
        writer.alias("layer:head#0:out", "layer:attn#0:out")
        writer.add("layer:wide#0:out", np.ones((3, 2), np.float32))
    with Trace.open(tmp_path / "a.h5") as reference, Trace.open(tmp_path / "b.h5") as trace:
        trace.name_results_as(reference)
        assert list(trace.records) == [
            "layer:attn#0:out.0",
            "layer:attn#0:grad",  # the reference has none
            "layer:last#0:out",
            "layer:head#0:out",
            "layer:wide#0:out",  # of another shape: it may be anything
        ]
        assert trace.records["layer:head#0:out"].alias == "layer:attn#0:out.0"
        for address in ("layer:attn#0:out.0", "layer:last#0:out", "layer:head#0:out"):
            np.testing.assert_array_equal(trace.array(address), its, strict=True)
        trace.name_results_as(reference)
        assert len(trace.records) == 5

"""The same evidence, the same verdict: compare, record and diff, check and goldens agree in every row."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import golden
from harness import flows, pairs
from harness.alignment import Alignment
from harness.comparing import rejudge
from harness.errors import BadInput
from harness.pairs.base import Mode
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.trace import Trace, TraceWriter, carry
from harness.verdict import NoisePolicy

SMALL, RANDOM = "tests.unit.sides.small:PAIR", "tests.mutants.random.pair:PAIR"
FIRST = {pairs.find(name).variant(None).name for name in pairs.names()}
GOLDENS = [
    pytest.param(
        golden.trace_path(model, *name.rsplit(".", 1)),
        id=f"{model}-{name}",
        marks=[] if name.rsplit(".", 1)[0] in FIRST else [pytest.mark.slow],
    )
    for model in golden.pins()
    for name in golden.names(model)
]


def statuses(alignment: Alignment) -> dict[str, str]:
    """What was said of every tensor."""
    return {row.address: row.verdict.status for row in alignment.rows}


def assert_same(one: Alignment, other: Alignment) -> None:
    """Every row, and the whole."""
    assert statuses(one) == statuses(other)
    assert one.verdict == other.verdict
    assert one.coverage.fallback == other.coverage.fallback


@pytest.fixture
def near() -> Iterator[Path]:
    """A folder whose traces are read in this process."""
    with scratch_folder() as folder:
        yield folder


@pytest.mark.torch
class TestCompareAndDiff:
    """Both sides are torch in this process; the port's convolutions round otherwise."""

    @pytest.mark.parametrize(
        ("model", "variant", "mode", "verdict"),
        [
            (SMALL, "small", "eval", "aligned"),
            (SMALL, "small", "train", "aligned"),
            (RANDOM, "encoder", "train", "aligned"),
            (RANDOM, "recurrent", "train", "aligned"),
            (RANDOM, "functional", "eval", "aligned"),
            (RANDOM, "functional scale", "train", "diverged"),
            (RANDOM, "encoder eps", "train", "diverged"),
        ],
    )
    @pytest.mark.parametrize("keep", ["compact", "whole"])
    def test_kept_traces_are_judged_as_the_run_was(
        self, model: str, variant: str, mode: Mode, verdict: str, keep: flows.request.Keep, near: Path
    ) -> None:
        from tests.mutants import side_by_side

        request = flows.CompareRequest(
            model, variant, mode=mode, output=near / "run", keep=keep, isolated="never"
        )
        port = side_by_side.Port if model == SMALL else side_by_side.OwnPort
        with side_by_side.lend_workers("cpu", 60.0, port) as workers:
            compared = flows.compare(request, Silent(), workers=workers)  # type: ignore[arg-type]
        assert compared.verdict == verdict, compared.sentence
        traces = near / "run" / "traces"
        again = flows.diff(traces / "torch.h5", traces / "jittor.h5", NoisePolicy(), model=model)
        assert_same(compared, again)
        assert "What float32 strays is known from torch.h5." in again.sentence
        stored = rejudge(Alignment.load(near / "run" / "alignment.json"), NoisePolicy())
        assert_same(compared, stored)
        assert_same(again, rejudge(again, NoisePolicy()))


@pytest.mark.torch
@pytest.mark.jittor
def test_record_twice_and_diff_is_compare(tmp_path: Path) -> None:
    request = flows.CompareRequest(SMALL, mode="train", output=tmp_path / "run", isolated="never")
    compared = flows.compare(request, Silent())
    for side in ("torch", "jittor"):
        flows.record(request, side, tmp_path / f"{side}.h5", Silent())
    again = flows.diff(tmp_path / "torch.h5", tmp_path / "jittor.h5", NoisePolicy(), model=SMALL)
    assert compared.verdict == "aligned", compared.sentence
    assert_same(compared, again)
    assert not again.coverage.fallback
    with Trace.open(tmp_path / "jittor.h5") as port:
        assert port.truth is None


@pytest.mark.torch
def test_a_truth_that_was_left_out_is_reported(tmp_path: Path) -> None:
    request = replace(flows.CompareRequest(SMALL), keep="whole")
    expected = flows.record(request, "torch", tmp_path / "bare.h5", Silent(), truth=False)
    assert "left out" in expected.truth
    with Trace.open(tmp_path / "bare.h5") as trace:
        assert trace.truth is None
    alignment = flows.diff(tmp_path / "bare.h5", tmp_path / "bare.h5", NoisePolicy(), model=SMALL)
    assert "without a float64 truth" in alignment.sentence


@pytest.mark.parametrize("path", GOLDENS)
def test_a_golden_says_the_same_however_its_truth_travels(path: Path, near: Path) -> None:
    """Beside it, as it is kept, or within; judged, or judged again from its figures."""
    beside, within = near / path.name, near / "within.h5"
    for place in (beside, within):
        shutil.copyfile(path, place)
    shutil.copyfile(golden.truth_path(path), golden.truth_path(beside))
    carry(within, golden.truth_path(path))
    one = flows.diff(beside, beside, NoisePolicy())
    other = flows.diff(within, beside, NoisePolicy())
    assert one.verdict in ("aligned", "inconclusive")
    assert "diverged" not in statuses(one).values()
    assert_same(one, other)
    assert_same(one, rejudge(one, NoisePolicy()))
    assert one.truth == golden.truth_path(beside).name
    assert other.truth == "within.h5"


def scaled(path: Path, address: str, factor: float) -> None:
    """Multiply a tensor in a compact trace."""
    with Trace.open(path) as trace:
        own = [record for record in trace.records.values() if record.alias is None]
        count = json.loads(zlib.decompress(h5py.File(path)["index"][()].tobytes()))["samples"]
    place = next(place for place, record in enumerate(own) if record.address == address)
    start = sum(min(record.size, count) for record in own[:place] if record.dtype == own[place].dtype)
    with h5py.File(path, "r+") as whole:
        stats = whole["stats"][()].reshape(5, -1)
        stats[:4, place] *= factor
        whole["stats"][()] = stats.reshape(-1)
        whole[f"samples/{own[place].dtype}"][start : start + min(own[place].size, count)] *= np.float32(
            factor
        )


@pytest.mark.parametrize("carried", [True, False], ids=["within", "beside"])
def test_a_noise_that_only_the_truth_claims_excuses_nothing(carried: bool, near: Path) -> None:
    path = golden.trace_path("l2sknet", "L2SKNet_UNet", "eval")
    with Trace.open(path) as trace, Trace.open(golden.truth_path(path)) as exact:
        layers = [record for record in trace.records.values() if record.alias is None]
        address = next(one.address for one in layers if one.address.endswith(":out") and one.size <= 64)
        own = [record.address for record in exact.records.values() if record.alias is None]
    reference, port = near / path.name, near / "port.h5"
    for place in (reference, port):
        shutil.copyfile(path, place)
    shutil.copyfile(golden.truth_path(path), golden.truth_path(reference))
    scaled(port, address, 1.2)
    assert flows.diff(reference, port, NoisePolicy()).verdict == "diverged"
    with h5py.File(golden.truth_path(reference), "r+") as whole:
        noise = whole["noise"][()].reshape(2, -1)
        noise[:, own.index(address)] *= 1e6
        whole["noise"][()] = noise.reshape(-1)
    if carried:
        carry(reference, golden.truth_path(reference))
        golden.truth_path(reference).unlink()
    alignment = flows.diff(reference, port, NoisePolicy())
    assert alignment.verdict == "inconclusive", alignment.sentence
    assert "is not believed" in alignment.row(address).verdict.reason


@pytest.mark.parametrize("path", GOLDENS)
def test_a_running_statistic_that_is_a_hundredth_off_is_found_against_a_golden(
    path: Path, near: Path
) -> None:
    with Trace.open(path) as trace:
        last = [address for address in trace.records if address.endswith(".running_var")][-1:]
        last += [address for address in trace.records if address.endswith(".running_mean")][-1:]
    if not last or path.stem.endswith(".eval"):
        pytest.skip("no run of it changes a running statistic")
    port = near / path.name
    for address in last:
        shutil.copyfile(path, port)
        scaled(port, address, 1.01)
        alignment = flows.diff(path, port, NoisePolicy())
        assert alignment.verdict == "diverged", alignment.sentence
        assert alignment.first == address
        assert [row.address for row in alignment.rows if row.verdict.status == "diverged"] == [address]


@pytest.mark.parametrize(
    ("weights", "digests", "refused"),
    [("seeded", ("a", "b"), True), ("seeded", ("a", "a"), False), ("best.pt", ("a", "b"), False)],
)
def test_traces_for_which_each_side_drew_another_number_are_refused(
    weights: str, digests: tuple[str, str], refused: bool, near: Path
) -> None:
    """A parameter that is () on the one side and (1,) on the other has another value on each."""
    paths = near / "torch.h5", near / "jittor.h5"
    for path, digest, shape in zip(paths, digests, ([], [1]), strict=True):
        case = {"pair": "cpanet", "variant": "vgg16", "seed": 3, "weights": weights}
        with TraceWriter(path, {"side": path.stem, "case": case, "state": digest}) as writer:
            writer.add("output:0", np.ones(4, np.float32))
            writer.note("state", [["scale", shape, "float32"], ["fc.weight", [1], "float32"]])
    if refused:
        with pytest.raises(BadInput, match=r"'scale' is \(\) in the one, 1 in the other"):
            flows.diff(*paths, NoisePolicy())
    else:
        flows.diff(*paths, NoisePolicy())

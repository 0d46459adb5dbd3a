"""What is measured between two traces: each tensor once, against the truth, at the elements both have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.comparing import _measuring, compare
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy
from tests.unit.toy_network import Alter, Bench, scaled


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class TestMeasuring:
    def test_aliases_are_measured_once(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = []
        real = _measuring.difference

        def counted(left: Any, right: Any) -> Any:
            calls.append(left.shape)
            return real(left, right)

        monkeypatch.setattr(_measuring, "difference", counted)
        alignment = bench.compare(bench.port())
        stored = [item for item in bench.reference.tensors.values() if not isinstance(item, str)]
        assert len(calls) == len(stored)
        assert alignment.row("output:0").measured is alignment.row("layer:head#0:out").measured

    def test_the_error_is_the_distance_from_the_truth(self, bench: Bench) -> None:
        port, exact = bench.port(), bench.toy.run(exact=True)
        alignment = bench.compare(port)
        for address in ("layer:head#0:out", "grad:stem.weight", "layer:block.relu#0:out"):
            measured = alignment.row(address).measured
            assert measured is not None
            error = np.linalg.norm(port.array(address).astype(np.float64) - exact.array(address))
            assert measured.error_l2 == pytest.approx(error, rel=0.15)
            assert measured.error_samples == 0

    def test_samples_estimate_the_whole(self, bench: Bench) -> None:
        port, exact = bench.port(), bench.toy.run(exact=True)
        alignment = bench.compare(port, compact="torch jittor")
        measured = alignment.row("grad:stem.weight").measured
        assert measured is not None
        error = np.linalg.norm(
            port.array("grad:stem.weight").astype(np.float64) - exact.array("grad:stem.weight")
        )
        assert measured.basis == "samples"
        assert 32 <= measured.error_samples <= 64
        assert measured.error_l2 == pytest.approx(error, rel=0.6)

    def test_small_tensors_of_compact_traces_are_whole(self, bench: Bench) -> None:
        measured = bench.compare(bench.port(), compact="torch jittor").row("loss:total").measured
        assert measured is not None
        assert (measured.basis, measured.error_samples) == ("whole", 0)

    def test_a_tolerance_is_checked_on_the_elements_themselves(self, bench: Bench) -> None:
        for address, rtol, atol in (("layer:head#0:out", 1e-6, 1e-6), ("grad:stem.weight", 1e-5, 1e-8)):
            port = bench.port()
            alignment = bench.compare(port, policy=FixedPolicy(rtol, atol))
            passes = np.allclose(port.array(address), bench.reference.array(address), rtol, atol)
            assert (alignment.row(address).verdict.status == "aligned") == passes

    @pytest.mark.parametrize("seed", range(5))
    def test_the_smallest_atol_is_that_of_the_elements(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        reference = rng.standard_normal((3, 50_000)).astype(np.float32)
        candidate = reference + np.float32(1e-3) * rng.standard_normal((3, 50_000)).astype(np.float32)
        reference[0, 0] = candidate[0, 0] = np.inf
        reference[2, 1] = candidate[2, 1] = np.nan
        atol = _measuring.smallest_atol(reference, candidate, 1e-3)
        left, right = reference.astype(np.float64), candidate.astype(np.float64)
        assert np.allclose(right, left, 1e-3, atol * (1 + 1e-9), equal_nan=True)
        assert not np.allclose(right, left, 1e-3, atol * (1 - 1e-9), equal_nan=True)

    def test_no_element_in_common_is_not_compared(self, bench: Bench, tmp_path: Path) -> None:
        traces = []
        for name, place in (("a", "layer:y#0:out"), ("b", "layer:z#0:out")):
            with TraceWriter(tmp_path / f"{name}.h5", {"side": name}, compact=True) as writer:
                writer.add(place, np.arange(1e6, dtype=np.float32))
                writer.alias("output:0", place)
                writer.add("output:1", np.ones(3, np.float32))
            traces.append(Trace.open(tmp_path / f"{name}.h5"))
        alignment = compare(*traces)
        assert alignment.verdict == "aligned"
        assert "no element in common" in alignment.row("output:0").verdict.reason


@pytest.fixture(scope="module")
def upstream(shared: Path) -> Trace:
    return Trace.open(shared / "upstream/l2sknet/L2SKNet_UNet.eval.h5")


class TestUpstreamTraces:
    def candidate(self, upstream: Trace, path: Path, alter: Alter | None = None) -> Trace:
        """A whole trace whose elements are those of an upstream trace where it has them, else zero."""
        with TraceWriter(path, {"side": "torch"}) as writer:
            for address, record in upstream.records.items():
                array = upstream.array(address)
                if array is None:
                    index, values = upstream.sample(address)
                    array = np.zeros(record.shape, np.float32)
                    array.reshape(-1)[index] = values
                writer.add(
                    address, (alter or {}).get(address, lambda same: same)(np.array(array)), record.type
                )
        return Trace.open(path)

    def test_serve_as_reference_at_their_own_samples(self, upstream: Trace, tmp_path: Path) -> None:
        alignment = compare(upstream, self.candidate(upstream, tmp_path / "torch.h5"))
        assert alignment.names == ("upstream", "torch")
        assert alignment.verdict == "aligned"
        assert len(alignment.rows) == len(upstream.records)
        outputs = [row for row in alignment.rows if row.address.startswith("output:")]
        assert {row.verdict.policy for row in outputs} == {"noise"}
        assert all(row.measured and row.measured.noise_l2 for row in outputs)
        assert all(
            row.measured and row.measured.noise_l2 is None for row in alignment.rows if row not in outputs
        )

    def test_find_a_fault_in_the_candidates_order_of_execution(self, upstream: Trace, tmp_path: Path) -> None:
        places = [address for address in upstream.records if address.startswith("layer:")][::-40]
        fault = {place: scaled(1.01) for place in places}
        alignment = compare(upstream, self.candidate(upstream, tmp_path / "torch.h5", fault))
        diverged = {row.address for row in alignment.rows if row.verdict.status == "diverged"}
        assert diverged == set(places)
        assert alignment.first == min(places, key=list(upstream.records).index)

    def test_judge_outputs_by_their_own_float64_run(self, upstream: Trace, tmp_path: Path) -> None:
        place = next(address for address in upstream.records if address.startswith("output:"))
        fault = {place: scaled(1.0001)}
        alignment = compare(upstream, self.candidate(upstream, tmp_path / "torch.h5", fault))
        assert alignment.first == place
        assert alignment.row(place).verdict.policy == "noise"

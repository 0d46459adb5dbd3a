"""The truth: the reference in double precision, and how far its own single precision strays from it.

One float32 run understates the noise of a network: whether a ReLU near zero is open or closed decides
whole gradients, and one run shows one side of that coin. So the reference also runs with every result
moved at random by a few units in the last place, and the largest distance counts.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

from harness import address as addresses
from harness.answers import Times
from harness.numerics import difference
from harness.pairs.base import Mode
from harness.sides.isolated_run import Header, run_isolated
from harness.sides.perturbation import PERTURBATIONS
from harness.sides.recorder import Array
from harness.sides.side import Side
from harness.trace import Noise, Trace, TraceWriter
from harness.trace_header import TraceHeader

Alter = Callable[[Any], Any]


class NoiseMeter:
    """A sink that keeps, per address, the largest distance from the truth."""

    def __init__(self, truth: Trace) -> None:
        self.truth = truth
        self.gradients_alone = False
        self.noise: dict[str, Noise] = {}

    def add(self, address: str, array: Array, type: str = "") -> None:
        """Measure one tensor."""
        if self.gradients_alone and not addresses.is_gradient(address):
            return
        record = self.truth.records.get(address)
        if record is None or tuple(record.shape) != tuple(array.shape):
            return
        exact = self.truth.array(address)
        assert exact is not None
        found = difference(exact, array)
        known = self.noise.get(address, Noise(0.0, 0.0))
        self.noise[address] = Noise(max(known.l2, found.l2), max(known.max, found.max_abs))

    def alias(self, address: str, of: str, type: str = "") -> None:
        """Nothing: an alias has the noise of its tensor."""

    def add_trace(self, trace: Trace) -> None:
        """Measure every tensor of a recorded run."""
        for address, record in trace.records.items():
            if record.alias is None:
                array = trace.array(address)
                if array is not None:
                    self.add(address, array)


def measure(
    side: Side,
    inputs: str,
    mode: Mode,
    reference: Path,
    path: Path,
    scratch: Path,
    samples: int,
    layers: str,
    header: TraceHeader,
    slim: bool,
    times: int = 1,
) -> Times:
    """Write the truth trace of a case: samples in double precision, and each tensor's noise.

    The noise is that of `times` as many runs as a mode has perturbations.
    """
    started, cpu = time.perf_counter(), time.process_time()
    exact = scratch / "float64.h5"
    side.run(inputs, mode, str(exact), layers, dtype="float64", header=header)
    if mode != "eval":
        side.backward()
    with Trace.open(exact) as truth:
        meter = NoiseMeter(truth)
        with Trace.open(reference) as recorded:
            meter.add_trace(recorded)
        for turn, perturbation in enumerate(times * PERTURBATIONS[mode]):
            meter.gradients_alone = perturbation.gradients_alone
            _perturbed_run(side, inputs, mode, layers, meter, side.perturbation(turn, perturbation))
        _write(truth, meter, path, samples, header.to_dict(), slim)
    exact.unlink()
    return Times(time.perf_counter() - started, time.process_time() - cpu)


def measure_isolated(
    side: Side, inputs: str, mode: Mode, reference: Path, path: Path, scratch: Path, samples: int
) -> Times:
    """Write the truth of each isolated layer: its float64 result for the recorded float32 inputs."""
    started, cpu = time.perf_counter(), time.process_time()
    exact = scratch / "local64.h5"
    with Trace.open(reference) as recorded:
        paired = list(recorded.records)
        header = dict(recorded.header)
        run_isolated(side, inputs, mode, reference, paired, exact, "float64", header)
        with Trace.open(exact) as truth:
            meter = NoiseMeter(truth)
            for address in truth.records:
                array = recorded.array(address)
                if array is not None:
                    meter.add(address, array)
            _write(truth, meter, path, samples, header, slim=False)
    exact.unlink()
    return Times(time.perf_counter() - started, time.process_time() - cpu)


def _perturbed_run(side: Side, inputs: str, mode: Mode, layers: str, meter: NoiseMeter, alter: Alter) -> None:
    side.prepare(inputs, mode, "float32")
    side.forward(mode, meter, layers, observe=True, alter=alter)
    if mode != "eval":
        loss = next(iter(side.losses.values()))
        side.record_training(meter, side.gradients(loss, side.recorder))


def _write(truth: Trace, meter: NoiseMeter, path: Path, samples: int, header: Header, slim: bool) -> None:
    with TraceWriter(path, {**header, "dtype": "float64"}, compact=True, samples=samples) as writer:
        for address, record in truth.records.items():
            if slim and addresses.is_layer_gradient(address):
                continue
            if record.alias is not None:
                writer.alias(address, record.alias, record.type)
                continue
            array = truth.array(address)
            assert array is not None
            writer.add(address, array, record.type)
            if address in meter.noise:
                writer.set_noise(address, meter.noise[address])

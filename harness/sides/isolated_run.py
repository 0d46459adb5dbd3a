"""Every layer alone on the reference's own inputs, in one run: teacher forcing.

What a layer returns is recorded and then replaced by what the reference's layer returned. So the next one is
given the reference's own tensors, and an error shows where it is made and nowhere else. Backward, each layer
is handed the reference's gradient of its result; what it gives back is its own doing too.

A result of another shape than the reference's is replaced like any other. A port that hands other tensors
around inside cannot go on with it and raises: then it runs once more, and such results go on as they are.

A port that raises in its own run is asked for the way forward alone, and what came until it raises is kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import numpy as np

from harness import address as addresses
from harness.answers import Times
from harness.breadcrumb import Breadcrumb
from harness.errors import HarnessError
from harness.forms import same_shape
from harness.pairs.base import Arrays, Mode
from harness.sides.recorder import Array, Layer, Recorder, Sink, Tensors, map_tensors
from harness.sides.side import Side
from harness.state_table import changing
from harness.trace import Trace, TraceWriter

Header = Mapping[str, object]
_BLOCK = 1 << 17


class Cut(NamedTuple):
    """A cut of the graph: the result of the layer, and the leaf that replaced it for later layers."""

    address: str
    returned: Any
    leaf: Any


@dataclass(frozen=True)
class Substitutes:
    """What the reference recorded, and how to make tensors of it: (leaf, tensor to go on with)."""

    reference: Trace
    paired: frozenset[str]
    make: Callable[[Array, Any], tuple[Any, Any]]
    learns: bool
    own_shapes: bool = False

    def of(self, address: str) -> Array | None:
        """The reference's tensor at an address that both sides have."""
        return self.reference.array(address) if address in self.paired else None

    def name(self, address: str) -> str:
        """What the reference calls a result: one side may return it by itself, one first in a tuple."""
        other = addresses.other_form(address)
        return other if address not in self.paired and other in self.paired else address

    def source(self, address: str) -> str | None:
        """The address under which the reference first had the tensor at `address`."""
        record = self.reference.records.get(address)
        return None if record is None else record.alias or address


class IsolatedRecorder(Recorder):
    """Records what each layer makes of the reference's inputs."""

    def __init__(
        self,
        tensors: Tensors,
        layers: Mapping[str, Layer],
        sink: Sink,
        breadcrumb: Breadcrumb,
        *,
        substitutes: Substitutes,
    ) -> None:
        super().__init__(tensors, layers, sink, breadcrumb)
        self.substitutes = substitutes
        self.cuts: list[Cut] = []
        self.equal: list[str] = []
        self.elsewhere: set[str] = set()  # results of calls that are given tensors of another shape
        self.own: dict[str, str] = {}  # results that went on in the port's own shape, and who returned them
        self.carried: dict[str, str] = {}  # where such a result arrived, and where it was made

    def save(self, address: str, tensor: Any, type: str = "") -> bool:
        """Record a tensor unless it is the very one that the reference has there, or has its very bits."""
        array = self.substitutes.of(address)
        if array is not None and self._is_equal(tensor, array):
            self.equal.append(address)
            self.tensors.remember(tensor, self.substitutes.source(address) or address)
            return False
        if array is not None and addresses.kind(address) == "layer" and not _alike(tensor, array):
            layer = addresses.parse_layer(address)
            self.elsewhere.add(addresses.layer(layer.path, layer.call, "out"))
        return self._write(address, tensor, type)

    def _write(self, address: str, tensor: Any, type: str) -> bool:
        known = self.tensors.recorded_as(tensor)
        if known is not None and known in self.own and known != address:
            self.carried[address] = self.own[known]
        if known is not None and self.substitutes.source(address) == known:
            return False
        if address not in self.substitutes.paired:
            return False
        self.sink.add(address, self.tensors.to_array(tensor), type)
        if known is None:
            self.tensors.remember(tensor, address)
        return True

    def _save_result(self, path: str, call: int, result: Any, type: str) -> Any:
        def cut(key: str, tensor: Any) -> Any:
            address = self.substitutes.name(addresses.layer(path, call, "out", key))
            array = self.substitutes.of(address)
            if array is not None and self._is_equal(tensor, array):
                self.equal.append(address)
                origin = self.substitutes.source(address) or address
                # If the reference returns its own input, the gradient of the result is not known separately.
                if not self.substitutes.learns or origin != address:
                    self.tensors.remember(tensor, origin)
                    return tensor
            elif array is None or not self._write(address, tensor, type):
                return tensor
            elif self._fits_here_alone(addresses.layer(path, call, "out"), tensor, array):
                self.own[self.tensors.recorded_as(tensor) or address] = address
                return tensor
            leaf, onward = self.substitutes.make(array, tensor)
            self.tensors.remember(onward, address)
            self.cuts.append(Cut(address, tensor, leaf))
            return onward

        return map_tensors(result, self.tensors.is_tensor, cut)

    def _fits_here_alone(self, address: str, tensor: Any, array: Array) -> bool:
        """Whether only the port's own result can go on: of a call at another place, or of another shape."""
        return (self.substitutes.own_shapes or address in self.elsewhere) and not _alike(tensor, array)

    def _is_equal(self, tensor: Any, array: Array) -> bool:
        """Whether a tensor that is new here has the reference's very bits: nothing need be written then."""
        if self.tensors.recorded_as(tensor) is not None:
            return False
        return same_bits(self.tensors.to_array(tensor), array)


def _alike(tensor: Any, array: Array) -> bool:
    """Whether a tensor has the form that the reference's has."""
    return same_shape(tuple(tensor.shape), array.shape)


def same_bits(ours: Array, its: Array) -> bool:
    """Whether two arrays of one form hold the same bits; the first block that differs ends it."""
    if ours.dtype != its.dtype or not same_shape(ours.shape, its.shape):
        return False
    left, right = (np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (ours, its))
    return all(
        np.array_equal(left[start : start + _BLOCK], right[start : start + _BLOCK])
        for start in range(0, left.size, _BLOCK)
    )


def run_isolated(
    side: Side,
    inputs: str,
    mode: Mode,
    reference: Path,
    paired: list[str],
    path: Path,
    dtype: str,
    header: Header,
    partly: bool = False,
) -> Times:
    """One forced pass of a side, in a training mode backward too; its tensors go to the trace at `path`."""
    started, cpu = time.perf_counter(), time.process_time()
    with Trace.open(reference) as recorded:

        def forced(own_shapes: bool) -> None:
            side.prepare(inputs, mode, dtype)
            with TraceWriter(path, {**header, "forced": True}) as writer:
                substitutes = _substitutes(side, recorded, paired, mode, dtype, own_shapes)
                _forced(side, mode, writer, substitutes, partly)

        try:
            forced(own_shapes=False)
        except HarnessError:
            raise
        except Exception:  # whatever the model raises on tensors of the reference's shapes
            forced(own_shapes=True)
    return Times(time.perf_counter() - started, time.process_time() - cpu)


def _substitutes(
    side: Side, recorded: Trace, paired: list[str], mode: Mode, dtype: str, own_shapes: bool
) -> Substitutes:
    known = frozenset(address for address in paired if address in recorded.records)
    usual = recorded.header.get("dtype", dtype)

    def make(array: Array, like: Any) -> tuple[Any, Any]:
        """The reference's own tensor; in the precision of this run where it had that of its own."""
        exact = array.astype(dtype, copy=False) if array.dtype.name == usual else array
        return side.leaf(exact, like, mode != "eval")

    return Substitutes(recorded, known, make, mode != "eval", own_shapes)


def _forced(side: Side, mode: Mode, writer: TraceWriter, substitutes: Substitutes, partly: bool) -> None:
    recorder = IsolatedRecorder(side.tensors, side.layers, writer, side.breadcrumb, substitutes=substitutes)
    with _until_it_raises() if partly else contextlib.nullcontext():
        side.forward(mode, writer, "all", observe=True, recorder=recorder)
    if mode != "eval" and not partly:
        _backward(side, recorder, substitutes.reference, writer)
    writer.note(addresses.EQUAL, recorder.equal)
    is_own = substitutes.own_shapes or partly
    writer.note(addresses.OWN_SHAPES if is_own else addresses.CARRIED, recorder.carried)


@contextlib.contextmanager
def _until_it_raises() -> Iterator[None]:
    """In here whatever the model raises ends the pass, and nothing else."""
    try:
        yield
    except HarnessError:
        raise
    except Exception:  # whatever the model raises: its own run raised, too
        return


def _backward(side: Side, recorder: IsolatedRecorder, recorded: Trace, writer: TraceWriter) -> None:
    """Give every layer the reference's gradient and write the gradients that it returns."""
    given = []
    for cut in recorder.cuts:
        gradient = recorded.gradient(cut.address)
        if gradient is not None and same_shape(gradient.shape, cut.returned.shape):
            given.append((cut.returned, gradient))
    loss = next(iter(side.losses.values()))
    leaves = {addresses.with_role(cut.address, "grad"): cut.leaf for cut in recorder.cuts}
    found: Arrays = side.gradients_from(loss, given, leaves)
    for address, array in found.items():
        if address in recorded.records or not addresses.is_layer_gradient(address):
            writer.add(address, array)
    trainable = changing(side.state_table())
    for key, array in side.read_state().items():
        if key not in trainable and f"state:{key}" in recorded.records:
            writer.add(f"state:{key}", array)

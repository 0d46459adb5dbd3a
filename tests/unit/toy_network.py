"""A network of a few layers in plain numpy whose runs fill traces: genuine rounding, faults on demand.

    input -> stem -> act -> block(fc -> relu) -> (model)/add.0 with act's result -> head -> output -> loss

Sums are taken in a shuffled order, as another library would, so two float32 runs differ by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.alignment import Alignment
from harness.comparing import compare
from harness.numerics import difference
from harness.trace import Noise, Trace, TraceWriter

Array = NDArray[Any]
Alter = Mapping[str, Callable[[Array], Array]]
BATCH, WIDTH = 24, 64
PORT_ORDER = 7  # sums in an order that none of the reference's runs had
ADD = "layer:(model)/add.0#0:out"
TYPES = {
    "stem": "Linear", "act": "ReLU", "block": "Block", "block.fc": "Linear", "block.relu": "ReLU",
    "head": "Linear", "(model)": "Toy", "(model)/add.0": "add",
}  # fmt: skip
LAYERS: dict[str, Any] = {path: {"type": type, "attributes": {"bias": False}} for path, type in TYPES.items()}


@dataclass
class Run:
    """What one run recorded: tensors and aliases in execution order."""

    tensors: dict[str, Array | str] = field(default_factory=dict)
    layers: dict[str, Any] = field(default_factory=lambda: {path: dict(of) for path, of in LAYERS.items()})
    header: dict[str, str] = field(default_factory=dict)

    def array(self, address: str) -> Array:
        """A tensor, through its aliases."""
        found = self.tensors[address]
        return self.array(found) if isinstance(found, str) else found

    def without(self, *addresses: str) -> Run:
        """The same without the addresses that begin so; what was an alias of one is a tensor then."""
        kept = {name: item for name, item in self.tensors.items() if not name.startswith(addresses)}
        for name, item in kept.items():
            if isinstance(item, str) and item not in kept:
                kept[name] = self.array(item)
        return Run(kept, self.layers)

    def write(self, path: Path, side: str, *, compact: bool = False, samples: int = 64, **case: Any) -> Trace:
        """Write and open a trace."""
        told = {"pair": "toy", "variant": "one", "mode": "train", "seed": 0, **case}
        header = {"side": side, "case": told, **self.header}
        with TraceWriter(path, header, compact=compact, samples=samples) as writer:
            self._fill(writer)
        return Trace.open(path)

    def write_truth(self, path: Path, runs: list[Run], samples: int = 1024) -> Trace:
        """Write and open a truth, with the noise of float32 runs."""
        with TraceWriter(
            path, {"side": "torch", "dtype": "float64"}, compact=True, samples=samples
        ) as writer:
            self._fill(writer)
            for address, exact in self.tensors.items():
                if not isinstance(exact, str):
                    away = [difference(exact, run.array(address)) for run in runs]
                    writer.set_noise(address, Noise(max(d.l2 for d in away), max(d.max_abs for d in away)))
        return Trace.open(path)

    def _fill(self, writer: TraceWriter) -> None:
        for address, item in self.tensors.items():
            kind = address.split(":")[1].partition("#")[0]
            if isinstance(item, str):
                writer.alias(address, item, TYPES.get(kind, ""))
            else:
                writer.add(address, item, TYPES.get(kind, ""))
        writer.note("layers", self.layers)
        writer.note("side", {"versions": {"toy": "1"}, "device": "cpu"})


class Toy:
    """The network's weights and input."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        scale = np.sqrt(2 / WIDTH)
        self.weights = {
            name: (scale * rng.standard_normal((WIDTH, WIDTH))).astype(np.float32)
            for name in ("stem", "block.fc", "head")
        }
        self.x = rng.standard_normal((BATCH, WIDTH)).astype(np.float32)

    def run(self, order: int | None = None, *, exact: bool = False, alter: Alter | None = None) -> Run:
        """Forward and backward; `order` shuffles the terms of all sums, `alter` plants faults."""
        return _Pass(self, order, np.float64 if exact else np.float32, alter or {}).run()


class _Pass:
    def __init__(self, toy: Toy, order: int | None, dtype: type, alter: Alter) -> None:
        self.alter, self.dtype = alter, dtype
        self.rng = None if order is None else np.random.default_rng(1000 + order)
        self.weights = {name: weight.astype(dtype) for name, weight in toy.weights.items()}
        self.x = toy.x.astype(dtype)
        self.kept = Run()

    def keep(self, address: str, array: Array) -> Array:
        array = self.alter.get(address, lambda same: same)(array)
        self.kept.tensors[address] = array
        return array

    def alias(self, address: str, of: str) -> None:
        self.kept.tensors[address] = of

    def product(self, left: Array, right: Array) -> Array:
        if self.rng is None:
            return left @ right
        order = self.rng.permutation(right.shape[0])
        half = len(order) // 2
        first, second = order[:half], order[half:]
        return left[:, first] @ right[first] + left[:, second] @ right[second]

    def layer(self, path: str, given: str, compute: Callable[[Array], Array]) -> str:
        place, out = f"layer:{path}#0:in.0", f"layer:{path}#0:out"
        self.alias(place, given)
        value = self.kept.array(place)
        if place in self.alter:
            value = self.keep(place, value)
        self.keep(out, compute(value))
        return out

    def run(self) -> Run:
        self.keep("input:x", self.x)
        stem = self.layer("stem", "input:x", lambda x: self.product(x, self.weights["stem"]))
        act = self.layer("act", stem, lambda x: np.maximum(x, self.dtype(0)))
        self.alias("layer:block#0:in.0", act)
        inner = self.layer("block.fc", act, lambda x: self.product(x, self.weights["block.fc"]))
        relu = self.layer("block.relu", inner, lambda x: np.maximum(x, self.dtype(0)))
        self.alias("layer:block#0:out", relu)
        self.keep(ADD, self.kept.array(relu) + self.kept.array(act))
        head = self.layer("head", ADD, lambda x: self.product(x, self.weights["head"]))
        self.alias("layer:(model)#0:out", head)
        self.alias("output:0", head)
        self.backward(act, inner, relu, head)
        return self.kept

    def backward(self, act: str, inner: str, relu: str, head: str) -> None:
        value = self.kept.array
        self.keep("loss:total", np.asarray(np.mean(value(head) ** 2), self.dtype))
        grad = self.keep("layer:head#0:grad", value(head) * self.dtype(2 / value(head).size))
        up = self.keep("layer:(model)/add.0#0:grad", self.product(grad, self.weights["head"].T))
        through = self.keep("layer:block.fc#0:grad", up * (value(inner) > 0))
        skip = up if "detach" not in self.alter else np.zeros_like(up)
        into_act = self.keep("layer:act#0:grad", skip + self.product(through, self.weights["block.fc"].T))
        into_stem = self.keep("layer:stem#0:grad", into_act * (value("layer:stem#0:out") > 0))
        self.keep("grad:stem.weight", self.product(self.x.T, into_stem))
        self.keep("grad:block.fc.weight", self.product(value(act).T, through))
        self.keep("grad:head.weight", self.product(value(ADD).T, grad))
        self.keep("grad_input:x", self.product(into_stem, self.weights["stem"].T))
        self.keep("state:count", np.asarray(101, np.int64))


def noise_runs(toy: Toy) -> list[Run]:
    """The float32 runs that tell a reference's noise."""
    return [toy.run(), *(toy.run(order) for order in range(3))]


class Bench:
    """Writes the traces of both sides and compares them."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.toy = folder, Toy(seed)
        runs = noise_runs(self.toy)
        self.reference = runs[0]
        self.truth = self.toy.run(exact=True).write_truth(folder / "truth.h5", runs)

    def port(self, alter: Alter | None = None) -> Run:
        """A run of the port, with the faults asked for."""
        return self.toy.run(PORT_ORDER, alter=alter)

    def compare(
        self,
        port: Run,
        *,
        reference: Run | None = None,
        compact: str = "",
        truth: bool = True,
        **options: Any,
    ) -> Alignment:
        """`compact` names the sides whose traces are compact."""
        left = (reference or self.reference).write(
            self.folder / "torch.h5", "torch", compact="torch" in compact
        )
        right = port.write(self.folder / "jittor.h5", "jittor", compact="jittor" in compact)
        return compare(left, right, self.truth if truth else None, **options)


def leaky(x: Array) -> Array:
    """A wrong result of an activation."""
    return np.where(x > 0, x, x - np.float32(0.01))


def scaled(factor: float) -> Callable[[Any], Any]:
    """Off by a constant factor."""
    return lambda x: (x * np.float32(factor)).astype(x.dtype)

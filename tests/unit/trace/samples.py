"""Traces to test with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from harness.trace import Noise, TraceWriter

HEADER: dict[str, Any] = {"case": {"pair": "toy", "mode": "eval"}, "digest": "abc", "side": "torch"}


def tensors() -> dict[str, NDArray[Any]]:
    """Tensors of every dtype and of odd shapes, under addresses with odd characters."""
    rng = np.random.default_rng(0)
    found: dict[str, NDArray[Any]] = {
        "input:x": rng.standard_normal((1, 3, 9, 9)).astype(np.float32),
        "layer:encoder.0#0:out": rng.standard_normal((2, 3, 4, 50)).astype(np.float32),
        "layer:encoder/add.1#0:out": rng.standard_normal((7, 11)),
        "layer:100%/odd%2Fname#3:out.a/b": rng.standard_normal((65,)).astype(np.float16),
        "layer:mask#0:out": rng.random((5, 30)) > 0.5,
        "output:empty": np.empty((0, 3), np.float32),
        "output:0": rng.standard_normal((64,)).astype(np.float32),
        "loss:total": np.array(1.5),
    }
    for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        found[f"grad:{dtype}"] = rng.integers(0, 100, (3, 40)).astype(dtype)
    return found


def write_upstream(path: Path) -> None:
    """Write a small trace like those of the upstream models."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"mode": "eval", "model": "toy", "seed": 1, "recipe": "as drawn"})
        file["inputs/x"] = np.ones((2, 3), np.float32)
        file.create_dataset("outputs/0", data=np.ones((40, 50), np.float32), compression="gzip")
        group = file.create_group("modules/conv/0")
        group.attrs.update(
            {"type": "Conv2d", "shape": [4, 5], "mean": 1.0, "std": 0.0, "absmax": 1.0, "l2": 4.5}
        )
        group["index"], group["value"] = np.array([0, 3], np.uint16), np.ones(2, np.float32)
        file["grads_table"] = json.dumps({"conv.weight": [[4, 5], 0.0, 1.0, 2.0, 3.0]})
        file["state/table"] = json.dumps([["conv.weight", [4, 5], "float32"]])


def write(path: Path, *, compact: bool = False, samples: int = 64) -> dict[str, NDArray[Any]]:
    """Write them, with aliases, notes and noise."""
    found = tensors()
    with TraceWriter(path, HEADER, compact=compact, samples=samples) as writer:
        for address, array in found.items():
            writer.add(address, array, "Conv2d" if "encoder.0" in address else "")
        writer.alias("layer:encoder#0:out", "layer:encoder.0#0:out", "Encoder")
        writer.alias("layer:(model)#0:out", "layer:encoder#0:out", "Net")
        writer.note("layers", {"encoder.0": {"type": "Conv2d", "attributes": {"eps": np.float32(0.5)}}})
        writer.set_noise("output:0", Noise(1e-7, 2e-8))
    return found

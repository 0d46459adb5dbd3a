"""Runs of an upstream model as they were recorded, read with nothing of the harness; distances from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """Some elements of a tensor, by flat index, and the norm of the whole."""

    shape: tuple[int, ...]
    index: Array
    value: Array
    l2: float

    def distance(self, tensor: Array) -> float:
        """The relative distance of a tensor from these elements."""
        assert tensor.shape == self.shape
        return distance(tensor.reshape(-1)[self.index], self.value)


@dataclass(frozen=True)
class Recorded:
    """One run. Modules are keyed by (path, call)."""

    variant: str
    mode: str
    seed: int
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    truth: dict[str, Array]
    losses: dict[str, float]
    losses_truth: dict[str, float]
    modules: dict[tuple[str, int], Sample]
    gradients: dict[str, Sample]


def recorded(path: Path) -> Recorded:
    """Read a recorded run."""
    with h5py.File(path, "r") as file:
        return Recorded(
            variant=str(file.attrs["variant"]),
            mode=str(file.attrs["mode"]),
            seed=int(file.attrs["seed"]),
            inputs=_arrays(file, "inputs"),
            outputs=_arrays(file, "outputs"),
            truth=_arrays(file, "outputs64"),
            losses={name: float(value) for name, value in _arrays(file, "loss").items()},
            losses_truth={name: float(value) for name, value in _arrays(file, "loss64").items()},
            modules={
                (name, int(call)): sample_of(file["modules"][name][call])
                for name in file.get("modules", ())
                for call in file["modules"][name]
            },
            gradients={name: sample_of(file["grads"][name]) for name in file.get("grads", ())},
        )


def _arrays(file: h5py.File, group: str) -> dict[str, Array]:
    """The whole tensors of a group; of the others there are samples alone."""
    held = file[group].items() if group in file else ()
    return {name: item[()] for name, item in held if isinstance(item, h5py.Dataset)}


def sample_of(group: h5py.Group) -> Sample:
    """A sampled tensor."""
    shape = tuple(int(size) for size in group.attrs["shape"])
    return Sample(shape, group["index"][()].astype(np.int64), group["value"][()], float(group.attrs["l2"]))


def distance(candidate: Array, truth: Array) -> float:
    """The relative l2 distance, in float64; absolute where the truth is zero."""
    apart = np.linalg.norm(np.asarray(candidate, np.float64).ravel() - np.asarray(truth, np.float64).ravel())
    return float(apart / (np.linalg.norm(np.asarray(truth, np.float64).ravel()) or 1.0))


def whole_distance(candidates: dict[str, Array], samples: dict[str, Sample]) -> float:
    """The relative l2 distance of many tensors taken as one, by their samples."""
    pairs = [(candidates[name].reshape(-1)[kept.index], kept.value) for name, kept in samples.items()]
    return distance(*(np.concatenate(side) for side in zip(*pairs, strict=True)))

"""The raw images that a training reads: synthetic ones, or SID's lists with RAW files or packed arrays.

A network before finetuning learns from clean images with the noise of a virtual camera, as published; every
other one from pairs of a dark and a bright image, cropped and flipped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, Split
from harness.pairs.led.data import SIZE, check_size
from harness.pairs.led.datasets import (
    ListedPairs,
    PairFolder,
    Preparation,
    RawPair,
    RawPairs,
    prepare,
    random_start,
)
from harness.pairs.led.noise import Camera, noisy_pair, numbers, virtual, virtual_bias
from harness.pairs.led.packing import crop
from harness.pairs.led.recipes import FINETUNING, PRETRAINING
from harness.pairs.led.scenes import SyntheticPairs

COUNTS = {"train": 64, "val": 16}
LISTS: dict[Split, tuple[str, ...]] = {
    "train": ("train.txt", "SID_train.txt", "Sony_train_list.txt"),
    "val": ("val.txt", "SID_val.txt", "Sony_val_list.txt"),
}
TESTS = ("SID_valid_*.txt", "ELD_*.txt")
"""Lists of one ratio each: where a folder has no list of all, the test split has those that are there."""
_SETTING = "CVPR20_ELD"


class PairSet(DataSet):
    """Pairs of a dark and a bright image; `make` turns one into a sample. Only whole batches train."""

    least = None

    def __init__(self, pairs: RawPairs, make: Callable[[RawPair, np.random.Generator], Arrays]) -> None:
        self.pairs, self.make = pairs, make

    def __len__(self) -> int:
        return len(self.pairs)

    def name(self, index: int) -> str:
        """The file of the dark image."""
        return self.pairs.name(index) if isinstance(self.pairs, ListedPairs) else f"scene {index}"

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """Planes to clean, and the clean ones."""
        return self.make(self.pairs[index], rng)

    def check(self) -> None:
        """Whether every image of the list is there."""
        if isinstance(self.pairs, ListedPairs):
            self.pairs.check()


def data_set(request: DataRequest) -> DataSet:
    """The pairs asked for."""
    size = _square(request)
    options, trains = request.variant.options, request.split == "train"
    virtual_noise = options.get("stage") == "pretrain"
    pairs: RawPairs
    if request.source is None:
        side, count = size or SIZE[0], request.limit or COUNTS[request.split]
        pairs = SyntheticPairs(count, request.seed, (side, side), split=request.split)
    else:
        pairs = _folder(request.source, request.split)
        published = PRETRAINING[_SETTING].patch if virtual_noise else FINETUNING[_SETTING].crop
        side = size or published
    if virtual_noise:
        camera = virtual_cameras()[int(options["camera"])]
        ratios = PRETRAINING[_SETTING].ratios
        return PairSet(pairs, lambda pair, rng: noisy_patch(pair, rng, camera, ratios, side, trains))
    how = Preparation(crop=side, train=trains)
    if trains:
        return PairSet(pairs, lambda pair, rng: prepare(pair, how, rng))
    return PairSet(
        pairs, lambda pair, rng: {**prepare(pair, how, rng), "ratio": np.array(pair.ratio, np.float32)}
    )


def noisy_patch(
    pair: RawPair, rng: np.random.Generator, camera: Camera, ratios: tuple[int, int], side: int, trains: bool
) -> Arrays:
    """A patch of the bright image, and the same with a camera's noise; it is not flipped, as published."""
    bright = pair.bright
    clean = bright.normalized
    start = random_start(clean.shape[-2:], side, rng) if trains else None
    clean = np.ascontiguousarray(crop(clean, side, start))[None]
    levels = (np.asarray(level, np.float32).reshape(-1, 1, 1) for level in (bright.white, bright.black))
    scale = np.subtract(*levels)[None]
    ratio = np.array([rng.integers(ratios[0], ratios[1] + 1)], np.float32)
    noisy, wanted = noisy_pair(rng, clean, scale, ratio, camera)
    return {"lq": noisy[0], "gt": wanted[0]}


def virtual_cameras() -> list[Camera]:
    """The virtual cameras, with a seeded table of colour biases."""
    figures = numbers()["virtual"]
    cameras, steps = figures["virtual_camera_count"], figures["param_ranges"]["ColorBias"]["count"]
    rng = seeded.generator(0, "led/virtual cameras")
    bias: tuple[NDArray[np.float32], ...] = (
        rng.random((cameras, steps)).astype(np.float32),
        rng.random((cameras, steps)).astype(np.float32),
        rng.standard_normal((cameras, steps, 4)).astype(np.float32),
    )
    return virtual(virtual_bias(*bias))


def _folder(folder: Path, split: Split) -> ListedPairs:
    if not folder.is_dir():
        raise BadInput(f"--data {folder}: there is no such folder")
    found = [folder / name for name in LISTS[split] if (folder / name).is_file()][:1]
    tests = TESTS if split == "val" else ()
    found = found or sorted(path for name in tests for path in folder.glob(name) if _tests(path))
    if not found:
        wanted = ", ".join((*LISTS[split], *tests))
        raise BadInput(f"--data {folder}: no list of the {split} split; looked for {wanted}")
    return ListedPairs([_listed(folder, path) for path in found])


def _tests(path: Path) -> bool:
    """Whether a list is one of a test: those of a training say so, and `wo_train` says that it is none."""
    return "train" not in path.stem.replace("wo_train", "")


def _listed(folder: Path, path: Path) -> PairFolder:
    pairs = PairFolder(folder, path)
    if not pairs.entries[0].dark.is_file():  # then the packed arrays beside the RAW files' names are meant
        pairs = PairFolder(folder, path, packed=True)
    return pairs


def _square(request: DataRequest) -> int | None:
    if request.size is None:
        return None
    height, width = request.size
    if height != width:
        raise BadInput(
            f"size {height}x{width}: LED's crops are squares, as they are turned; give one side twice"
        )
    check_size(request.variant.name, height, width)
    return height

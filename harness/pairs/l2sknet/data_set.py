"""The scenes that a training reads: synthetic ones, or a folder in one of the published layouts.

As published there is no augmentation at all: images are resized where the layout says so, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet
from harness.pairs.l2sknet.data import TRAIN_SIZE, check_size
from harness.pairs.l2sknet.datasets import (
    LAYOUTS,
    SceneFolder,
    Scenes,
    Split,
)
from harness.pairs.l2sknet.scenes import SyntheticScenes

COUNTS = {"train": 64, "val": 16}
LISTS: dict[str, Split] = {"train": "train", "val": "test"}


class SceneSet(DataSet):
    """Scenes as the network is given them. A batch of one cannot be trained on, as published."""

    least = 2

    def __init__(self, scenes: Scenes) -> None:
        self.scenes = scenes

    def __len__(self) -> int:
        return len(self.scenes)

    def name(self, index: int) -> str:
        """The name of the image."""
        if isinstance(self.scenes, SceneFolder):
            return self.scenes.entries[index][1]
        return f"scene {index}"

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """An image and its mask."""
        scene = self.scenes[index]
        return {"image": scene.image, "mask": scene.mask}

    def check(self) -> None:
        """Whether every image and mask of the list is there."""
        if isinstance(self.scenes, SceneFolder):
            self.scenes.check()


def data_set(request: DataRequest) -> DataSet:
    """The scenes asked for."""
    if request.size is not None:
        check_size(request.variant.name, *request.size)
    if request.source is not None:
        folder = SceneFolder(request.source, layout_of(request.source), LISTS[request.split])
        folder.size = request.size or folder.size
        return SceneSet(folder)
    size, count = request.size or TRAIN_SIZE, request.limit or COUNTS[request.split]
    return SceneSet(SyntheticScenes(count, request.seed, size, LISTS[request.split]))


def layout_of(folder: Path) -> str:
    """Which of the published layouts a folder has: its lists tell, or for plain lists the names of masks."""
    if not folder.is_dir():
        raise BadInput(f"--data {folder}: there is no such folder")
    places = (folder / "img_idx", folder)
    for name, layout in LAYOUTS.items():
        own = [layout.list_name.format(split=split) for split in LISTS.values()]
        if "train.txt" not in own and _any_file(places, own):
            return name
    suffixed = any((folder / "masks").glob(f"*{LAYOUTS['SIRST-aug'].mask_suffix}.png"))
    if _any_file(places, ["train.txt", "test.txt"]):
        return "SIRST-aug" if suffixed else "NUDT-SIRST"
    wanted = ", ".join(
        layout.list_name.format(split=split) for layout in LAYOUTS.values() for split in LISTS.values()
    )
    raise BadInput(f"--data {folder}: no list of images there or in img_idx; looked for {wanted}")


def _any_file(places: Sequence[Path], names: Sequence[str]) -> bool:
    return any((place / name).is_file() for place in places for name in names)

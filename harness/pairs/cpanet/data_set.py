"""The episodes that a training reads: synthetic surfaces, or FSSD-12 in its published layout, by fold."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, InputRequest
from harness.pairs.cpanet import fssd, transforms
from harness.pairs.cpanet.data import check_size
from harness.pairs.cpanet.episodes import Episodes, Folder
from harness.pairs.cpanet.surfaces import Surfaces

_MOST = 2**63


class EpisodeSet(DataSet):
    """One episode for each line of a list; what its sample draws comes from the generator it is given.

    `position` is the place of the class in the fold's list, and `raw`, outside of trainings, the query's
    label before any transform. Only whole batches are trained on, as published.
    """

    least = None

    def __init__(self, episodes: Episodes, trains: bool) -> None:
        self.episodes, self.trains = episodes, trains

    def __len__(self) -> int:
        return len(self.episodes)

    def name(self, index: int) -> str:
        """The path of the query."""
        return self.episodes.entries[index].image

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """A query x with labels y, supports s_x with labels s_y."""
        self.episodes.rng = random.Random(int(rng.integers(_MOST)))
        one = self.episodes[index]
        found = {
            "x": one.query,
            "s_x": one.supports,
            "s_y": one.support_labels,
            "y": one.label,
            "position": np.array(one.position, np.int64),
        }
        return found if self.trains else {**found, "raw": one.raw}

    def check(self) -> None:
        """Whether every image and mask of the list is there."""
        if isinstance(self.episodes.source, Folder):
            self.episodes.source.check(self.episodes.entries)


def data_set(request: DataRequest) -> DataSet:
    """The episodes asked for."""
    fold, side = request.fold or 0, _side(request)
    entries: Sequence[fssd.ListedImage]
    source: Folder | Surfaces
    if request.source is None:
        source, entries = Surfaces(request.seed, side), fssd.published_entries(fold, request.split)
    else:
        if not request.source.is_dir():
            raise BadInput(f"--data {request.source}: there is no such folder")
        source = Folder(request.source)
        entries = fssd.read_list(fssd.list_path(request.source, fold, request.split), fold, request.split)
    shots = int(request.variant.options.get("shots", 1))
    episodes = Episodes(source, entries, fold, request.split, shots, random.Random(0), side)
    return EpisodeSet(episodes, request.split == "train")


def _side(request: DataRequest) -> int:
    """The side of the square that images are cropped or fitted into."""
    if request.size is None:
        return transforms.SIDE
    height, width = request.size
    if height != width:
        raise BadInput(f"size {height}x{width}: CPANet's transforms make squares; give one side twice")
    check_size(InputRequest(request.variant, "train", request.seed, size=request.size), height, width)
    return height

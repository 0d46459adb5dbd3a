"""Episodes: a query and supports of its class, drawn as the published code draws them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.pairs.base import Arrays
from harness.pairs.cpanet import fssd, transforms
from harness.pairs.cpanet.fssd import ListedImage, Split
from harness.pairs.pixels import read_picture

Image = NDArray[Any]
DEFECT = 255  # the only gray value of a mask that counts


class EpisodeSource(Protocol):
    """Where images and masks come from."""

    def image(self, entry: ListedImage) -> Image:
        """(H, W, 3), RGB, uint8."""

    def mask(self, entry: ListedImage) -> Image:
        """(H, W), gray, uint8."""


@dataclass(frozen=True)
class Folder:
    """A data set's folder in the published layout, read by OpenCV as published."""

    root: Path

    def image(self, entry: ListedImage) -> Image:
        """The image of an entry."""
        cv2 = transforms.opencv()
        found: Image = cv2.cvtColor(self._read(entry.image, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        return found

    def mask(self, entry: ListedImage) -> Image:
        """The mask of an entry."""
        return self._read(entry.mask, transforms.opencv().IMREAD_GRAYSCALE)

    def check(self, entries: Sequence[ListedImage]) -> None:
        """Raise BadInput where the image or the mask of an entry is missing."""
        for entry in entries:
            for name in (entry.image, entry.mask):
                self._require(self.root / name)

    def _read(self, name: str, flags: int) -> Image:
        path = self.root / name
        self._require(path)
        read_picture(path, lambda picture: None)  # OpenCV decodes whatever size a header tells
        content = np.fromfile(path, np.uint8)
        found: Image | None = transforms.opencv().imdecode(content, flags) if content.size else None
        if found is None:
            raise BadInput(f"{path} is no image that OpenCV reads")
        return found

    @staticmethod
    def _require(path: Path) -> None:
        if not path.is_file():
            raise BadInput(f"{path} is missing; the list of the fold names it")


@dataclass(frozen=True)
class Episode:
    """A query (3,H,W) with labels, supports (S,3,H,W) with labels, the last drawn first.

    `position` is the class's place in the split's list, `raw` the query's mask before any transform.
    """

    query: Image
    label: Image
    supports: Image
    support_labels: Image
    position: int
    raw: Image
    entry: ListedImage
    drawn: tuple[ListedImage, ...]


class Episodes:
    """One episode for each line of a list. Draws come from `rng` in the order in which items are taken."""

    def __init__(
        self,
        source: EpisodeSource,
        entries: Sequence[ListedImage],
        fold: int,
        split: Split,
        shots: int,
        rng: random.Random,
        side: int = transforms.SIDE,
    ) -> None:
        self.source, self.entries, self.shots, self.rng = source, list(entries), shots, rng
        self.side = side
        self.transform = transforms.training if split == "train" else transforms.evaluation
        self.numbers = [one.number for one in fssd.classes_of(fold, split)]
        self.of_class = {n: [one for one in self.entries if one.number == n] for n in self.numbers}
        for number, members in self.of_class.items():
            if members and len({one.image for one in members}) <= shots:
                raise BadInput(f"class {number} has {len(members)} images, too few for {shots} shots")

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Episode:
        """The episode whose query is a line of the list."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        entry = self.entries[index]
        query, mask = self._read(entry)
        drawn = self._draw(entry)
        read = [self._read(one) for one in drawn]
        image, label = self.transform(query, mask, self.rng, self.side)
        pairs = [self.transform(*one, self.rng, self.side) for one in read]
        supports, labels = (np.stack([pair[place] for pair in reversed(pairs)]) for place in (0, 1))
        position = self.numbers.index(entry.number)
        return Episode(image, label, supports, labels, position, mask, entry, tuple(drawn))

    def _draw(self, query: ListedImage) -> list[ListedImage]:
        """Other images of the query's class; as published, a first draw of each shot is thrown away."""
        members = self.of_class[query.number]
        chosen: list[int] = []
        for _ in range(self.shots):
            self.rng.randint(1, len(members))
            while True:
                place = self.rng.randint(1, len(members)) - 1
                if members[place].image != query.image and place not in chosen:
                    break
            chosen.append(place)
        return [members[place] for place in chosen]

    def _read(self, entry: ListedImage) -> tuple[Image, Image]:
        image, gray = self.source.image(entry).astype(np.float32), self.source.mask(entry)
        if image.shape[:2] != gray.shape:
            sizes = " and ".join(f"{shape[0]}x{shape[1]}" for shape in (image.shape, gray.shape))
            raise BadInput(f"{entry.image} and its mask differ in size: {sizes}")
        return image, (gray == DEFECT).astype(np.uint8)


def batches(episodes: Episodes, size: int, order: Sequence[int]) -> Iterator[Arrays]:
    """The inputs of the network, batch by batch; what is left over is dropped, as published."""
    for start in range(0, len(order) - size + 1, size):
        taken = [episodes[index] for index in order[start : start + size]]
        yield {
            "x": np.stack([one.query for one in taken]),
            "s_x": np.stack([one.supports for one in taken]),
            "s_y": np.stack([one.support_labels for one in taken]),
            "y": np.stack([one.label for one in taken]),
        }

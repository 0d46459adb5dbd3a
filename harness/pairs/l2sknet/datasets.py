"""Reading the published data sets: folders of PNG files, with lists of what belongs to which split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.pairs.pixels import read_picture

if TYPE_CHECKING:
    from PIL.Image import Image

Split = Literal["train", "test"]
Plane = NDArray[np.float32]

GRAY_WEIGHTS, GRAY_BITS = (9798, 19235, 3735), 15  # of red, green and blue, as whole numbers over 2^15


@dataclass(frozen=True)
class FolderLayout:
    """Where a data set keeps what. `train_size` is the size that training resizes to."""

    list_name: str
    mask_suffix: str = ""
    train_size: tuple[int, int] | None = None


LAYOUTS = {
    "NUDT-SIRST": FolderLayout("{split}_NUDT-SIRST.txt", train_size=(256, 256)),
    "IRSTD-1K": FolderLayout("{split}_IRSTD-1K.txt"),
    "SIRST-aug": FolderLayout("{split}.txt", mask_suffix="_mask", train_size=(256, 256)),
}


@dataclass(frozen=True)
class Scene:
    """An image and its mask, each 1 x height x width, with values in [0, 1]."""

    stem: str
    image: Plane
    mask: Plane


class Scenes(Protocol):
    """Scenes by number, wherever they come from."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int) -> Scene:
        """One of them."""


class SceneFolder:
    """A split of a data set: a folder with `images/`, `masks/` and lists, in `img_idx/` or beside them."""

    def __init__(self, folder: Path, name: str, split: Split) -> None:
        if name not in LAYOUTS:
            raise BadInput(f"there is no data set {name!r}; known are {', '.join(LAYOUTS)}")
        self.folder = folder
        self.layout = LAYOUTS[name]
        self.size = self.layout.train_size if split == "train" else None
        self.list = self._find_list(split)
        self.entries = self._read_list()

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Scene:
        """The scene at a place in the list."""
        line, stem = self.entries[index]
        image, mask = (self._read(path, line) for path in self._paths(stem))
        if image.shape != mask.shape:
            raise BadInput(
                f"{self._place(line)}: the image of {stem} has {image.shape[0]}x{image.shape[1]} pixels, "
                f"its mask {mask.shape[0]}x{mask.shape[1]}; they must be of one size"
            )
        if self.size is not None and image.shape != self.size:
            image, mask = resize_bilinear(image, self.size), resize_nearest(mask, self.size)
        return Scene(stem, image[None], mask[None])

    def check(self) -> None:
        """Raise BadInput where an image or a mask of the list is missing."""
        for line, stem in self.entries:
            for path in self._paths(stem):
                self._require(path, line)

    def _paths(self, stem: str) -> tuple[Path, Path]:
        """Where the image and the mask of an entry lie."""
        mask = f"{stem}{self.layout.mask_suffix}.png"
        return self.folder / "images" / f"{stem}.png", self.folder / "masks" / mask

    def _find_list(self, split: Split) -> Path:
        name = self.layout.list_name.format(split=split)
        places = [self.folder / "img_idx" / name, self.folder / name, self.folder / f"{split}.txt"]
        for place in places:
            if place.is_file():
                return place
        tried = ", ".join(dict.fromkeys(str(place) for place in places))
        raise BadInput(f"no list of the {split} split in {self.folder}: tried {tried}")

    def _read_list(self) -> list[tuple[int, str]]:
        try:
            lines = self.list.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as problem:
            raise BadInput(f"{self.list} is no text file: {problem}") from problem
        entries = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
        if not entries:
            raise BadInput(f"{self.list} is empty; it should name one image a line, without .png")
        for number, stem in entries:
            if Path(stem).name != stem:
                raise BadInput(f"{self._place(number)}: {stem!r} is no plain name of an image")
        return entries

    def _place(self, line: int) -> str:
        return f"{self.list} line {line}"

    def _require(self, path: Path, line: int) -> None:
        if not path.is_file():
            raise BadInput(f"{self._place(line)} asks for {path}, which does not exist")

    def _read(self, path: Path, line: int) -> Plane:
        self._require(path, line)
        try:
            return read_gray(path)
        except BadInput as problem:
            raise BadInput(f"{self._place(line)}: {problem}") from problem


def read_gray(path: Path) -> Plane:
    """An image file as gray values in [0, 1]."""
    return read_picture(path, lambda image: _gray(image, path))


def _gray(image: Image, path: Path) -> Plane:
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode == "P":
        image = image.convert("RGB")
    if image.mode not in ("L", "RGB"):
        raise BadInput(f"{path} has the colour mode {image.mode}; 8-bit gray or RGB is needed")
    pixels = np.asarray(image)
    if pixels.ndim == 3:
        total = pixels.astype(np.int64) @ np.array(GRAY_WEIGHTS)
        pixels = (total + (1 << (GRAY_BITS - 1))) >> GRAY_BITS
    return pixels.astype(np.float32) / np.float32(255)


def resize_bilinear(image: Plane, size: tuple[int, int]) -> Plane:
    """Bilinear between pixel centres, without smoothing."""
    for axis, wanted in enumerate(size):
        have = image.shape[axis]
        at = np.clip((np.arange(wanted) + 0.5) * have / wanted - 0.5, 0, have - 1)
        below = at.astype(np.int64)
        above = np.minimum(below + 1, have - 1)
        share = np.expand_dims(at - below, 1 - axis)
        image = image.take(below, axis) * (1 - share) + image.take(above, axis) * share
    return image.astype(np.float32)


def resize_nearest(image: Plane, size: tuple[int, int]) -> Plane:
    """The pixel at or before each place."""
    rows, columns = (np.arange(wanted) * have // wanted for wanted, have in strict_zip(size, image.shape))
    nearest: Plane = image[rows][:, columns]
    return nearest


def batches(scenes: Scenes, batch: int, seed: int, epoch: int) -> Iterator[Arrays]:
    """One epoch in a shuffled order; the last batch may be smaller, but a batch of one is left out."""
    order = seeded.generator(seed, f"l2sknet/epoch/{epoch}").permutation(len(scenes))
    for first in range(0, len(order), batch):
        chosen = [scenes[int(place)] for place in order[first : first + batch]]
        if len(chosen) == 1:
            continue
        if len({scene.image.shape for scene in chosen}) > 1:
            sizes = ", ".join(
                f"{scene.stem} {scene.image.shape[1]}x{scene.image.shape[2]}" for scene in chosen
            )
            raise BadInput(
                f"the scenes of a batch must be of one size, found {sizes}; use --batch 1 to evaluate"
            )
        yield {
            "image": np.stack([scene.image for scene in chosen]),
            "mask": np.stack([scene.mask for scene in chosen]),
        }

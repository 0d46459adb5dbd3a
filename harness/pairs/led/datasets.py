"""Reading SID's Sony pairs: a list of dark and bright images, as RAW files or as packed arrays."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.older_python import strict_zip
from harness.pairs.arrays import read_array, read_arrays
from harness.pairs.base import Arrays
from harness.pairs.led.packing import crop, expose, flip, normalize, pack
from harness.pairs.pixels import require_modest

LARGEST_RATIO = 300.0
COLOR_TEMPLATE = np.eye(3, dtype=np.float32)
SECONDS = re.compile(r"_(\d+(?:\.\d+)?)s\.")


@dataclass(frozen=True)
class Raw:
    """A packed image: planes x height x width, levels of each plane, white balance, matrix to sRGB."""

    planes: NDArray[Any]
    black: NDArray[Any]
    white: NDArray[Any]
    white_balance: NDArray[Any]
    matrix: NDArray[Any]

    @property
    def normalized(self) -> NDArray[np.float32]:
        """Between black and white."""
        return normalize(self.planes, self.black, self.white)


@dataclass(frozen=True)
class ExposurePair:
    """A line of a pair list. The ratio is how much longer the bright image was exposed, 300 at most."""

    line: int
    dark: Path
    bright: Path
    ratio: float


@dataclass(frozen=True)
class RawPair:
    """A dark and a bright image of the same scene."""

    dark: Raw
    bright: Raw
    ratio: float


class RawPairs(Protocol):
    """Pairs by number, wherever they come from."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int) -> RawPair:
        """One of them."""


def seconds(name: str) -> float:
    """The exposure that a file name tells."""
    found = SECONDS.search(name)
    if found is None:
        raise BadInput(f"the name {name} does not tell an exposure, as in 00001_00_0.1s.ARW")
    return float(found[1])


def read_list(path: Path, folder: Path) -> list[ExposurePair]:
    """The lines of a pair list: dark image, bright image, and what else there may be."""
    if not path.is_file():
        raise BadInput(f"there is no pair list {path}; each of its lines names a dark and a bright image")
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        names = line.split()
        if not names:
            continue
        if len(names) < 2:
            raise BadInput(
                f"{path}, line {number}: {line!r} names one image; a dark and a bright one are needed"
            )
        try:
            ratio = min(seconds(names[1]) / seconds(names[0]), LARGEST_RATIO)
        except (BadInput, ZeroDivisionError) as problem:
            raise BadInput(f"{path}, line {number}: {problem}") from problem
        entries.append(ExposurePair(number, folder / names[0], folder / names[1], ratio))
    if not entries:
        raise BadInput(f"the pair list {path} is empty")
    return entries


class PairFolder:
    """The pairs of a list. With `packed`, `<name>.npz` (or `.npy` beside its levels) is read, not the RAW."""

    def __init__(self, folder: Path, pairs: Path, packed: bool = False) -> None:
        self.list, self.packed = pairs, packed
        self.entries = read_list(pairs, folder)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> RawPair:
        """The pair at a place in the list."""
        entry = self.entries[index]
        dark, bright = (self._read(entry, path) for path in (entry.dark, entry.bright))
        if dark.planes.shape != bright.planes.shape:
            raise BadInput(
                f"{self.list}, line {entry.line}: the dark image is {dark.planes.shape}, the bright one "
                f"{bright.planes.shape}; they must be the same scene"
            )
        return RawPair(dark, bright, entry.ratio)

    def check(self) -> None:
        """Raise BadInput where an image of the list is missing."""
        for entry in self.entries:
            for path in (entry.dark, entry.bright):
                self._form(entry, path)

    def _read(self, entry: ExposurePair, path: Path) -> Raw:
        found, read = self._form(entry, path)
        try:
            return read(found)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as problem:
            raise BadInput(f"{self.list}, line {entry.line}: {found} cannot be read: {problem}") from problem

    def _form(self, entry: ExposurePair, path: Path) -> tuple[Path, Callable[[Path], Raw]]:
        """The file of an image that is there, and what reads it."""
        for found, read in self._forms(path):
            if found.is_file():
                return found, read
        wanted = " or ".join(str(found) for found, _ in self._forms(path))
        raise BadInput(f"{self.list}, line {entry.line}: there is no {wanted}")

    def _forms(self, path: Path) -> list[tuple[Path, Callable[[Path], Raw]]]:
        if not self.packed:
            return [(path, read_raw)]
        return [(Path(f"{path}.npz"), read_packed), (path.with_suffix(".npy"), read_plain)]


class ListedPairs:
    """The pairs of several lists, one list after the other."""

    def __init__(self, lists: Sequence[PairFolder]) -> None:
        self.lists = lists
        self._places = [(one, index) for one in lists for index in range(len(one))]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> RawPair:
        """The pair at a place in all lists."""
        one, place = self._places[index]
        return one[place]

    def name(self, index: int) -> str:
        """The file of the dark image, after its list where there are several."""
        one, place = self._places[index]
        dark = str(one.entries[place].dark)
        return dark if len(self.lists) == 1 else f"{one.list.stem}: {dark}"

    def check(self) -> None:
        """Raise BadInput where an image of a list is missing."""
        for one in self.lists:
            one.check()


def read_packed(path: Path) -> Raw:
    """An `.npz` of `im`, `wb`, `ccm`, `black_level` and `white_level`."""
    names = ("im", "black_level", "white_level", "wb", "ccm")
    content = read_arrays(path, names)
    return Raw(*(content[name] for name in names))


def read_plain(path: Path) -> Raw:
    """An `.npy` of a mosaic or of packed planes, with the levels of SID's Sony camera."""
    image = read_array(path)
    planes = pack(image) if image.ndim == 2 else image
    if planes.ndim != 3 or len(planes) != 4:
        raise BadInput(f"{path} has shape {image.shape}; it may be a mosaic or four packed planes")
    black, white = (np.full((4, 1, 1), level, np.float32) for level in (512, 16383))
    return Raw(planes, black, white, np.ones(4, np.float32), COLOR_TEMPLATE)


def read_raw(path: Path) -> Raw:
    """A camera's own file, read by LibRaw."""
    try:
        import rawpy
    except ImportError as problem:
        raise BadInput(
            f"{path} is a RAW file, for rawpy: pip install 'jittor-align[data]', or give packed arrays"
        ) from problem
    with rawpy.imread(str(path)) as raw:
        require_modest(path, raw.sizes.raw_width, raw.sizes.raw_height)  # nothing is unpacked until then
        planes = pack(raw.raw_image_visible, np.asarray(raw.raw_pattern).tolist())
        balance = np.array(raw.camera_whitebalance, np.float32)
        white = raw.camera_white_level_per_channel or [raw.white_level] * 4
        black = np.array(raw.black_level_per_channel, np.float32)
        matrix = np.array(raw.rgb_xyz_matrix[:3, :3], np.float32)
    levels = (black.reshape(4, 1, 1), np.array(white, np.float32).reshape(4, 1, 1))
    return Raw(planes, *levels, balance / balance[1], to_srgb(matrix))


def to_srgb(xyz_to_camera: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matrix from a camera's colours to sRGB, of its matrix from XYZ; white stays white."""
    from harness.pairs.led.unprocessing import RGB_TO_XYZ

    camera = xyz_to_camera @ RGB_TO_XYZ
    return np.linalg.inv(camera / camera.sum(1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Preparation:
    """What becomes of a pair. Flips are of the whole image, rows and columns are swapped last."""

    crop: int | None = None
    train: bool = False
    zero_clip: bool = False
    horizontal: bool = True
    rotate: bool = True


def prepare(pair: RawPair, how: Preparation, rng: np.random.Generator | None = None) -> Arrays:
    """The planes that a network is given and those that it should return."""
    dark = expose(pair.dark.normalized, pair.ratio, how.zero_clip)
    images = [dark, np.clip(pair.bright.normalized, 0, 1)]
    if how.crop is not None:
        start = random_start(images[0].shape[-2:], how.crop, rng) if how.train and rng else None
        images = [crop(image, how.crop, start) for image in images]
    if how.train and rng is not None:
        coins = rng.random(3) < 0.5
        allowed = (how.horizontal, how.rotate, how.rotate)
        images = [flip(image, *(bool(c and a) for c, a in strict_zip(coins, allowed))) for image in images]
    return {name: np.ascontiguousarray(image) for name, image in strict_zip(("lq", "gt"), images)}


def random_start(sides: tuple[int, ...], size: int, rng: np.random.Generator) -> tuple[int, int]:
    """Where a crop starts; an image of just its size is taken whole (upstream fails there)."""
    if min(sides) < size:
        raise BadInput(f"an image of {sides[0]}x{sides[1]} packed pixels is smaller than the crop of {size}")
    top, left = (int(rng.integers(0, max(side - size, 1))) for side in sides)
    return top, left


class RawSamples:
    """Pairs as batches for either framework: plain arrays, the same for both, drawn from a seed."""

    def __init__(self, pairs: RawPairs, how: Preparation, seed: int = 0) -> None:
        self.pairs, self.how, self.seed = pairs, how, seed

    def __len__(self) -> int:
        return len(self.pairs)

    def sample(self, index: int, epoch: int = 0) -> Arrays:
        """One sample; its crop and flips depend on the seed, the epoch and its number alone."""
        rng = seeded.generator(self.seed, f"led/sample/{epoch}/{index}")
        return prepare(self.pairs[index], self.how, rng)

    def batch(self, indices: list[int], epoch: int = 0) -> Arrays:
        """Several samples of one size."""
        chosen = [self.sample(index, epoch) for index in indices]
        return {name: np.stack([one[name] for one in chosen]) for name in chosen[0]}

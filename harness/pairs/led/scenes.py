"""Synthetic raw pairs: a drawn scene, its mosaic, and the same in the dark with a camera's noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.older_python import strict_zip
from harness.pairs.led.datasets import Raw, RawPair, RawPairs
from harness.pairs.led.noise import calibrated, noisy_pair
from harness.pairs.led.packing import pack

BLACK, WHITE = 512, 16383
WHITE_BALANCE = (2.1, 1.0, 1.6, 1.0)
MATRIX = (
    (1.9712269, -0.6789218, -0.29230508),
    (-0.29104823, 1.748401, -0.45735288),
    (0.02051281, -0.5380369, 1.5175241),
)
RATIOS = (100, 250, 300)
BRIGHT_EXPOSURE = 10

Field = NDArray[np.float64]


class SyntheticPairs:
    """`count` pairs; each depends on seed, split and number alone. The size is that of packed planes."""

    def __init__(
        self,
        count: int,
        seed: int = 0,
        size: tuple[int, int] = (64, 64),
        camera: str = "SonyA7S2",
        split: str = "train",
    ) -> None:
        self.count, self.seed, self.size = count, seed, size
        self.place = "led/scene" if split == "train" else f"led/scene/{split}"
        self.camera = calibrated(camera)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> RawPair:
        """The pair of a number."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = seeded.generator(self.seed, f"{self.place}/{index}")
        clean = pack(mosaic(scene(rng, (2 * self.size[0], 2 * self.size[1])))).astype(np.float32)[None]
        scale = np.full((1, 4, 1, 1), WHITE - BLACK, np.float32)
        ratio = float(RATIOS[index % len(RATIOS)])
        noisy, bright = noisy_pair(rng, clean, scale, np.array([ratio], np.float32), self.camera)
        return RawPair(sensor(noisy[0] / ratio), sensor(bright[0]), ratio)


def scene(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """A picture of coloured shapes on a slope, as 3 x height x width with values from 0 to 1."""
    rows, columns = np.mgrid[: size[0], : size[1]] / np.array(size).reshape(2, 1, 1)
    slope = rng.uniform(-0.3, 0.3, (3, 2, 1, 1))
    picture: Field = 0.35 + slope[:, 0] * (rows - 0.5) + slope[:, 1] * (columns - 0.5)
    for _ in range(12):
        row, column, tall, wide = *rng.random(2), *rng.uniform(0.03, 0.3, 2)
        distance = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2
        shape = distance < 1 if rng.random() < 0.5 else np.exp(-distance)
        picture += rng.uniform(-0.4, 0.5, (3, 1, 1)) * shape
    return np.clip(picture, 0, 1)


def mosaic(picture: Field) -> Field:
    """What a sensor of order RGGB sees: one colour a pixel, before white balance."""
    seen = picture / np.array(WHITE_BALANCE[:3]).reshape(3, 1, 1)
    field = seen[1].copy()
    field[0::2, 0::2] = seen[0, 0::2, 0::2]
    field[1::2, 1::2] = seen[2, 1::2, 1::2]
    return np.asarray(field)


def sensor(planes: NDArray[np.float32]) -> Raw:
    """Planes from 0 to 1 as a camera stores them, in whole numbers."""
    black, white = (np.full((4, 1, 1), level, np.float32) for level in (BLACK, WHITE))
    stored = np.clip(np.rint(planes * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)
    return Raw(stored, black, white, np.array(WHITE_BALANCE, np.float32), np.array(MATRIX, np.float32))


def write_pairs(folder: Path, pairs: RawPairs) -> Path:
    """Write pairs as packed arrays in SID's layout; returns their list."""
    lines = []
    for index in range(len(pairs)):
        pair = pairs[index]
        dark, bright = BRIGHT_EXPOSURE / pair.ratio, BRIGHT_EXPOSURE
        names = [f"short/{index:05d}_00_{dark:g}s.ARW", f"long/{index:05d}_00_{bright:g}s.ARW"]
        for name, raw in strict_zip(names, (pair.dark, pair.bright)):
            place = folder / f"{name}.npz"
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(
                place,
                im=raw.planes,
                wb=raw.white_balance,
                ccm=raw.matrix,
                black_level=raw.black,
                white_level=raw.white,
            )
        lines.append(" ".join(f"./{name}" for name in names))
    listed = folder / "pairs.txt"
    listed.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return listed

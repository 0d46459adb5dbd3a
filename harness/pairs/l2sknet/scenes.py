"""Synthetic infrared scenes: clouded skies with a few small hot targets, so that nothing needs a download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.pairs.l2sknet.datasets import LAYOUTS, Scene, Scenes, Split, resize_bilinear

Field = NDArray[np.float64]

MOST_TARGETS = 4
CLOUD_CELLS = (4, 8, 16, 32)  # a side of the image, from the largest clouds to the smallest
NOISE = 0.015


class SyntheticScenes:
    """`count` scenes; each depends on the seed, the split and its own number alone."""

    def __init__(
        self, count: int, seed: int = 0, size: tuple[int, int] = (256, 256), split: Split = "train"
    ) -> None:
        self.count = count
        self.seed = seed
        self.size = size
        self.split = split

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Scene:
        """The scene of a number."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = seeded.generator(self.seed, f"l2sknet/scene/{self.split}/{index}")
        image = _clouds(rng, self.size)
        mask = np.zeros(self.size, dtype=np.float32)
        for _ in range(rng.integers(1, MOST_TARGETS + 1)):
            spot = _target(rng, self.size)
            image += rng.uniform(0.25, 0.6) * spot
            mask[spot > 0.5] = 1.0
        image += NOISE * rng.standard_normal(self.size)
        return Scene(f"{index:06d}", np.clip(image, 0, 1).astype(np.float32)[None], mask[None])


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Smooth noise at several scales on a slope, between about 0.1 and 0.5."""
    sky = np.linspace(0.0, rng.uniform(-0.2, 0.2), size[0])[:, None] + np.zeros(size)
    for cells in CLOUD_CELLS:
        coarse = rng.random((cells, cells)).astype(np.float32)
        sky += 0.3 / cells * 4 * resize_bilinear(coarse, size)
    low, high = sky.min(), sky.max()
    scaled: Field = 0.1 + 0.4 * (sky - low) / (high - low)
    return scaled


def _target(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """A small blurred spot with its peak, one, on a pixel."""
    row, column = (int(rng.integers(0, side)) for side in size)
    tall, wide = rng.uniform(0.7, 2.2, 2)
    rows, columns = np.ogrid[: size[0], : size[1]]
    spot: Field = np.exp(-((rows - row) ** 2 / (2 * tall**2) + (columns - column) ** 2 / (2 * wide**2)))
    return spot


def write_dataset(folder: Path, name: str, scenes: dict[Split, Scenes]) -> None:
    """Write scenes in the layout of a published data set, as 8-bit PNG files with their lists."""
    from PIL import Image

    layout = LAYOUTS[name]
    for kind in ("images", "masks", "img_idx"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for split, chosen in scenes.items():
        stems = []
        for scene in (chosen[number] for number in range(len(chosen))):
            stems.append(f"{split}-{scene.stem}")
            for kind, suffix, plane in (
                ("images", "", scene.image),
                ("masks", layout.mask_suffix, scene.mask),
            ):
                pixels = np.rint(plane[0] * 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / kind / f"{stems[-1]}{suffix}.png")
        listed = folder / "img_idx" / layout.list_name.format(split=split)
        listed.write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")

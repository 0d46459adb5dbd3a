"""Synthetic pictures of plain shapes on a rough ground, so that everything runs without a download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.older_python import strict_zip
from harness.pairs.gold_yolo.datasets import Picture, Pictures, Split, yaml_module

NAMES = ("disc", "box", "ring", "cross")
COLOURS = ((0.85, 0.2, 0.2), (0.2, 0.75, 0.25), (0.25, 0.35, 0.9), (0.9, 0.8, 0.2))
"""Of the shapes of a class, so that a short training can tell them apart; each is a little off."""
OFF = 0.15
MOST_OBJECTS = 4


class SyntheticPictures:
    """`count` pictures; each depends on the seed, the split and its own number alone."""

    def __init__(
        self, count: int, seed: int = 0, size: tuple[int, int] = (160, 200), split: Split = "train"
    ) -> None:
        self.count, self.seed, self.size, self.split = count, seed, size, split

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Picture:
        """The picture of a number."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = seeded.generator(self.seed, f"gold_yolo/picture/{self.split}/{index}")
        image = 0.35 + 0.08 * rng.standard_normal((*self.size, 1)) + np.zeros(3)
        labels = []
        for _ in range(rng.integers(1, MOST_OBJECTS + 1)):
            kind = int(rng.integers(len(NAMES)))
            height, width = rng.uniform(0.15, 0.45, 2)
            row, column = rng.uniform(height / 2, 1 - height / 2), rng.uniform(width / 2, 1 - width / 2)
            colour = np.array(COLOURS[kind]) + rng.uniform(-OFF, OFF, 3)
            image[_shape(kind, self.size, (row, column), (height, width))] = colour
            labels.append((kind, column, row, width, height))
        pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        return Picture(f"{index:06d}", pixels, np.array(labels, np.float32))


def _shape(
    kind: int, size: tuple[int, int], centre: tuple[float, float], extent: tuple[float, float]
) -> NDArray[np.bool_]:
    """The pixels of a shape that fills its box."""
    places = [(np.arange(side) + 0.5) / side for side in size]
    down, across = (
        (place - middle) / (length / 2) for place, middle, length in strict_zip(places, centre, extent)
    )
    y, x = np.meshgrid(down, across, indexing="ij")
    inside: NDArray[np.bool_] = np.maximum(np.abs(x), np.abs(y)) <= 1
    if NAMES[kind] == "box":
        return inside
    if NAMES[kind] == "cross":
        inside &= np.minimum(np.abs(x), np.abs(y)) <= 0.35
        return inside
    radius = x**2 + y**2
    round_: NDArray[np.bool_] = (radius <= 1) & (radius >= (0.3 if NAMES[kind] == "ring" else 0))
    return round_


def write_dataset(folder: Path, pictures: dict[Split, Pictures], names: tuple[str, ...] = NAMES) -> Path:
    """Write pictures as PNG files in YOLO's folders; returns `dataset.yaml`."""
    from PIL import Image

    for split, chosen in pictures.items():
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        for picture in (chosen[number] for number in range(len(chosen))):
            Image.fromarray(picture.image).save(folder / "images" / split / f"{picture.name}.png")
            lines = [
                f"{int(row[0])} " + " ".join(f"{value:.6f}" for value in row[1:]) for row in picture.labels
            ]
            (folder / "labels" / split / f"{picture.name}.txt").write_text("\n".join(lines), encoding="utf-8")
    return write_dataset_file(folder, list(pictures), names)


def write_dataset_file(folder: Path, splits: list[Split], names: tuple[str, ...]) -> Path:
    """Write `dataset.yaml`."""
    folders: dict[str, Any] = {split: f"images/{split}" for split in splits}
    path = folder / "dataset.yaml"
    content = yaml_module().safe_dump({**folders, "nc": len(names), "names": list(names), "is_coco": False})
    path.write_text(content, encoding="utf-8")
    return path

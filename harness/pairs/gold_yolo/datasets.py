"""Detection data in YOLO's folders: images, a text file of labels for each, and one file that names all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.pairs.pixels import read_rgb

Split = Literal["train", "val", "test"]
Pixels = NDArray[np.uint8]
Labels = NDArray[np.float32]

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True, eq=False)
class Picture:
    """An image (height, width, RGB) and its labels (class, centre x, centre y, width, height) in shares."""

    name: str
    image: Pixels
    labels: Labels


class Pictures(Protocol):
    """Pictures by number, wherever they come from."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int) -> Picture:
        """One of them."""


@dataclass(frozen=True)
class DatasetFile:
    """What `dataset.yaml` says."""

    folders: dict[str, Path]
    names: tuple[str, ...]
    is_coco: bool


def read_dataset_file(path: Path) -> DatasetFile:
    """Read `dataset.yaml`; folders are relative to it."""
    table = _yaml(path)
    names = table.get("names")
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)]
    if not isinstance(names, list) or not names:
        raise BadInput(f"{path}: names must list the classes; found {names!r}")
    count = table.get("nc", len(names))
    if count != len(names):
        raise BadInput(f"{path}: nc is {count}, but names lists {len(names)} classes; they must agree")
    folders = {
        split: path.parent / str(table[split]) for split in ("train", "val", "test") if table.get(split)
    }
    missing = [split for split in ("train", "val") if split not in folders]
    if missing:
        raise BadInput(f"{path}: no entry {' and '.join(missing)}; each names a folder of images")
    return DatasetFile(folders, tuple(map(str, names)), bool(table.get("is_coco", False)))


def _yaml(path: Path) -> dict[str, Any]:
    yaml = yaml_module()
    if not path.is_file():
        raise BadInput(f"there is no file {path}; it should name the folders and classes of a data set")
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path} cannot be read: {problem}") from problem
    if not isinstance(table, dict):
        raise BadInput(f"{path} must hold names with values, as `train: images/train`")
    return table


def yaml_module() -> Any:
    """PyYAML, which is optional."""
    try:
        import yaml
    except ImportError as problem:
        raise BadInput(
            "dataset.yaml needs PyYAML, which is not installed: pip install '.[data]'"
        ) from problem
    return yaml


class DetectionFolder:
    """A split of a data set: its images in the order of their names."""

    def __init__(self, dataset: DatasetFile, split: Split) -> None:
        if split not in dataset.folders:
            raise BadInput(f"the data set has no split {split}; it has {', '.join(dataset.folders)}")
        self.folder, self.classes = dataset.folders[split], len(dataset.names)
        if not self.folder.is_dir():
            raise BadInput(f"the {split} images should lie in {self.folder}, which is no folder")
        self.images = sorted(path for path in self.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not self.images:
            raise BadInput(f"no images in {self.folder}; known are {', '.join(SUFFIXES)}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Picture:
        """The picture at a place in the list."""
        path = self.images[index]
        labels = label_path(path)
        found = read_labels(labels, self.classes) if labels.is_file() else np.zeros((0, 5), np.float32)
        return Picture(path.stem, read_rgb(path), found)

    def check(self) -> None:
        """Raise BadInput where the labels of an image cannot be read."""
        for path in map(label_path, self.images):
            if path.is_file():
                read_labels(path, self.classes)


def label_path(image: Path) -> Path:
    """Where the labels of an image lie: under `labels` in the place of the last `images`."""
    parts = list(image.parts)
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == "images":
            parts[place] = "labels"
            return Path(*parts).with_suffix(".txt")
    raise BadInput(f"{image} does not lie below a folder `images`, so its labels cannot be found")


def read_labels(path: Path, classes: int) -> Labels:
    """Lines of `class cx cy w h` in shares of the image; rows that repeat are left out."""
    rows: dict[tuple[float, ...], None] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path} is no text file: {problem}") from problem
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows[_row(line, f"{path} line {number}", classes)] = None
    return np.array(list(rows), np.float32).reshape(-1, 5)


def _row(line: str, place: str, classes: int) -> tuple[float, ...]:
    try:
        row = tuple(float(word) for word in line.split())
    except ValueError as problem:
        raise BadInput(f"{place}: {line.strip()!r} holds something that is no number") from problem
    if len(row) != 5:
        raise BadInput(f"{place}: {len(row)} numbers; a label has 5: class, centre x and y, width, height")
    if not (row[0].is_integer() and 0 <= row[0] < classes):
        raise BadInput(f"{place}: class {row[0]:g}; it may be 0 to {classes - 1}")
    if not all(0 <= value <= 1 for value in row[1:]):
        raise BadInput(f"{place}: {line.strip()!r} leaves [0, 1]; positions are shares of the image's sides")
    return row

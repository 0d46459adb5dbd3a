"""FSSD-12: twelve classes of steel defects in three folds, and the lists that name their images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import BadInput

Split = Literal["train", "val"]


@dataclass(frozen=True)
class DefectClass:
    """A class: its number, its folder, and what it is."""

    number: int
    folder: str
    name: str


CLASSES = (
    DefectClass(1, "Steel_Am", "abrasion mask"),
    DefectClass(2, "Steel_Ia", "iron-sheet ash"),
    DefectClass(3, "Steel_Ld", "liquid"),
    DefectClass(4, "Steel_Op", "oxide scale"),
    DefectClass(5, "Steel_Os", "oil spot"),
    DefectClass(6, "Steel_Ws", "water spot"),
    DefectClass(7, "Steel_Pa", "patch"),
    DefectClass(8, "Steel_Pk", "punching"),
    DefectClass(9, "Steel_Ri", "red iron sheet"),
    DefectClass(10, "Steel_Rp", "roll printing"),
    DefectClass(11, "Steel_Sc", "scratch"),
    DefectClass(12, "Steel_Se", "inclusion"),
)
FOLDS = 3
TESTED = len(CLASSES) // FOLDS
IMAGES = 50  # of each class
LISTED_FOR = {("Steel_Rp", 43): 42}  # the published lists have 42 twice, and no 43


@dataclass(frozen=True)
class ListedImage:
    """A line of a list: an image below the root, and the number of its class."""

    image: str
    number: int

    @property
    def mask(self) -> str:
        """The mask's path, derived as published: every "jpg" becomes "png"."""
        return self.image.replace("Images/", "GT/").replace("jpg", "png")


def classes_of(fold: int, split: Split) -> tuple[DefectClass, ...]:
    """The fold's own four classes are for testing, the other eight for training."""
    if fold not in range(FOLDS):
        raise BadInput(f"fold {fold} of FSSD-12; there are 0 to {FOLDS - 1}")
    tested = range(TESTED * fold, TESTED * (fold + 1))
    return tuple(one for place, one in enumerate(CLASSES) if (place in tested) == (split == "val"))


def published_entries(fold: int, split: Split) -> list[ListedImage]:
    """What the published list of a fold and split holds."""
    return [
        ListedImage(f"{one.folder}/Images/{one.folder}_{LISTED_FOR.get((one.folder, n), n)}.jpg", one.number)
        for one in classes_of(fold, split)
        for n in range(1, IMAGES + 1)
    ]


def list_path(folder: Path, fold: int, split: Split) -> Path:
    """Where the list of a fold and split lies below a data set's folder."""
    return folder / "data_list" / split / f"fold{fold}_defect.txt"


def write_list(path: Path, entries: list[ListedImage]) -> None:
    """Write a list in the published form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{one.image}  {one.number}\n" for one in entries), encoding="utf-8")


def read_list(path: Path, fold: int, split: Split) -> list[ListedImage]:
    """Read a list; every line must name an image and a class of the split."""
    if not path.is_file():
        raise BadInput(f"no list of fold {fold}, split {split}: looked for {path}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path} is no text file: {problem}") from problem
    allowed = [one.number for one in classes_of(fold, split)]
    entries = []
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 2 or not parts[1].isdigit():
            raise BadInput(f"{path}, line {place}: {line!r}; it should be an image's path and a class number")
        if int(parts[1]) not in allowed:
            raise BadInput(f"{path}, line {place}: class {parts[1]}; fold {fold}, {split} has {allowed}")
        if Path(parts[0]).is_absolute() or ".." in Path(parts[0]).parts:
            raise BadInput(f"{path}, line {place}: {parts[0]!r} leads out of the data set's folder")
        entries.append(ListedImage(parts[0], int(parts[1])))
    if not entries:
        raise BadInput(f"{path} is empty; it should name one image a line")
    return entries

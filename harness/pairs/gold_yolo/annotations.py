"""Reading COCO's file of objects, with the entry named that is not as it should be."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import BadInput


class Image(NamedTuple):
    """An image's file name and size in pixels."""

    name: str
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Annotations:
    """What a file holds: images by number, categories by name, and objects as they stand there."""

    path: Path
    images: dict[int, Image]
    categories: dict[str, int]
    objects: list[dict[str, Any]]

    def class_numbers(self, names: Sequence[str]) -> dict[int, int]:
        """From a category's number to its place in the list of wanted classes."""
        unknown = [name for name in names if name not in self.categories]
        if unknown:
            known = ", ".join(sorted(self.categories))
            raise BadInput(f"{self.path} knows no class {', '.join(unknown)}; it has {known}")
        return {self.categories[name]: place for place, name in enumerate(names)}

    def labels(self, classes: dict[int, int]) -> dict[int, list[tuple[float, ...]]]:
        """By image its objects (class, centre x, centre y, width, height) in shares; crowds are left out."""
        labels: dict[int, list[tuple[float, ...]]] = {}
        for place, one in enumerate(self.objects):
            try:
                if one.get("iscrowd") or one["category_id"] not in classes:
                    continue
                number, (x, y, w, h) = one["image_id"], map(float, one["bbox"])
                image = self.images[number]
            except (AttributeError, KeyError, TypeError, ValueError) as problem:
                raise _odd(self.path, "annotations", place, problem) from problem
            if not all(map(math.isfinite, (x, y, w, h))):
                raise _odd(self.path, "annotations", place, ValueError("a box that is not finite"))
            left, right = max(x, 0) / image.width, min(x + w, image.width) / image.width
            top, bottom = max(y, 0) / image.height, min(y + h, image.height) / image.height
            if right > left and bottom > top:
                row = (classes[one["category_id"]], (left + right) / 2, (top + bottom) / 2)
                labels.setdefault(number, []).append((*row, right - left, bottom - top))
        return labels


def read_annotations(path: Path) -> Annotations:
    """Read `instances_*.json`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path} cannot be read: {problem}") from problem
    names = ("images", "annotations", "categories")
    missing = [
        name for name in names if not isinstance(document, dict) or not isinstance(document.get(name), list)
    ]
    if missing:
        raise BadInput(f"{path} has no list {' and no list '.join(missing)}; it is no file of COCO's objects")
    images: dict[int, Image] = {}
    categories: dict[str, int] = {}
    for place, one in enumerate(document["images"]):
        try:
            image = Image(Path(one["file_name"]).name, float(one["width"]), float(one["height"]))
            images[one["id"]] = image
        except (KeyError, TypeError, ValueError) as problem:
            raise _odd(path, "images", place, problem) from problem
        if not (image.name and image.width > 0 and image.height > 0):
            raise _odd(path, "images", place, ValueError(f"{image.width:g}x{image.height:g} pixels"))
    for place, one in enumerate(document["categories"]):
        try:
            categories[one["name"]] = one["id"]
        except (KeyError, TypeError) as problem:
            raise _odd(path, "categories", place, problem) from problem
    return Annotations(path, images, categories, document["annotations"])


def _odd(path: Path, what: str, place: int, problem: Exception) -> BadInput:
    found = f"no entry {problem}" if isinstance(problem, KeyError) else str(problem)
    return BadInput(f"{path}: {what}[{place}] is not as COCO writes it: {found}")

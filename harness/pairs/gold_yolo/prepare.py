"""A small data set out of a COCO folder: some images of some classes, split by a seed, in YOLO's folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import seeded
from harness.errors import BadInput
from harness.pairs.gold_yolo.datasets import Split
from harness.pairs.gold_yolo.scenes import write_dataset_file

CLASSES = (
    "person", "bicycle", "car", "motorcycle", "bus", "truck", "cat", "dog", "bottle", "chair",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What is taken from where: `source` holds `annotations/instances_*.json` and the images."""

    source: Path
    target: Path
    images: int = 1000
    classes: tuple[str, ...] = CLASSES
    seed: int = 42
    train_share: float = 0.8


def prepare(request: Request) -> Path:
    """Write the data set with `dataset_info.json`; returns its `dataset.yaml`."""
    if not 0 < request.train_share < 1:
        raise BadInput(f"--split {request.train_share}: the share of training lies between 0 and 1")
    file, told = _annotations(request.source)
    classes = _class_numbers(told, request.classes, file)
    labels = _labels(told, classes)
    chosen = _chosen(sorted(labels), request)
    images = {image["id"]: image for image in told["images"]}
    count = round(len(chosen) * request.train_share)
    splits: dict[Split, list[int]] = {"train": chosen[:count], "val": chosen[count:]}
    boxes = dict.fromkeys(request.classes, 0)
    for split, members in splits.items():
        for number in members:
            rows = labels[number]
            _write_image(request, split, images[number], rows)
            for label, *_ in rows:
                boxes[request.classes[int(label)]] += 1
    info = {
        "source": file.name,
        "seed": request.seed,
        "images": {split: len(members) for split, members in splits.items()},
        "objects": boxes,
        "classes": list(request.classes),
    }
    text = json.dumps(info, indent=2) + "\n"
    (request.target / "dataset_info.json").write_text(text, encoding="utf-8")
    return write_dataset_file(request.target, list(splits), request.classes)


def _annotations(source: Path) -> tuple[Path, dict[str, Any]]:
    files = sorted(source.glob("annotations/instances_*.json"))
    if not files:
        raise BadInput(f"no annotations/instances_*.json in {source}; give a folder as COCO publishes it")
    try:
        told = json.loads(files[0].read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise BadInput(f"{files[0]} cannot be read: {problem}") from problem
    missing = [name for name in ("images", "annotations", "categories") if name not in told]
    if missing:
        raise BadInput(f"{files[0]} has no {' and no '.join(missing)}; it is no file of COCO's objects")
    return files[0], told


def _class_numbers(told: dict[str, Any], names: Sequence[str], file: Path) -> dict[int, int]:
    """From COCO's category to the place in the list of wanted classes."""
    known = {category["name"]: category["id"] for category in told["categories"]}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadInput(f"{file} knows no class {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return {known[name]: place for place, name in enumerate(names)}


def _labels(told: dict[str, Any], classes: dict[int, int]) -> dict[int, list[tuple[float, ...]]]:
    """By image its objects (class, centre x, centre y, width, height) in shares; crowds are left out."""
    sizes = {image["id"]: (image["width"], image["height"]) for image in told["images"]}
    labels: dict[int, list[tuple[float, ...]]] = {}
    for one in told["annotations"]:
        if one.get("iscrowd") or one["category_id"] not in classes:
            continue
        width, height = sizes[one["image_id"]]
        x, y, w, h = one["bbox"]
        left, right = max(x, 0) / width, min(x + w, width) / width
        top, bottom = max(y, 0) / height, min(y + h, height) / height
        if right > left and bottom > top:
            row = (classes[one["category_id"]], (left + right) / 2, (top + bottom) / 2)
            labels.setdefault(one["image_id"], []).append((*row, right - left, bottom - top))
    return labels


def _chosen(numbers: list[int], request: Request) -> list[int]:
    if len(numbers) < max(request.images, 2):
        raise BadInput(
            f"{request.images} images are wanted, {len(numbers)} hold an object of these classes; "
            "ask for fewer (2 at least) or for more classes"
        )
    order = seeded.generator(request.seed, "gold_yolo/prepare").permutation(len(numbers))
    return [numbers[place] for place in order[: request.images]]


def _write_image(
    request: Request, split: Split, image: dict[str, Any], rows: list[tuple[float, ...]]
) -> None:
    name = Path(image["file_name"]).name
    found = next((path for path in sorted(request.source.rglob(name)) if path.is_file()), None)
    if found is None:
        raise BadInput(f"the image {name} is not below {request.source}, though its annotations are there")
    for kind in ("images", "labels"):
        (request.target / kind / split).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found, request.target / "images" / split / name)
    lines = [f"{int(row[0])} " + " ".join(f"{value:.6f}" for value in row[1:]) for row in rows]
    path = request.target / "labels" / split / f"{Path(name).stem}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

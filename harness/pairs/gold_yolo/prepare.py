"""A small data set out of a COCO folder: some images of some classes, split by a seed, in YOLO's folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import seeded
from harness.errors import BadInput, HarnessError
from harness.files import new_folder, require_free_folder
from harness.pairs.base import Subset
from harness.pairs.gold_yolo.annotations import Annotations, read_annotations
from harness.pairs.gold_yolo.datasets import Split, yaml_module
from harness.pairs.gold_yolo.scenes import write_dataset_file

CLASSES = (
    "person", "bicycle", "car", "motorcycle", "bus", "truck", "cat", "dog", "bottle", "chair",
)  # fmt: skip
IMAGES, SEED, TRAIN_SHARE = 1000, 42, 0.8


@dataclass(frozen=True)
class SubsetRequest:
    """What is taken from where: `source` holds `annotations/instances_*.json` and the images."""

    source: Path
    target: Path
    images: int = IMAGES
    classes: tuple[str, ...] = CLASSES
    seed: int = SEED
    train_share: float = TRAIN_SHARE
    annotations: Path | None = None


def prepare_subset(subset: Subset) -> Path:
    """The request of `align data prepare`; the published recipe gives the defaults."""
    return prepare(
        SubsetRequest(
            subset.source,
            subset.target,
            IMAGES if subset.count is None else subset.count,
            subset.classes or CLASSES,
            SEED if subset.seed is None else subset.seed,
            TRAIN_SHARE if subset.train_share is None else subset.train_share,
            subset.annotations,
        )
    )


def prepare(request: SubsetRequest) -> Path:
    """Write the data set with `dataset_info.json`, all of it or nothing; returns its `dataset.yaml`."""
    _check(request)
    annotations = read_annotations(request.annotations or _annotations(request.source))
    labels = annotations.labels(annotations.class_numbers(request.classes))
    chosen = _chosen(sorted(labels), request)
    places = _image_files(request.source, annotations, chosen)
    count = round(len(chosen) * request.train_share)
    splits: dict[Split, list[int]] = {"train": chosen[:count], "val": chosen[count:]}
    with new_folder(request.target) as draft:
        try:
            for split, members in splits.items():
                for number in members:
                    _write_image(draft, split, places[number], labels[number])
            _write_info(draft, request, annotations.path.name, splits, labels)
            path = write_dataset_file(draft, list(splits), request.classes)
        except OSError as problem:
            raise HarnessError(f"cannot write {request.target}: {problem.strerror or problem}") from problem
    return request.target / path.name


def _check(request: SubsetRequest) -> None:
    """Refuse what no folder of COCO's could fulfil."""
    if not 0 < request.train_share < 1:
        raise BadInput(f"--split {request.train_share}: the share of training lies between 0 and 1")
    repeated = sorted({name for name in request.classes if request.classes.count(name) > 1})
    if repeated:
        raise BadInput(f"--classes names {', '.join(repeated)} more than once; name each class once")
    require_free_folder(request.target)
    yaml_module()  # before anything is copied: it may be missing


def _annotations(source: Path) -> Path:
    files = sorted(source.glob("annotations/instances_*.json"))
    if not files:
        raise BadInput(f"no annotations/instances_*.json in {source}; give a folder as COCO publishes it")
    return files[0]


def _chosen(numbers: list[int], request: SubsetRequest) -> list[int]:
    """Some of the images, in an order that the seed decides, so that each split has one."""
    if len(numbers) < max(request.images, 2):
        raise BadInput(
            f"{request.images} images are wanted, {len(numbers)} hold an object of these classes; "
            "ask for fewer (2 at least) or for more classes"
        )
    share = round(request.images * request.train_share)
    if not 0 < share < request.images:
        raise BadInput(
            f"--split {request.train_share} of {request.images} images leaves a split empty; "
            "ask for more images or another split"
        )
    order = seeded.generator(request.seed, "gold_yolo/prepare").permutation(len(numbers))
    return [numbers[place] for place in order[: request.images]]


def _image_files(source: Path, annotations: Annotations, chosen: Sequence[int]) -> dict[int, Path]:
    """Where the chosen images are, by number."""
    wanted = {annotations.images[number].name: number for number in chosen}
    if len(wanted) < len(chosen):
        raise BadInput(f"{annotations.path} gives two of the chosen images one file name; each needs its own")
    found: dict[int, Path] = {}
    for path in sorted(source.rglob("*")):
        if path.name in wanted and path.is_file():
            found.setdefault(wanted[path.name], path)
    lost = sorted(name for name, number in wanted.items() if number not in found)
    if lost:
        raise BadInput(
            f"the image {lost[0]} is not below {source}, though {annotations.path} names it "
            f"({len(lost)} of {len(wanted)} are not there); put the images beside the annotations, or name "
            "other annotations with --annotations"
        )
    return found


def _write_image(folder: Path, split: Split, image: Path, rows: list[tuple[float, ...]]) -> None:
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, folder / "images" / split / image.name)
    lines = [f"{int(row[0])} " + " ".join(f"{value:.6f}" for value in row[1:]) for row in rows]
    path = folder / "labels" / split / f"{image.stem}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_info(
    folder: Path,
    request: SubsetRequest,
    source: str,
    splits: dict[Split, list[int]],
    labels: dict[int, list[tuple[float, ...]]],
) -> None:
    boxes = dict.fromkeys(request.classes, 0)
    for number in (number for members in splits.values() for number in members):
        for label, *_ in labels[number]:
            boxes[request.classes[int(label)]] += 1
    info: dict[str, Any] = {
        "source": source,
        "seed": request.seed,
        "images": {split: len(members) for split, members in splits.items()},
        "objects": boxes,
        "classes": list(request.classes),
    }
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")

"""A small data set out of a COCO folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.errors import BadInput
from harness.pairs.gold_yolo.datasets import DetectionFolder, read_dataset_file
from harness.pairs.gold_yolo.prepare import Request, prepare

COUNT = 10


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """Ten images in COCO's form: cats in all, a dog in every other, and a crowd that does not count."""
    source = tmp_path / "coco"
    (source / "annotations").mkdir(parents=True)
    (source / "val2017").mkdir()
    told: dict[str, Any] = {
        "images": [], "annotations": [],
        "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
    }  # fmt: skip
    for number in range(COUNT):
        name = f"{number:012d}.png"
        Image.fromarray(np.full((40, 80, 3), number, np.uint8)).save(source / "val2017" / name)
        told["images"].append({"id": number, "file_name": name, "width": 80, "height": 40})
        boxes = [(17, [8, 4, 16, 20], 0), (1, [0, 0, 80, 40], 0), (18, [0, 0, 80, 40], 1)]
        if number % 2:
            boxes.append((18, [60, 30, 40, 40], 0))
        for kind, box, crowd in boxes:
            told["annotations"].append(
                {"image_id": number, "category_id": kind, "bbox": box, "iscrowd": crowd}
            )
    (source / "annotations" / "instances_val2017.json").write_text(json.dumps(told))
    return Request(source, tmp_path / "small", images=6, classes=("dog", "cat"), train_share=0.5)


def test_a_subset(request_: Request) -> None:
    told = read_dataset_file(prepare(request_))
    train, val = (DetectionFolder(told, split) for split in ("train", "val"))
    assert (len(train), len(val)) == (3, 3)
    names = [folder[place].name for folder in (train, val) for place in range(3)]
    assert len(set(names)) == 6
    picture = train[0]
    assert picture.image[0, 0, 0] == int(picture.name)
    rows = {tuple(np.round(row, 4)) for row in picture.labels.tolist()}
    assert (1.0, 0.2, 0.35, 0.2, 0.5) in rows
    assert ((0.0, 0.875, 0.875, 0.25, 0.25) in rows) == bool(int(picture.name) % 2)
    info = json.loads((request_.target / "dataset_info.json").read_text())
    assert info["images"] == {"train": 3, "val": 3}
    assert info["objects"]["cat"] == 6


def test_the_seed_decides(request_: Request, tmp_path: Path) -> None:
    def names(seed: int, folder: str) -> list[str]:
        target = tmp_path / folder
        told = read_dataset_file(prepare(replace(request_, seed=seed, target=target)))
        return [path.stem for path in DetectionFolder(told, "train").images]

    assert names(1, "a") == names(1, "b")
    assert names(1, "a") != names(3, "c")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": 11}, "11 images are wanted, 10 hold an object"),
        ({"classes": ("cat", "cow")}, "knows no class cow; it has cat, dog, person"),
        ({"train_share": 1.5}, "--split 1.5"),
        ({"source": Path("nowhere")}, r"no annotations/instances_\*\.json in nowhere"),
    ],
)
def test_what_cannot_be_prepared(change: dict[str, Any], said: str, request_: Request) -> None:
    with pytest.raises(BadInput, match=said):
        prepare(replace(request_, **change))


def test_a_missing_image(request_: Request) -> None:
    for path in (request_.source / "val2017").glob("*.png"):
        path.unlink()
    with pytest.raises(BadInput, match="though its annotations are there"):
        prepare(request_)

"""A small data set out of a COCO folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.errors import BadInput, HarnessError
from harness.pairs.gold_yolo.datasets import DetectionFolder, read_dataset_file
from harness.pairs.gold_yolo.prepare import SubsetRequest, prepare

COUNT = 10


@pytest.fixture
def request_(tmp_path: Path) -> SubsetRequest:
    """Ten images in COCO's form: cats in all, a dog in every other, and a crowd that does not count."""
    source = tmp_path / "coco"
    (source / "annotations").mkdir(parents=True)
    (source / "val2017").mkdir()
    expected: dict[str, Any] = {
        "images": [], "annotations": [],
        "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
    }  # fmt: skip
    for number in range(COUNT):
        name = f"{number:012d}.png"
        Image.fromarray(np.full((40, 80, 3), number, np.uint8)).save(source / "val2017" / name)
        expected["images"].append({"id": number, "file_name": name, "width": 80, "height": 40})
        boxes = [(17, [8, 4, 16, 20], 0), (1, [0, 0, 80, 40], 0), (18, [0, 0, 80, 40], 1)]
        if number % 2:
            boxes.append((18, [60, 30, 40, 40], 0))
        for kind, box, crowd in boxes:
            expected["annotations"].append(
                {"image_id": number, "category_id": kind, "bbox": box, "iscrowd": crowd}
            )
    (source / "annotations" / "instances_val2017.json").write_text(json.dumps(expected))
    return SubsetRequest(source, tmp_path / "small", images=6, classes=("dog", "cat"), train_share=0.5)


def test_a_subset(request_: SubsetRequest) -> None:
    expected = read_dataset_file(prepare(request_))
    train, val = (DetectionFolder(expected, split) for split in ("train", "val"))
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


def test_the_seed_decides(request_: SubsetRequest, tmp_path: Path) -> None:
    def names(seed: int, folder: str) -> list[str]:
        target = tmp_path / folder
        expected = read_dataset_file(prepare(replace(request_, seed=seed, target=target)))
        return [path.stem for path in DetectionFolder(expected, "train").images]

    assert names(1, "a") == names(1, "b")
    assert names(1, "c") != names(3, "d")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": 11}, "11 images are wanted, 10 hold an object"),
        ({"classes": ("cat", "cow")}, "knows no class cow; it has cat, dog, person"),
        ({"classes": ("cat", "dog", "cat")}, "--classes names cat more than once"),
        ({"train_share": 1.5}, "--split 1.5"),
        ({"train_share": 0.01}, "--split 0.01 of 6 images leaves a split empty"),
        ({"source": Path("nowhere")}, r"no annotations/instances_\*\.json in nowhere"),
    ],
)
def test_what_cannot_be_prepared(change: dict[str, Any], said: str, request_: SubsetRequest) -> None:
    with pytest.raises(BadInput, match=said):
        prepare(replace(request_, **change))
    assert not list(request_.target.parent.glob("small*"))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda expected: expected.pop("images"), "has no list images"),
        (lambda expected: expected.update(categories={}), "has no list categories"),
        (lambda expected: expected["images"][2].pop("width"), r"images\[2\] .* no entry 'width'"),
        (lambda expected: expected["images"][0].update(height=0), r"images\[0\] .* 80x0 pixels"),
        (lambda expected: expected["categories"].append("cow"), r"categories\[3\]"),
        (lambda expected: expected["annotations"].insert(0, 7), r"annotations\[0\]"),
        (lambda expected: expected["annotations"][0].update(image_id=99), r"annotations\[0\] .* no entry 99"),
        (
            lambda expected: expected["annotations"][0].update(bbox=[1, 2, 3]),
            r"annotations\[0\] .* not enough values",
        ),
        (
            lambda expected: expected["annotations"][0].update(bbox=[1, 2, 3, float("nan")]),
            "a box that is not finite",
        ),
    ],
)
def test_annotations_that_are_not_coco(change: Change, said: str, request_: SubsetRequest) -> None:
    path = request_.source / "annotations" / "instances_val2017.json"
    expected = json.loads(path.read_text())
    change(expected)
    path.write_text(json.dumps(expected))
    with pytest.raises(BadInput, match=said) as refused:
        prepare(request_)
    assert str(path) in str(refused.value)
    assert not list(request_.target.parent.glob("small*"))


def test_annotations_that_are_no_json(request_: SubsetRequest) -> None:
    path = request_.source / "annotations" / "instances_val2017.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(BadInput, match=r"instances_val2017\.json cannot be read"):
        prepare(request_)


def test_two_images_of_one_name(request_: SubsetRequest) -> None:
    path = request_.source / "annotations" / "instances_val2017.json"
    expected = json.loads(path.read_text())
    for image in expected["images"]:
        image["file_name"] = "a.png"
    path.write_text(json.dumps(expected))
    with pytest.raises(BadInput, match="gives two of the chosen images one file name"):
        prepare(request_)


def test_annotations_of_ones_own(request_: SubsetRequest) -> None:
    path = request_.source / "annotations" / "instances_val2017.json"
    other = path.rename(request_.source / "mine.json")
    assert prepare(replace(request_, annotations=other)).is_file()


def test_nothing_is_written_over(request_: SubsetRequest) -> None:
    request_.target.mkdir()
    assert prepare(request_).is_file()
    before = sorted(request_.target.rglob("*"))
    with pytest.raises(BadInput, match="exists and is not an empty folder; name another"):
        prepare(request_)
    assert sorted(request_.target.rglob("*")) == before


def test_a_folder_of_the_user_s_beside_it_is_left_alone(request_: SubsetRequest) -> None:
    beside = request_.target.with_name(request_.target.name + ".partial")
    beside.mkdir()
    (beside / "precious").touch()
    prepare(request_)
    assert (beside / "precious").exists()


def test_nothing_half_written_stays(request_: SubsetRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[Path] = []

    def copy(source: Path, target: Path) -> None:
        if copied:
            raise OSError(28, "No space left on device")
        copied.append(target)
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr("shutil.copyfile", copy)
    with pytest.raises(HarnessError, match="No space left"):
        prepare(request_)
    assert copied
    assert not list(request_.target.parent.glob("small*"))


def test_a_missing_image(request_: SubsetRequest) -> None:
    for path in (request_.source / "val2017").glob("*.png"):
        path.unlink()
    with pytest.raises(BadInput, match=r"\.png is not below .*\(6 of 6 are not there"):
        prepare(request_)
    assert not request_.target.exists()

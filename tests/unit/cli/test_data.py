"""`align data prepare`: a small data set out of a published one, or one message and nothing written."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness import pairs
from harness.pairs.base import Subset
from tests.unit.cli.conftest import Align

pytest.importorskip("yaml", reason="pip install '.[data]'")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four images with a cat in COCO's form."""
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    for number in range(4):
        Image.fromarray(np.full((20, 40, 3), number, np.uint8)).save(folder / f"{number}.png")
    images = [{"id": number, "file_name": f"{number}.png", "width": 40, "height": 20} for number in range(4)]
    objects = [{"image_id": number, "category_id": 17, "bbox": [4, 2, 8, 10]} for number in range(4)]
    expected = {"images": images, "annotations": objects, "categories": [{"id": 17, "name": "cat"}]}
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(expected))
    return folder


def test_a_subset_is_written(align: Align, source: Path, tmp_path: Path) -> None:
    words = ("data", "prepare", "--source", source, "--target", "small", "--num-images", "4")
    ran = align(*words, "--classes", "cat", "--split", "0.5", "--seed", "3", "--json")
    assert ran.exit_code == 0
    assert ran.document == {"written": ["small/dataset.yaml"], "exit_code": 0}
    info = json.loads((tmp_path / "small" / "dataset_info.json").read_text())
    assert (info["seed"], info["images"], info["objects"]) == (3, {"train": 2, "val": 2}, {"cat": 4})
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == [
        "dataset.yaml",
        "dataset_info.json",
        "images",
        "labels",
    ]


def test_a_pair_is_handed_what_was_asked(
    align: Align, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Subset] = []

    def prepare(subset: Subset) -> Path:
        asked.append(subset)
        return Path("dataset.yaml")

    able = dataclasses.replace(pairs.find("gold_yolo"), name="able", prepare_data=prepare)
    unable = dataclasses.replace(able, name="unable", prepare_data=None)
    monkeypatch.setattr(pairs, "all_pairs", lambda: [able, unable])
    monkeypatch.setattr(pairs, "find", lambda name: able if name == "able" else unable)
    words = ("data", "prepare", "--source", tmp_path, "--target", "small")
    assert align(*words).exit_code == align(*words, "-m", "able", "--classes", "a, b").exit_code == 0
    assert asked == [Subset(tmp_path, Path("small")), Subset(tmp_path, Path("small"), classes=("a", "b"))]
    assert "unable has no data to prepare; able has" in align(*words, "-m", "unable").stderr
    monkeypatch.setattr(pairs, "all_pairs", lambda: [able, dataclasses.replace(able, name="other")])
    ran = align(*words)
    assert (ran.exit_code, "name one of able, other with --model" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--source", "nowhere"), "'nowhere' is not allowed; it should be the path of a folder"),
        (("--num-images", "0"), "'0' is not allowed; it should be a whole number, 1 or more"),
        (("--num-images", "5"), "5 images are wanted, 4 hold an object of these classes"),
        (("--split", "1"), "'1' is not allowed; it should be a share between 0 and 1, such as 0.8"),
        (("--split", "0"), "'0' is not allowed; it should be a share between 0 and 1, such as 0.8"),
        (("--split", "0.1"), "leaves a split empty"),
        (("--classes", "cat,,dog"), "'cat,,dog' is not allowed; it should be names with commas between"),
        (("--classes", "cow"), "instances_val2017.json knows no class cow; it has cat"),
        (("--annotations", "none.json"), "there is no file of that name"),
        (("--target", "coco"), "coco exists and is not an empty folder; name another"),
    ],
)
def test_bad_input_is_exit_2_and_writes_nothing(
    align: Align, source: Path, tmp_path: Path, words: tuple[str, str], said: str
) -> None:
    before = sorted(source.rglob("*"))
    given = {"--source": "coco", "--target": "small", "--num-images": "4", "--classes": "cat"}
    given |= dict([words])
    ran = align("data", "prepare", *(word for pair in given.items() for word in pair))
    assert ran.exit_code == 2
    assert said in " ".join(ran.stderr.split())
    assert not list(tmp_path.glob("small*"))
    assert sorted(source.rglob("*")) == before


def test_a_damaged_file_is_named(align: Align, source: Path, tmp_path: Path) -> None:
    (source / "annotations" / "instances_val2017.json").write_text("{")
    ran = align("data", "prepare", "--source", "coco", "--target", "small", "--json")
    assert ran.exit_code == ran.document["exit_code"] == 2
    assert "instances_val2017.json cannot be read" in ran.document["error"]
    assert not (tmp_path / "small").exists()

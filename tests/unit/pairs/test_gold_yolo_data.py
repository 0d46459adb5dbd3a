"""Gold-YOLO's data: folders, labels, synthetic pictures, and what training does to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.base import Arrays
from harness.pairs.gold_yolo import augment, coco, letterbox, metrics, nms
from harness.pairs.gold_yolo.data_set import ValidationSet
from harness.pairs.gold_yolo.datasets import (
    DetectionFolder,
    Picture,
    label_path,
    read_dataset_file,
    read_labels,
)
from harness.pairs.gold_yolo.meter import PrecisionMeter
from harness.pairs.gold_yolo.scenes import NAMES, SyntheticPictures, write_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A small synthetic data set on disk."""
    return write_dataset(tmp_path, {"train": SyntheticPictures(3), "val": SyntheticPictures(2, split="val")})


def test_a_written_data_set_is_read_back(dataset: Path) -> None:
    expected = read_dataset_file(dataset)
    assert expected.names == NAMES
    folder, pictures = DetectionFolder(expected, "train"), SyntheticPictures(3)
    assert len(folder) == 3
    for place in range(3):
        np.testing.assert_array_equal(folder[place].image, pictures[place].image)
        np.testing.assert_allclose(folder[place].labels, pictures[place].labels, atol=1e-6)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.2", "line 2: 4 numbers; a label has 5"),
        ("0 0.5 x 0.2 0.2", "line 2: .* holds something that is no number"),
        ("4 0.5 0.5 0.2 0.2", "line 2: class 4; it may be 0 to 3"),
        ("0.5 0.5 0.5 0.2 0.2", "line 2: class 0.5; it may be 0 to 3"),
        ("1 1.5 0.5 0.2 0.2", r"line 2: .* leaves \[0, 1\]"),
    ],
)
def test_bad_label_lines(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"0 0.5 0.5 0.2 0.2\n{line}\n")
    with pytest.raises(BadInput, match=f"a.txt {said}"):
        read_labels(path, 4)


def test_repeated_labels_count_once(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0 0.5 0.5 0.2 0.2\n\n0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n")
    assert read_labels(path, 4)[:, 0].tolist() == [0, 1]


def test_images_without_labels(dataset: Path) -> None:
    (dataset.parent / "labels" / "val" / "000000.txt").unlink()
    assert DetectionFolder(read_dataset_file(dataset), "val")[0].labels.shape == (0, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "must hold names with values"),
        ("train: a\nval: b\nnames: []", "names must list the classes"),
        ("train: a\nval: b\nnames: [x, y]\nnc: 3", "nc is 3, but names lists 2 classes"),
        ("train: a\nnames: [x]", "no entry val"),
        ("train: [", "cannot be read"),
    ],
)
def test_bad_dataset_files(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        read_dataset_file(path)


def test_what_is_missing(dataset: Path, tmp_path: Path) -> None:
    expected = read_dataset_file(dataset)
    with pytest.raises(BadInput, match="has no split test; it has train, val"):
        DetectionFolder(expected, "test")
    with pytest.raises(BadInput, match="there is no file"):
        read_dataset_file(tmp_path / "other.yaml")
    with pytest.raises(BadInput, match="does not lie below a folder `images`"):
        label_path(tmp_path / "photos" / "a.png")
    (expected.folders["val"] / "000000.png").write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"000000\.png cannot be read as an image"):
        DetectionFolder(expected, "val")[0]


def test_pictures_depend_on_their_number_alone() -> None:
    pictures = SyntheticPictures(4)
    np.testing.assert_array_equal(pictures[2].image, SyntheticPictures(3)[2].image)
    assert not np.array_equal(pictures[1].image, pictures[2].image)
    with pytest.raises(IndexError):
        pictures[4]


@pytest.mark.parametrize("recipe", [augment.SMALL, augment.LARGE, augment.STILL])
def test_training_pictures(recipe: augment.Recipe) -> None:
    training = augment.AugmentedPictures(SyntheticPictures(5), 96, recipe, seed=2)
    items = [training[place] for place in range(len(training))]
    for image, labels in items:
        assert image.shape == (96, 96, 3)
        assert labels.shape[1] == 5
        assert (labels[:, 1:] >= 0).all()
        assert (labels[:, 1:] <= 1).all()
    np.testing.assert_array_equal(training[3][0], items[3][0])
    training.epoch = 1
    assert not np.array_equal(training[3][0], items[3][0])
    batch = augment.batch(items)
    assert batch["x"].shape == (5, 3, 96, 96)
    assert batch["x"].max() <= 1
    assert len(batch["targets"]) == sum(len(labels) for _, labels in items)


def test_a_motion_that_moves_nothing() -> None:
    image = SyntheticPictures(1, size=(40, 60))[0].image
    matrix = augment.Motion(0.0, 1.0, (0.0, 0.0), (0.5, 0.5)).matrix((40, 60), (40, 60))
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(augment.warped(image, matrix, (40, 60)), image)


def test_boxes_follow_their_pixels() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:40, 10:30] = 255
    matrix = augment.Motion(0.0, 1.5, (0.0, 0.0), (0.4, 0.55)).matrix((64, 64), (64, 64))
    moved = augment.warped(image, matrix, (64, 64))[..., 0] > 127
    rows, columns = np.nonzero(moved)
    (box,) = augment.moved_boxes(np.array([[0.0, 10, 20, 30, 40]]), matrix, 1.5, (64, 64))
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(box[1:], edges, atol=1.0)


def test_a_mosaic_puts_pictures_around_its_centre() -> None:
    pictures = SyntheticPictures(4, size=(32, 32))
    canvas, boxes = augment.mosaic([pictures[place] for place in range(4)], 32, (32, 32))
    np.testing.assert_array_equal(canvas[:32, :32], pictures[0].image)
    np.testing.assert_array_equal(canvas[:32, 32:], pictures[1].image)
    np.testing.assert_array_equal(canvas[32:, 32:], pictures[3].image)
    assert len(boxes) == sum(len(pictures[place].labels) for place in range(4))


def test_colours_survive_the_way_there_and_back() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    found = augment.recoloured(image, np.ones(3))
    assert np.abs(found.astype(int) - image.astype(int)).max() <= 5  # hue has 180 steps
    dark = augment.recoloured(image, np.array([1.0, 1.0, 0.5]))
    assert dark.max() <= 128


def test_resizing_by_areas_keeps_the_mean() -> None:
    image = np.random.default_rng(1).integers(0, 256, (30, 42, 3), np.uint8)
    small = letterbox.resize(image, (10, 14), area=True)
    means = image.reshape(10, 3, 14, 3, 3).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 0.51
    flat = np.full((7, 9, 3), 50, np.uint8)
    assert (letterbox.resize(flat, (20, 31)) == 50).all()


def test_boxes_find_their_way_back_from_a_letterbox() -> None:
    placed = letterbox.fit((100, 60), 64)
    box = np.array([[10.0, 20.0, 50.0, 90.0]])
    across, down = placed.pad
    there = box * placed.ratio + np.array([across, down, across, down])
    np.testing.assert_allclose(letterbox.to_original(there, placed, (100, 60)), box, atol=1e-9)
    image = letterbox.letterbox(np.zeros((100, 60, 3), np.uint8), placed)
    assert image.shape == (64, 64, 3)
    assert (image[:, 0] == letterbox.GRAY).all()


def test_thresholds_out_of_range() -> None:
    with pytest.raises(ValueError, match="conf_thres is 2; it must lie between 0 and 1"):
        nms.non_max_suppression(np.zeros((1, 3, 6), np.float32), nms.Suppression(conf_thres=2))


def test_nothing_found() -> None:
    empty = metrics.class_precision([np.zeros((0, 6))], [np.zeros((0, 5))])
    assert (empty.map50, empty.map50_95, empty.best) == (0.0, 0.0, 0)
    missed = metrics.class_precision([np.zeros((0, 6))], [np.array([[1.0, 0, 0, 5, 5]])])
    assert missed.map50 == 0.0
    assert metrics.evaluate({"0": np.zeros((1, 4, 7), np.float32)}, {}) == {"detections": 0.0}


def test_coco_numbers_of_the_classes() -> None:
    assert len(coco.CATEGORIES) == 80
    assert coco.CATEGORIES[:12] == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13)
    assert coco.CATEGORIES[-1] == 90
    row = np.array([[1.23456, 2, 11.23456, 22, 0.1234567, 11]])
    (found,) = coco.results({7: row}, coco.CATEGORIES)
    assert found == {"image_id": 7, "category_id": 13, "bbox": [1.235, 2, 10, 20], "score": 0.12346}


def seen_whole(height: int, width: int, labels: list[list[float]], side: int) -> Arrays:
    """One picture of a size, as validation sees it at a side."""
    picture = Picture("a", np.zeros((height, width, 3), np.uint8), np.array(labels, np.float32))
    data = ValidationSet([picture], side)
    return data.batch([data.sample(0, 0, np.random.default_rng(0))])


@pytest.mark.parametrize(("height", "width"), [(200, 401), (77, 50), (128, 128), (50, 60)])
def test_boxes_in_the_frame_lie_in_the_picture_where_the_labels_do(height: int, width: int) -> None:
    labels = [[0.0, 0.5, 0.25, 0.2, 0.4], [1.0, 0.9, 0.9, 0.2, 0.2]]
    batch = seen_whole(height, width, labels, 128)
    frame = letterbox.Frame(*map(float, batch["frames"][0]))
    side = batch["x"].shape[3]
    centre, half = batch["targets"][:, 2:4] * side, batch["targets"][:, 4:] * side / 2
    shares = np.array(labels)[:, 1:]
    sides = np.array([width, height])
    wanted = np.concatenate((shares[:, :2] - shares[:, 2:] / 2, shares[:, :2] + shares[:, 2:] / 2), axis=1)
    found = np.concatenate((centre - half, centre + half), axis=1)
    np.testing.assert_allclose(frame.original(found), wanted * np.tile(sides, 2), atol=1e-3)
    beyond = frame.within(np.array([[-9.0, -9.0, 1e4, 1e4]]))
    np.testing.assert_array_equal(beyond, [[0, 0, width, height]])


@pytest.mark.parametrize(("pixels", "name"), [(30, "AP small"), (60, "AP medium"), (120, "AP large")])
def test_an_object_is_as_large_as_it_is_in_the_picture_not_in_the_frame(pixels: int, name: str) -> None:
    pytest.importorskip("pycocotools", reason="pip install '.[data]'")
    batch = seen_whole(240, 480, [[3.0, 0.5, 0.5, pixels / 480, pixels / 240]], 96)  # a fifth of its size
    row = np.zeros((1, 1, 85), np.float32)
    row[0, 0, :4], row[0, 0, [4, 5 + 3]] = batch["targets"][0, 2:] * batch["x"].shape[3], 1
    found = PrecisionMeter()
    found.add({"0": row}, batch)
    assert {key for key in found.figures() if key.startswith("AP ")} == {name}
    assert found.figures()[name] == pytest.approx(1)

"""What trainings read: every pair's samples, synthetic and from small folders in the published layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness import pairs
from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, InputRequest, Pair, Split, Subset
from harness.pairs.cpanet import fssd, surfaces
from harness.pairs.gold_yolo import scenes as pictures
from harness.pairs.gold_yolo.data_set import STILL_EPOCHS
from harness.pairs.l2sknet import datasets, scenes
from harness.pairs.led.scenes import SyntheticPairs, write_pairs
from harness.training.source import open_source

NAMES = pairs.names()


def asked(name: str, split: Split = "train", variant: str | None = None, **more: object) -> DataRequest:
    """A request to a built-in pair."""
    return replace(DataRequest(pairs.find(name).variant(variant), split), **more)  # type: ignore[arg-type]


def made(request: DataRequest, name: str) -> DataSet:
    """The data set of a pair."""
    factory = pairs.find(name).data_set
    assert factory is not None
    return factory(request)


def sample(data: DataSet, index: int = 0, epoch: int = 0, seed: int = 0) -> Arrays:
    """One sample, with a generator of its own."""
    return data.sample(index, epoch, np.random.default_rng(seed))


def l2sknet_folder(folder: Path, name: str = "NUDT-SIRST") -> Path:
    """Three scenes for training, two for testing."""
    synthetic = {
        split: scenes.SyntheticScenes(count, size=(32, 32), split=split)
        for split, count in (("train", 3), ("test", 2))
    }
    scenes.write_dataset(folder, name, synthetic)
    return folder


def cpanet_folder(folder: Path) -> Path:
    """Three images of each class."""
    surfaces.write_dataset(folder, surfaces.Surfaces(side=48), images=3)
    return folder


def gold_yolo_folder(folder: Path) -> Path:
    """Five pictures for training, two for validation."""
    pictures.write_dataset(
        folder,
        {
            "train": pictures.SyntheticPictures(5, size=(48, 64)),
            "val": pictures.SyntheticPictures(2, size=(48, 64), split="val"),
        },
    )
    return folder


def led_folder(folder: Path) -> Path:
    """Two pairs for training, two for validation."""
    for split, count in (("train", 2), ("val", 2)):
        listed = write_pairs(folder / split, SyntheticPairs(count, size=(40, 40), split=split))
        lines = listed.read_text(encoding="utf-8").replace("./", f"./{split}/")
        (folder / f"{split}.txt").write_text(lines, encoding="utf-8")
    return folder


FOLDERS: dict[str, Callable[[Path], Path]] = {
    "l2sknet": l2sknet_folder,
    "cpanet": cpanet_folder,
    "gold_yolo": gold_yolo_folder,
    "led": led_folder,
}
SIZES = {"l2sknet": (32, 32), "cpanet": (48, 48), "gold_yolo": (64, 64), "led": (32, 32)}


def test_every_built_in_pair_has_a_data_set_and_a_meter() -> None:
    assert set(FOLDERS) == set(NAMES)
    for name in NAMES:
        assert pairs.find(name).data_set is not None
        assert pairs.find(name).meter is not None


def assert_same(one: Arrays, other: Arrays) -> None:
    """Bit for bit."""
    assert list(one) == list(other)
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])


@pytest.mark.parametrize("where", ["synthetic", "folder"])
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_depends_on_number_epoch_and_generator_alone(name: str, where: str, tmp_path: Path) -> None:
    source = FOLDERS[name](tmp_path) if where == "folder" else None
    for split in ("train", "val"):
        request = asked(name, split, source=source, size=SIZES[name])  # type: ignore[arg-type]
        one, other = made(request, name), made(request, name)
        for data in (one, other):
            data.check()
        sample(one, 1, seed=7)  # what was drawn before changes nothing
        assert_same(sample(one, 0, seed=3), sample(other, 0, seed=3))


@pytest.mark.parametrize("name", NAMES)
def test_lists_as_other_editors_write_them_are_read_alike(name: str, tmp_path: Path) -> None:
    folder = FOLDERS[name](tmp_path)
    request = asked(name, source=folder, size=SIZES[name])
    before = sample(made(request, name), 0, seed=3)
    texts = [path for path in folder.rglob("*") if path.suffix in (".txt", ".yaml")]
    assert texts
    for path in texts:
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_bytes("\r\n".join(["\ufeff" + lines[0], *lines[1:], ""]).encode())
    data = made(request, name)
    data.check()
    assert_same(sample(data, 0, seed=3), before)


@pytest.mark.parametrize("name", ["NUDT-SIRST", "IRSTD-1K", "SIRST-aug"])
def test_scenes_are_evaluated_without_the_list_of_a_training(name: str, tmp_path: Path) -> None:
    synthetic = {"test": scenes.SyntheticScenes(2, size=(32, 32))}
    scenes.write_dataset(tmp_path, name, synthetic)  # type: ignore[arg-type]
    data = made(asked("l2sknet", "val", source=tmp_path), "l2sknet")
    data.check()
    assert len(data) == 2
    with pytest.raises(BadInput, match="no list of the train split"):
        made(asked("l2sknet", source=tmp_path), "l2sknet")


@pytest.mark.parametrize("name", NAMES)
def test_training_and_validation_share_no_synthetic_sample(name: str) -> None:
    train, val = (made(asked(name, split, size=SIZES[name]), name) for split in ("train", "val"))  # type: ignore[arg-type]
    if name == "cpanet":
        assert not {train.name(n) for n in range(len(train))} & {val.name(n) for n in range(len(val))}
        return
    key = {"l2sknet": "image", "gold_yolo": "image", "led": "gt"}[name]
    if name == "gold_yolo":
        one, other = (data.pictures[0].image for data in (train, val))  # type: ignore[attr-defined]
        assert not np.array_equal(one, other)
    else:
        assert not np.array_equal(sample(train)[key], sample(val)[key])


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_has_what_the_network_is_given(name: str, tmp_path: Path) -> None:
    pair = pairs.find(name)
    for source in (None, FOLDERS[name](tmp_path)):
        data = made(asked(name, source=source, size=SIZES[name]), name)
        batch = data.batch([sample(data, index, seed=index) for index in range(2)])
        assert set(pair.forward) <= set(batch)
        assert batch[pair.forward[0]].shape[0] == 2
        assert batch[pair.forward[0]].shape[-2:] == SIZES[name]
        for key, array in _drawn(pair, SIZES[name]).items():
            assert batch[key].dtype == array.dtype, key
            assert batch[key].ndim == array.ndim, key


def _drawn(pair: Pair, size: tuple[int, int]) -> Arrays:
    return pair.inputs(InputRequest(pair.variant(None), "train", 0, 2, size))


@pytest.mark.parametrize("layout", list(datasets.LAYOUTS))
def test_scenes_are_the_pixels_of_their_files(layout: str, tmp_path: Path) -> None:
    folder = l2sknet_folder(tmp_path, layout)
    for split, listed in (("train", "train"), ("val", "test")):
        data = made(asked("l2sknet", split, source=folder, size=(32, 32)), "l2sknet")  # type: ignore[arg-type]
        for index in range(len(data)):
            stem = data.name(index)
            assert stem.startswith(listed)
            found = sample(data, index)
            suffix = "_mask" if layout == "SIRST-aug" else ""
            for key, path in (("image", f"images/{stem}.png"), ("mask", f"masks/{stem}{suffix}.png")):
                pixels = np.asarray(Image.open(folder / path)).astype(np.float32) / np.float32(255)
                np.testing.assert_array_equal(found[key], pixels[None])


def test_scenes_are_resized_for_training_as_published(tmp_path: Path) -> None:
    folder = l2sknet_folder(tmp_path)
    assert sample(made(asked("l2sknet", source=folder), "l2sknet"))["image"].shape == (1, 256, 256)
    assert sample(made(asked("l2sknet", "val", source=folder), "l2sknet"))["image"].shape == (1, 32, 32)


def test_lists_beside_the_images_will_do(tmp_path: Path) -> None:
    folder = l2sknet_folder(tmp_path)
    for split in ("train", "test"):
        (folder / "img_idx" / f"{split}_NUDT-SIRST.txt").rename(folder / f"{split}.txt")
    assert len(made(asked("l2sknet", source=folder), "l2sknet")) == 3


@pytest.mark.parametrize("fold", range(fssd.FOLDS))
def test_a_fold_is_trained_on_the_classes_that_it_does_not_test(fold: int, tmp_path: Path) -> None:
    folder = cpanet_folder(tmp_path)
    seen = {}
    for split in ("train", "val"):
        data = made(asked("cpanet", split, source=folder, fold=fold), "cpanet")  # type: ignore[arg-type]
        seen[split] = {data.name(index).partition("/")[0] for index in range(len(data))}
    assert len(seen["val"]) == 4
    assert len(seen["train"]) == 8
    assert not seen["train"] & seen["val"]


def test_five_shots_are_five_supports() -> None:
    found = sample(made(asked("cpanet", variant="vgg16_5shot", size=(48, 48)), "cpanet"))
    assert found["s_x"].shape == (5, 3, 48, 48)


def test_boxes_stay_on_their_objects(tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind / "train").mkdir(parents=True)
        (tmp_path / kind / "val").mkdir()
    image = np.zeros((60, 100, 3), np.uint8)
    image[12:30, 40:80] = 255
    line = f"2 {60 / 100} {21 / 60} {40 / 100} {18 / 60}\n"
    for split in ("train", "val"):
        Image.fromarray(image).save(tmp_path / "images" / split / "one.png")
        (tmp_path / "labels" / split / "one.txt").write_text(line, encoding="utf-8")
    pictures.write_dataset_file(tmp_path, ["train", "val"], ("a", "b", "c"))
    for split in ("train", "val"):
        data = made(asked("gold_yolo", split, source=tmp_path, size=(128, 128), epochs=15), "gold_yolo")  # type: ignore[arg-type]
        for seed in range(8):  # 15 epochs: without a mosaic from the first on
            found = sample(data, seed=seed)
            side = found["image"].shape[0]
            assert side == (128 if split == "train" else 160)
            (row,) = found["labels"]
            low, high = ((row[1:3] + sign * row[3:] / 2) * side for sign in (-1, 1))
            light = found["image"].max(axis=2)  # the ground is black, the frame gray
            bright = np.argwhere(light > 0.7 * light.max())[:, ::-1]
            np.testing.assert_allclose(low, bright.min(axis=0), atol=1.6)
            np.testing.assert_allclose(high, bright.max(axis=0) + 1, atol=1.6)


def test_the_last_epochs_have_no_mosaic() -> None:
    data = made(asked("gold_yolo", epochs=20, limit=4), "gold_yolo")
    switch = 20 - STILL_EPOCHS
    before, after = (
        [len(sample(data, 0, epoch, seed)["labels"]) for seed in range(30)] for epoch in (switch - 1, switch)
    )
    own = len(data.pictures[0].labels)  # type: ignore[attr-defined]
    assert max(after) <= own < max(before)


def test_a_short_training_keeps_the_mosaic() -> None:
    one, other = (
        made(asked("gold_yolo", epochs=epochs, limit=4), "gold_yolo") for epochs in (STILL_EPOCHS - 1, None)
    )
    assert_same(sample(one, 0, 13), sample(other, 0, 13))


def test_pairs_are_brightened_and_a_stage_before_finetuning_adds_noise_itself(tmp_path: Path) -> None:
    folder = led_folder(tmp_path)
    plain = made(asked("led", "val", source=folder, size=(40, 40)), "led")
    pair = plain.pairs[0]  # type: ignore[attr-defined]
    found = sample(plain)
    np.testing.assert_array_equal(found["gt"], np.clip(pair.bright.normalized, 0, 1))
    np.testing.assert_array_equal(found["lq"], np.minimum(pair.dark.normalized * np.float32(pair.ratio), 1))
    noisy = made(
        asked("led", "val", "repnr_unet_pretrain", source=folder, size=(40, 40)),
        "led",
    )
    one, other = (sample(noisy, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(one["gt"], found["gt"])
    assert not np.array_equal(one["lq"], other["lq"])
    assert 0.001 < np.abs(one["lq"] - one["gt"]).mean() < 1


def raises(name: str, words: str, **more: object) -> None:
    """Opening the data set, looking at it or reading it says these words."""
    request = asked(name, **more)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=words) as expected:
        _read_all(pairs.find(name), request)
    assert "\n" not in str(expected.value)


def _read_all(pair: Pair, request: DataRequest) -> None:
    source = open_source(pair, request, 1, 0)
    source.check()
    for index in range(len(source)):
        source.read([index], 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    raises(name, "none", source=tmp_path / "none")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_is_refused(name: str, tmp_path: Path) -> None:
    raises(name, str(tmp_path), source=tmp_path)


MISSING = {
    "l2sknet": ("masks/train-000001.png", "line 2 asks for .*masks/train-000001.png, which does not exist"),
    "cpanet": ("Steel_Os/GT/Steel_Os_2.png", "Steel_Os_2.png is missing"),
    "led": ("train/long/00001_00_10s.ARW.npz", "line 2: there is no .*00001_00_10s.ARW.npz"),
}


@pytest.mark.parametrize("name", list(MISSING))
def test_a_missing_file_is_found_before_anything_runs(name: str, tmp_path: Path) -> None:
    folder = FOLDERS[name](tmp_path)
    path, words = MISSING[name]
    (folder / path).unlink()
    source = open_source(pairs.find(name), asked(name, source=folder), 1, 0)
    with pytest.raises(BadInput, match=words):
        source.check()


BROKEN = {
    "l2sknet": ("images/train-000001.png", "train_NUDT-SIRST.txt line 2: .*train-000001.png cannot be read"),
    "cpanet": ("Steel_Os/Images/Steel_Os_2.jpg", "Steel_Os_2.jpg cannot be read as an image"),
    "gold_yolo": ("images/train/000003.png", "000003.png cannot be read as an image"),
    "led": ("train/short/00001_00_0.04s.ARW.npz", "line 2: .*00001_00_0.04s.ARW.npz cannot be read"),
}


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(40)])
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    folder = FOLDERS[name](tmp_path)
    path, words = BROKEN[name]
    assert (folder / path).is_file()
    (folder / path).write_bytes(content)
    raises(name, words, source=folder, size=SIZES[name])


LINES = {
    "l2sknet": ("img_idx/train_NUDT-SIRST.txt", "../other\n", "line 4: '../other' is no plain name"),
    "cpanet": ("data_list/train/fold0_defect.txt", "a.jpg 77\n", "line 25: class 77"),
    "gold_yolo": (
        "labels/train/000003.txt",
        "\n0 0.5 0.5 2 0.1\n",
        r"000003.txt line \d: .* leaves \[0, 1\]",
    ),
    "led": ("train.txt", "one.ARW\n", "line 3: 'one.ARW' names one image"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_line_is_named(name: str, tmp_path: Path) -> None:
    folder = FOLDERS[name](tmp_path)
    path, line, words = LINES[name]
    with (folder / path).open("a", encoding="utf-8") as file:
        file.write(line)
    raises(name, words, source=folder, size=SIZES[name])


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("l2sknet", (30, 32), "multiples of 8"),
        ("cpanet", (48, 64), "squares"),
        ("gold_yolo", (64, 96), "squares"),
        ("gold_yolo", (50, 50), "multiple of 32"),
        ("led", (32, 64), "squares"),
    ],
)
def test_a_size_that_does_not_suit_is_refused(name: str, size: tuple[int, int], words: str) -> None:
    raises(name, words, size=size)


def test_folds_are_refused_where_there_are_none_or_fewer() -> None:
    raises("cpanet", "has the folds 0 to 2", fold=3)
    for name in set(NAMES) - {"cpanet"}:
        raises(name, "has no folds", fold=0)


def test_classes_beyond_the_network_are_refused(tmp_path: Path) -> None:
    folder = gold_yolo_folder(tmp_path)
    pictures.write_dataset_file(folder, ["train", "val"], tuple(f"class {n}" for n in range(81)))
    raises("gold_yolo", "81 classes; the network has 80", source=folder)


def test_a_coco_subset_that_was_prepared_can_be_trained_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "coco" / "val2017").mkdir(parents=True)
    images, objects = [], []
    for number in range(1, 7):
        name = f"{number:012d}.jpg"
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8)).save(
            tmp_path / "coco" / "val2017" / name
        )
        images.append({"id": number, "file_name": name, "width": 60, "height": 40})
        objects.append({"id": number, "image_id": number, "category_id": 1, "bbox": [5, 5, 20, 20]})
    document = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "person"}]}
    (tmp_path / "coco" / "annotations").mkdir()
    (tmp_path / "coco" / "annotations" / "instances_val2017.json").write_text(json.dumps(document))
    prepare = pairs.find("gold_yolo").prepare_data
    assert prepare is not None
    described = prepare(Subset(tmp_path / "coco", tmp_path / "small", count=6, classes=("person",)))
    for source in (described, described.parent):
        data = made(asked("gold_yolo", source=source, size=(64, 64)), "gold_yolo")
        assert sample(data)["image"].shape == (64, 64, 3)

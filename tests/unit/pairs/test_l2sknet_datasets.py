"""The readers of the published data sets, on small ones written here; every refusal says where and what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.errors import BadInput
from harness.pairs.l2sknet.datasets import (
    LAYOUTS,
    Scene,
    SceneFolder,
    batches,
    read_gray,
    resize_bilinear,
    resize_nearest,
)
from harness.pairs.l2sknet.scenes import SyntheticScenes, write_dataset


@pytest.fixture
def nudt(tmp_path: Path) -> Path:
    """A data set in the layout of NUDT-SIRST with a gray image of 256x256 and its mask."""
    scenes = SyntheticScenes(2, seed=3)
    write_dataset(tmp_path, "NUDT-SIRST", {"train": scenes, "test": scenes})
    return tmp_path


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    scenes = SyntheticScenes(3, seed=1, size=(256, 256))
    write_dataset(tmp_path, name, {"test": scenes})
    read = SceneFolder(tmp_path, name, "test")
    assert len(read) == 3
    for number in range(3):
        found, wanted = read[number], scenes[number]
        assert found.stem == f"test-{wanted.stem}"
        assert found.image.shape == found.mask.shape == (1, 256, 256)
        assert found.image.dtype == found.mask.dtype == np.float32
        np.testing.assert_array_equal(found.mask, wanted.mask)
        np.testing.assert_allclose(found.image, wanted.image, atol=0.5 / 255 + 1e-7)


@pytest.mark.parametrize("name", ["train_NUDT-SIRST.txt", "train.txt"])
def test_lists_may_lie_at_the_top(nudt: Path, name: str) -> None:
    (nudt / "img_idx" / "train_NUDT-SIRST.txt").rename(nudt / name)
    assert SceneFolder(nudt, "NUDT-SIRST", "train").list == nudt / name


def test_lists_in_img_idx_come_first(nudt: Path) -> None:
    (nudt / "train.txt").write_text("other\n")
    read = SceneFolder(nudt, "NUDT-SIRST", "train")
    assert read.list == nudt / "img_idx" / "train_NUDT-SIRST.txt"


def test_white_space_and_empty_lines_do_not_matter(nudt: Path) -> None:
    (nudt / "img_idx" / "train_NUDT-SIRST.txt").write_bytes(b"  train-000000 \r\n\r\n\ttrain-000001\n\n")
    read = SceneFolder(nudt, "NUDT-SIRST", "train")
    assert [read[number].stem for number in range(2)] == ["train-000000", "train-000001"]


def test_training_resizes_where_the_published_one_does(tmp_path: Path) -> None:
    for name, sides in (("SIRST-aug", (256, 256)), ("IRSTD-1K", (40, 56))):
        write_dataset(tmp_path / name, name, {"train": SyntheticScenes(1, size=(40, 56))})
        scene = SceneFolder(tmp_path / name, name, "train")[0]
        assert scene.image.shape == scene.mask.shape == (1, *sides)
        assert set(np.unique(scene.mask)) == {0.0, 1.0}


def test_testing_keeps_the_size(tmp_path: Path) -> None:
    write_dataset(tmp_path, "NUDT-SIRST", {"test": SyntheticScenes(1, size=(40, 56))})
    assert SceneFolder(tmp_path, "NUDT-SIRST", "test")[0].image.shape == (1, 40, 56)


def test_colours_become_gray_as_in_opencv(tmp_path: Path) -> None:
    # Pairs of (red, green, blue) and the gray that cvtColor of OpenCV 4.7 gives for them.
    known = {(255, 255, 255): 255, (255, 0, 0): 76, (0, 255, 0): 150, (0, 0, 255): 29, (10, 200, 90): 131}
    Image.fromarray(np.array([list(known)], np.uint8)).save(tmp_path / "colour.png")
    np.testing.assert_array_equal(
        read_gray(tmp_path / "colour.png")[0], np.array(list(known.values()), np.float32) / np.float32(255)
    )


@pytest.mark.parametrize("mode", ["1", "P", "L"])
def test_other_kinds_of_png_are_read(tmp_path: Path, mode: str) -> None:
    plane = np.zeros((4, 6), np.uint8)
    plane[1:3, 2:5] = 255
    Image.fromarray(plane).convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_gray(tmp_path / "mask.png"), (plane / 255).astype(np.float32))


@pytest.mark.parametrize("mode", ["RGBA", "I;16"])
def test_kinds_that_would_be_misread_are_refused(tmp_path: Path, mode: str) -> None:
    shape, kind = ((4, 4, 4), np.uint8) if mode == "RGBA" else ((4, 4), np.uint16)
    Image.fromarray(np.zeros(shape, kind)).save(tmp_path / "odd.png")
    with pytest.raises(BadInput, match=rf"odd\.png has the colour mode {mode}"):
        read_gray(tmp_path / "odd.png")


def test_an_unknown_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no data set 'COCO'; known are NUDT-SIRST, IRSTD-1K, SIRST-aug"):
        SceneFolder(tmp_path, "COCO", "train")


def test_a_missing_list_is_reported_with_every_place_tried(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no list of the test split .*img_idx/test_IRSTD-1K\.txt.*/test\.txt"):
        SceneFolder(tmp_path, "IRSTD-1K", "test")


def refusal(folder: Path, text: bytes | None = None) -> str:
    """What reading the second scene of the train split is refused with."""
    if text is not None:
        (folder / "img_idx" / "train_NUDT-SIRST.txt").write_bytes(text)
    with pytest.raises(BadInput) as caught:
        _ = SceneFolder(folder, "NUDT-SIRST", "train")[1]
    return str(caught.value)


def test_a_bad_list_is_refused(nudt: Path) -> None:
    assert "is empty" in refusal(nudt, b"\n \n")
    assert "is no text file" in refusal(nudt, b"\xff\xfe\x00")
    assert "line 2: '../x' is no plain name" in refusal(nudt, b"train-000000\n../x\n")


def test_a_missing_file_is_reported_with_the_line_that_asks_for_it(nudt: Path) -> None:
    (nudt / "masks" / "train-000001.png").unlink()
    expected = refusal(nudt)
    assert "train_NUDT-SIRST.txt line 2 asks for" in expected
    assert "masks/train-000001.png, which does not exist" in expected


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_broken_image_is_reported_with_file_and_line(nudt: Path, content: bytes) -> None:
    (nudt / "images" / "train-000001.png").write_bytes(content)
    expected = refusal(nudt)
    assert "line 2" in expected
    assert "images/train-000001.png cannot be read as an image" in expected


def test_a_cut_image_is_refused(nudt: Path) -> None:
    path = nudt / "images" / "train-000001.png"
    path.write_bytes(path.read_bytes()[:2000])
    assert "cannot be read as an image" in refusal(nudt)


def test_image_and_mask_must_be_of_one_size(nudt: Path) -> None:
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(nudt / "masks" / "train-000001.png")
    assert "line 2: the image of train-000001 has 256x256 pixels, its mask 8x9" in refusal(nudt)


def test_resizing_takes_pixels_by_their_centres() -> None:
    ramp = np.arange(4, dtype=np.float32)[:, None] + np.zeros((1, 3), np.float32)
    np.testing.assert_allclose(
        resize_bilinear(ramp, (8, 3))[:, 0], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3], atol=1e-7
    )
    np.testing.assert_allclose(resize_bilinear(ramp, (2, 1))[:, 0], [0.5, 2.5], atol=1e-7)
    np.testing.assert_array_equal(resize_nearest(ramp, (8, 3))[:, 0], [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(resize_nearest(ramp, (3, 3))[:, 0], [0, 1, 2])


def test_an_epoch_holds_every_scene_once_in_an_order_of_its_own() -> None:
    scenes = SyntheticScenes(7, size=(16, 16))
    by_bytes = {scenes[number].image.tobytes(): number for number in range(7)}

    def order(epoch: int, size: int) -> list[list[int]]:
        return [
            [by_bytes[image.tobytes()] for image in batch["image"]]
            for batch in batches(scenes, size, 0, epoch)
        ]

    first = order(1, 3)
    assert [len(batch) for batch in first] == [3, 3]  # the seventh alone cannot be normalised
    assert [len(batch) for batch in order(1, 5)] == [5, 2]
    assert sorted(number for batch in order(1, 5) for number in batch) == list(range(7))
    assert first == order(1, 3)
    assert order(1, 5) != order(2, 5)


def test_a_batch_of_several_sizes_is_refused() -> None:
    planes = [np.zeros((1, 8, side), np.float32) for side in (8, 16)]
    scenes = [Scene(str(plane.shape[2]), plane, plane) for plane in planes]
    with pytest.raises(BadInput, match=r"must be of one size, found .*8x16"):
        next(batches(scenes, 2, 0, 0))

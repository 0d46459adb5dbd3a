"""A user's own files: read, refused, and what a network makes of them written as files that others read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from harness.errors import BadInput
from harness.evaluating.file_source import FileSource
from harness.pairs import find
from harness.pairs import pixels as limits
from harness.pairs.cpanet.episodes import Folder
from harness.pairs.cpanet.fssd import ListedImage
from harness.pairs.inference import Inference

SIZE = (96, 64)  # width and height


def how(name: str) -> Inference:
    """What a pair says of files."""
    pair = find(name)
    assert pair.inference is not None
    return pair.inference(pair.variant(None))


def picture(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """A drawn image."""
    values = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path


def pixels(path: Path) -> Any:
    """The values of an image file."""
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_mask_is_written_as_published(tmp_path: Path) -> None:
    own = how("l2sknet")
    opened = own.read((picture(tmp_path / "a.png"),), None)
    assert opened.arrays["image"].shape == (1, 1, 64, 96)
    plane = np.random.default_rng(1).random((64, 96)).astype(np.float32)
    own.write({"0": plane[None, None]}, opened, tmp_path, "torch")
    assert (pixels(tmp_path / "torch.png") == np.rint(255 * plane.astype(np.float64))).all()
    stored = scipy.io.loadmat(tmp_path / "torch.mat")["T"]
    assert stored.dtype == np.float32
    assert (stored == plane).all()
    assert own.draw({"0": plane[None, None]}, opened).shape == (64, 96, 3)


def test_boxes_are_written_in_the_pixels_of_the_image(tmp_path: Path) -> None:
    own = how("gold_yolo")
    opened = own.read((picture(tmp_path / "a.png"),), (192, 192))
    assert opened.arrays["x"].shape == (1, 3, 128, 192)  # twice as large, with the least border
    rows = np.zeros((1, 3, 85), np.float32)
    rows[0, 0, :5] = 96, 64, 40, 20, 1.0  # the middle of the frame
    rows[0, 0, 5 + 7] = 0.9
    own.write({"0": rows}, opened, tmp_path, "jittor")
    told = json.loads((tmp_path / "jittor.json").read_text())
    assert (told["width"], told["height"]) == SIZE
    (box,) = told["boxes"]
    assert box["class"] == 7
    assert box["score"] == pytest.approx(0.9)
    assert box["box"] == pytest.approx([38, 27, 58, 37], abs=1e-4)
    line = [float(word) for word in (tmp_path / "jittor.txt").read_text().split()]
    assert line == pytest.approx([7, 0.5, 0.5, 20 / 96, 10 / 64, 0.9], abs=1e-5)


def test_a_query_comes_with_its_supports(tmp_path: Path) -> None:
    own = how("cpanet")
    names = [picture(tmp_path / f"{name}.png") for name in ("s", "q", "p")]
    mask = np.zeros((64, 96), np.uint8)
    mask[10:30, 40:60] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    groups = own.group([names[0], tmp_path / "m.png", *names[1:]])
    assert [group[0] for group in groups] == names[1:]
    opened = own.read(groups[0], (64, 64))
    assert opened.arrays["s_x"].shape == (1, 1, 3, 64, 64)
    assert set(np.unique(opened.arrays["s_y"])) == {0, 1, 255}
    logits = np.zeros((1, 2, 64, 64), np.float32)
    logits[0, 1, :, :32], logits[0, 0, :, 32:] = 1, 1
    own.write({"logits": logits}, opened, tmp_path, "torch")
    found = pixels(tmp_path / "torch.png")
    assert found.shape == (64, 96)
    assert set(np.unique(found)) == {0, 255}
    assert (found[:, :47] == 255).all()
    assert not found[:, 49:].any()
    with pytest.raises(BadInput, match="too few"):
        own.group(names[:2])


def test_clean_planes_are_kept_whole(tmp_path: Path) -> None:
    own = how("led")
    mosaic = np.random.default_rng(0).integers(512, 5000, (64, 96)).astype(np.uint16)
    np.save(tmp_path / "raw.npy", mosaic)
    opened = own.read((tmp_path / "raw.npy",), None)
    assert opened.arrays["lq"].shape == (1, 4, 32, 48)
    planes = np.random.default_rng(1).random((1, 4, 32, 48)).astype(np.float32)
    own.write({"0": planes}, opened, tmp_path, "torch")
    assert (np.load(tmp_path / "torch.npy") == planes[0]).all()
    assert pixels(tmp_path / "torch.png").shape == (32, 48, 3)


@pytest.mark.parametrize("name", ["l2sknet", "gold_yolo", "led"])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 99, b"\x89PNG\r\n\x1a\n" + b"\0" * 99, None])
def test_what_cannot_be_read_is_refused_in_one_line(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / ("it.npy" if name == "led" else "it.png")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="it") as told:
        FileSource(how(name), [path], None).check()
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["l2sknet", "gold_yolo"])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture(tmp_path / "it.png")
    monkeypatch.setattr(limits, "MOST_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it is decoded"))
    with pytest.raises(BadInput, match="96 x 64 pixels"):
        FileSource(how(name), [path], None).check()
    monkeypatch.undo()
    FileSource(how(name), [path], None).check()


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_an_image_of_16_bits_is_read_as_opencv_reads_it(ending: str, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="pip install '.[data]'")
    values = np.linspace(0, 65535, 96 * 64).astype(np.uint16).reshape(64, 96)
    Image.fromarray(values).save(tmp_path / f"it.{ending}")
    found = limits.read_rgb(tmp_path / f"it.{ending}")
    assert (found == (values // 256)[..., None]).all()
    if ending == "png":
        assert (found == cv2.imread(str(tmp_path / "it.png"), cv2.IMREAD_COLOR)).all()


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_an_image_of_no_colours_is_refused(kind: type, tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 300, kind)).save(tmp_path / "it.tif")
    with pytest.raises(BadInput, match="8 or 16 bits a colour"):
        limits.read_rgb(tmp_path / "it.tif")


def test_too_many_pixels_in_a_data_set_are_refused_before_opencv_decodes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2 = pytest.importorskip("cv2", reason="pip install '.[data]'")
    folder = tmp_path / "Steel_Os" / "Images"
    folder.mkdir(parents=True)
    picture(folder / "it.jpg")
    source, entry = Folder(tmp_path), ListedImage("Steel_Os/Images/it.jpg", 5)
    assert source.image(entry).shape == (64, 96, 3)
    monkeypatch.setattr(limits, "MOST_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr(cv2, "imdecode", lambda *given: pytest.fail("it is decoded"))
    with pytest.raises(BadInput, match="96 x 64 pixels"):
        source.image(entry)


@pytest.mark.parametrize("form", ["npy", "npz", "compressed"])
def test_too_many_values_of_an_array_are_refused_by_its_header(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ("it.npy" if form == "npy" else "it.npz")
    planes = np.full((4, 16, 16), 600, np.uint16)
    if form == "npy":
        np.save(path, planes)
    else:
        save = np.savez if form == "npz" else np.savez_compressed
        levels = {"black_level": np.full((4, 1, 1), 512), "white_level": np.full((4, 1, 1), 16383)}
        save(path, im=planes, wb=np.ones(4), ccm=np.eye(3), **levels)
    FileSource(how("led"), [path], None).check()
    monkeypatch.setattr(limits, "MOST_PIXELS", planes.size - 1)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *given, **more: pytest.fail("it is read"))
    with pytest.raises(BadInput, match="4 x 16 x 16 values, and at most 1,023"):
        FileSource(how("led"), [path], None).check()


@pytest.mark.parametrize("values", [np.array([{}], object), np.array(["a"]), np.zeros(3, "f4,i4")])
def test_arrays_of_no_numbers_are_refused(values: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "it.npy", values, allow_pickle=True)
    with pytest.raises(BadInput, match=r"it\.npy cannot be read as a raw image: ValueError: it holds"):
        FileSource(how("led"), [tmp_path / "it.npy"], None).check()


def test_a_size_that_the_network_cannot_take_is_refused(tmp_path: Path) -> None:
    path = picture(tmp_path / "it.png", (90, 61))
    with pytest.raises(BadInput, match="multiples of 8"):
        FileSource(how("l2sknet"), [path], None).check()
    FileSource(how("l2sknet"), [path], (64, 64)).check()

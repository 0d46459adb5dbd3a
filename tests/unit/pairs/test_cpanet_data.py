"""Lists, episodes, transforms and synthetic surfaces of CPANet."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput
from harness.pairs.cpanet import episodes, fssd, surfaces, transforms
from harness.pairs.cpanet.fssd import ListedImage
from tests import needs_shared
from tests.upstream import cpanet_truth as truth

RECORDED = truth.data_file() if truth.PRESENT else {"episodes": [], "resize": []}
ROWS, COLUMNS = np.ogrid[:200, :200]


class Drawn:
    """The images that stood in for the data set when the published code was recorded."""

    def image(self, entry: ListedImage) -> Any:
        """RGB; the recorded ones were read as BGR."""
        name = Path(entry.image).name
        drawn = seeded.tensor(1, f"cpanet/data/{name}", (200, 200, 3)).astype(np.float64)
        return np.floor(256 * drawn).astype(np.uint8)[:, :, ::-1]

    def mask(self, entry: ListedImage) -> Any:
        """A disc."""
        c = seeded.tensor(1, f"cpanet/data/{Path(entry.mask).name}", (3,)).astype(np.float64)
        inside = (ROWS - 40 - 120 * c[0]) ** 2 + (COLUMNS - 40 - 120 * c[1]) ** 2 <= (10 + 30 * c[2]) ** 2
        return np.where(inside, 255, 0).astype(np.uint8)


@cache
def taken() -> list[tuple[dict[str, Any], int, episodes.Episode, float | None]]:
    """Every recorded episode, drawn again: what was asked, the length, the episode, the next draw."""
    found, rng, group = [], random.Random(), None
    for expected in RECORDED["episodes"]:
        place = (expected["split"], expected["mode"], expected["shot"])
        if place != group:
            group, rng = place, random.Random(expected["random_seed"])
        entries = fssd.published_entries(expected["split"], expected["mode"])
        items = episodes.Episodes(Drawn(), entries, *place, rng)
        episode = items[expected["index"]]
        after = rng.random() if expected["random_after"] is not None else None
        found.append((expected, len(items), episode, after))
    return found


def check_labels(label: Any, expected: dict[str, Any]) -> None:
    """Counts and places of a label."""
    values, sizes = np.unique(label, return_counts=True)
    counts = {str(int(value)): int(size) for value, size in zip(values, sizes, strict=True)}
    rows, columns = np.nonzero(label == 1)
    assert (list(label.shape), counts) == (expected["shape"], expected["counts"])
    assert (rows.sum(), columns.sum()) == (expected["fg_row_sum"], expected["fg_col_sum"])


def check_image(image: Any, expected: dict[str, Any]) -> None:
    """Single elements, exactly, and statistics."""
    assert list(image.shape) == expected["shape"]
    np.testing.assert_array_equal(image.reshape(-1)[expected["index"]], expected["value"])
    assert image.mean(dtype=np.float64) == pytest.approx(expected["mean"], rel=1e-12)
    assert image.std(dtype=np.float64) == pytest.approx(expected["std"], rel=1e-9)
    assert np.abs(image).max() == expected["absmax"]


@needs_shared
@pytest.mark.parametrize("place", range(len(RECORDED["episodes"])))
def test_episodes_are_the_published_ones(place: int) -> None:
    expected, length, episode, after = taken()[place]
    assert length == expected["length"]
    assert [f"R/{entry.image}" for entry in (episode.entry, *episode.drawn)] == expected["files"]
    assert [episode.position] * expected["shot"] == expected["subcls"]
    assert after == expected["random_after"]
    check_image(episode.query, expected["query"])
    check_image(episode.supports, expected["support"])
    check_labels(episode.label, expected["query_mask"])
    for label, wanted in zip(episode.support_labels, expected["support_mask"], strict=True):
        check_labels(label, wanted)
    if expected["mode"] == "val":
        check_labels(episode.raw, expected["sixth"])


@needs_shared
@pytest.mark.parametrize(
    "expected", RECORDED["resize"], ids=lambda expected: "x".join(map(str, expected["shape"]))
)
@pytest.mark.parametrize("published", ["resized", "shrunk"])
def test_resizing_for_evaluation(expected: dict[str, Any], published: str) -> None:
    height, width = expected["shape"]
    name = f"cpanet/resize/{height}x{width}"
    image = (255 * seeded.tensor(1, f"{name}/image", (height, width, 3))).astype(np.float32)
    label = (seeded.tensor(1, f"{name}/label", (height, width)) < 0.3).astype(np.uint8)
    wanted = expected if published == "resized" else expected["test_resize"]
    found = getattr(transforms, published)(image, label)
    check_image(found[0], wanted["image"])
    check_labels(found[1], wanted["label"])


def test_folds() -> None:
    assert [len(fssd.published_entries(1, split)) for split in ("train", "val")] == [400, 200]
    assert [one.number for one in fssd.classes_of(1, "val")] == [5, 6, 7, 8]
    assert [one.number for one in fssd.classes_of(1, "train")] == [1, 2, 3, 4, 9, 10, 11, 12]
    printed = [one.image for one in fssd.published_entries(2, "val") if one.number == 10]
    assert printed.count("Steel_Rp/Images/Steel_Rp_42.jpg") == 2
    assert "Steel_Rp/Images/Steel_Rp_43.jpg" not in printed
    assert ListedImage("Steel_Rp/Images/Steel_Rp_1.jpg", 10).mask == "Steel_Rp/GT/Steel_Rp_1.png"
    with pytest.raises(BadInput, match="fold 3 of FSSD-12; there are 0 to 2"):
        fssd.classes_of(3, "val")


def test_lists_are_read_with_a_mark_and_without_a_last_newline(tmp_path: Path) -> None:
    path = fssd.list_path(tmp_path, 0, "val")
    fssd.write_list(path, fssd.published_entries(0, "val"))
    assert path.read_text().splitlines()[0] == "Steel_Am/Images/Steel_Am_1.jpg  1"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip(b"\n"))
    assert fssd.read_list(path, 0, "val") == fssd.published_entries(0, "val")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a.jpg\n", "line 1: 'a.jpg'; it should be an image's path and a class number"),
        ("a.jpg  1\nb.jpg  7\n", r"line 2: class 7; fold 0, val has \[1, 2, 3, 4\]"),
        ("../a.jpg  1\n", "leads out of the data set's folder"),
    ],
)
def test_lists_that_are_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        fssd.read_list(path, 0, "val")
    with pytest.raises(BadInput, match="no list of fold 0, split val"):
        fssd.read_list(tmp_path / "none.txt", 0, "val")


def test_supports_differ_from_the_query_and_among_each_other() -> None:
    entries = fssd.published_entries(2, "val")
    items = episodes.Episodes(surfaces.Surfaces(), entries, 2, "val", 5, random.Random(0))
    for index in (91, 92):  # the two lines of one image
        drawn = items._draw(entries[index])
        assert entries[index].image not in [one.image for one in drawn]
        assert len(drawn) == 5
    with pytest.raises(BadInput, match="class 9 has 3 images, too few for 5 shots"):
        episodes.Episodes(surfaces.Surfaces(), entries[:3], 2, "val", 5, random.Random(0))


def test_image_and_mask_must_agree_in_size() -> None:
    class Odd(surfaces.Surfaces):
        def mask(self, entry: ListedImage) -> Any:
            return np.zeros((9, 9), np.uint8)

    items = episodes.Episodes(Odd(), fssd.published_entries(0, "val"), 0, "val", 1, random.Random(0))
    with pytest.raises(BadInput, match="differ in size: 200x200 and 9x9"):
        items[0]


def test_batches() -> None:
    entries = fssd.published_entries(0, "train")
    items = episodes.Episodes(surfaces.Surfaces(), entries, 0, "train", 2, random.Random(0))
    (batch,) = episodes.batches(items, 2, [5, 300, 7])
    shapes = {name: value.shape for name, value in batch.items()}
    assert shapes == {
        "x": (2, 3, 200, 200),
        "s_x": (2, 2, 3, 200, 200),
        "s_y": (2, 2, 200, 200),
        "y": (2, 200, 200),
    }
    assert {str(value.dtype) for value in batch.values()} == {"float32", "int64"}


@pytest.mark.parametrize("one", fssd.CLASSES, ids=lambda one: one.folder)
def test_synthetic_defects_can_be_seen(one: fssd.DefectClass) -> None:
    source = surfaces.Surfaces()
    for n in (1, 2):
        entry = ListedImage(f"{one.folder}/Images/{one.folder}_{n}.jpg", one.number)
        image, mask = source.image(entry), source.mask(entry) == episodes.DEFECT
        np.testing.assert_array_equal(image, source.image(entry))
        assert 0.003 < mask.mean() < 0.5
        assert abs(image[mask].mean() - image[~mask].mean()) > 8
    assert not np.array_equal(image, surfaces.Surfaces(seed=1).image(entry))


def test_a_written_data_set_reads_as_the_drawn_one(tmp_path: Path) -> None:
    drawn = surfaces.Surfaces(side=64)
    surfaces.write_dataset(tmp_path, drawn, images=2)
    entries = fssd.read_list(fssd.list_path(tmp_path, 1, "val"), 1, "val")
    assert len(entries) == 8
    folder = episodes.Folder(tmp_path)
    for entry in entries:
        np.testing.assert_array_equal(folder.mask(entry), drawn.mask(entry))
        assert np.abs(folder.image(entry).astype(int) - drawn.image(entry)).mean() < 8  # JPEG
    (tmp_path / entries[0].mask).write_bytes(b"no image")
    with pytest.raises(BadInput, match="cannot be read as an image"):
        folder.mask(entries[0])
    with pytest.raises(BadInput, match="is missing"):
        folder.image(ListedImage("Steel_Am/Images/none.jpg", 1))

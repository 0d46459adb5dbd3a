"""Pictures of samples: every pair draws its own, marks lie where they belong, files are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.evaluating.pictures import PANELS, shown, write
from harness.pairs import find
from harness.pairs.base import Arrays, DataRequest
from harness.pairs.drawing import FALSE, HIT, MISS, Box, Drawn, boxed, gray, judged_mask
from harness.pairs.gold_yolo.pictures import MOST_BOXES, detections
from harness.training.source import open_source

GRAY = np.full((4, 4, 3), 100, np.uint8)


def share(colour: tuple[int, int, int]) -> list[int]:
    """A mark over gray."""
    return [round(0.4 * 100 + 0.6 * one) for one in colour]


def test_hits_misses_and_false_alarms_have_each_their_colour() -> None:
    found, wanted = np.zeros((2, 4, 4), bool)
    found[0, :2] = True
    wanted[0, 1:3] = True
    drawn = judged_mask(GRAY, found, wanted)
    assert drawn[0].tolist() == [share(FALSE), share(HIT), share(MISS), [100, 100, 100]]
    assert (drawn[1:] == 100).all()


def test_gray_levels_stand_values_that_are_no_numbers() -> None:
    levels = gray(np.array([[0.0, 0.5, 1.0, np.nan, np.inf, 7.0]]))[0, :, 0]
    assert levels.tolist() == [0, 128, 255, 0, 255, 255]


def test_boxes_that_cannot_be_drawn_are_left_out() -> None:
    nowhere = Box((np.nan, 0, 1, 1), 1)
    assert (boxed(GRAY, [nowhere]) == GRAY).all()
    assert (boxed(GRAY, [Box((3, 3, 0, 0), 1, 0.5)]) != GRAY).any()


def outputs_of(pair: str, inputs: Arrays) -> Arrays:
    """Outputs such as the pair's network gives, drawn at random."""
    rng = np.random.default_rng(0)
    if pair == "gold_yolo":
        rows = rng.random((1, 20, 85)).astype(np.float32)
        rows[..., :4] *= 60
        return {"0": rows}
    if pair == "cpanet":
        return {"logits": rng.standard_normal((1, 2, *inputs["y"].shape[1:])).astype(np.float32)}
    return {"0": rng.random(inputs["mask" if pair == "l2sknet" else "gt"].shape).astype(np.float32)}


@pytest.mark.parametrize("name", ["l2sknet", "cpanet", "gold_yolo", "led"])
def test_every_pair_draws_its_samples(name: str) -> None:
    pair = find(name)
    assert pair.pictures is not None
    source = open_source(pair, DataRequest(pair.variant(None), "val", size=(64, 64), limit=2), 1, 0)
    inputs = source.read([0], 0)
    drawn = pair.pictures(outputs_of(name, inputs), inputs)
    panels = (drawn.given, drawn.wanted, drawn.output)
    assert len({panel.shape for panel in panels}) == 1
    assert {panel.dtype for panel in panels} == {np.dtype(np.uint8)}
    assert drawn.given.ndim == 3
    assert drawn.given.std() > 0
    assert (drawn.output != drawn.given).any()
    if name != "led":
        assert (drawn.wanted != drawn.given).any()


def pixels(path: Path) -> np.ndarray:
    """A picture in a file."""
    with Image.open(path) as image:
        return np.asarray(image)


def test_each_panel_is_a_file_named_by_number_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    one = Drawn(GRAY, GRAY, rng.integers(0, 255, (4, 4, 3)).astype(np.uint8), np.zeros((4, 4)))
    other = Drawn(GRAY, GRAY, one.output, np.eye(4))
    write(tmp_path, [shown(7, "../../etc/passwd \N{SNOWMAN}", one, other), shown(8, "b", one, one)])
    names = {f"{index:06d}-{panel}.png" for index in (7, 8) for panel in PANELS}
    noise = {f"{index:06d}-noise.png" for index in (7, 8)}
    assert {path.name for path in tmp_path.iterdir()} == {*names, *noise, "sheet.png"}
    assert (pixels(tmp_path / "000007-torch.png") == one.output).all()
    assert (pixels(tmp_path / "000007-difference.png")[..., 0] == 255 * np.eye(4)).all()
    assert not pixels(tmp_path / "000008-difference.png").any()
    assert pixels(tmp_path / "sheet.png").shape[0] > 2 * 192


def test_the_difference_in_units_of_rounding_is_black_up_to_one_and_white_from_many(tmp_path: Path) -> None:
    values = np.full((1, 4), 1.0)
    unit = 2.0**-23  # float32 has so much between 1 and the next number
    port = values + unit * np.array([[0.0, 1.0, 32.0, 5000.0]])
    given = np.zeros((1, 4, 3), np.uint8)
    one, other = (Drawn(given, given, given, found) for found in (values, port))
    write(tmp_path, [shown(1, "a", one, other), shown(2, "b", Drawn(given, given, given), other)])
    assert pixels(tmp_path / "000001-noise.png")[0, :, 0].tolist() == [0, 0, 128, 255]
    assert not (tmp_path / "000002-noise.png").exists()


def test_of_very_many_detections_the_surest_are_drawn() -> None:
    rows = np.zeros((1, 400, 85), np.float32)
    places = np.arange(400)
    rows[0, :, 0], rows[0, :, 1] = 8 * (places % 20), 8 * (places // 20)  # none overlaps another
    rows[0, :, 2:4], rows[0, :, 4], rows[0, :, 5] = 4, 0.3 + places / 1000, 1
    found = detections({"0": rows})
    assert len(found) == MOST_BOXES
    assert [box.score for box in found] == pytest.approx([0.699 - n / 1000 for n in range(MOST_BOXES)])

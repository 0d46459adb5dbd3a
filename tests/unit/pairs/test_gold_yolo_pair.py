"""Gold-YOLO as a pair: its sizes, seeded weights and inputs, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode
from harness.pairs.gold_yolo.config import CONFIGS, Config
from harness.pairs.gold_yolo.data import draw_inputs, weight_rule
from harness.pairs.gold_yolo.grid import grid
from harness.pairs.gold_yolo.pair import PAIR, traced_gradients
from harness.pairs.gold_yolo.targets import grouped


def request(variant: str = "n", mode: Mode = "eval", **more: Any) -> InputRequest:
    """A request with seed 0."""
    return InputRequest(PAIR.variant(variant), mode, seed=0, **more)


@pytest.mark.parametrize(
    ("variant", "repeats", "channels"),
    [
        ("n", (1, 2, 4, 6, 2, 4, 4, 4, 4), (16, 32, 64, 128, 256, 64, 32, 32, 64, 64, 128)),
        ("s", (1, 2, 4, 6, 2, 4, 4, 4, 4), (32, 64, 128, 256, 512, 128, 64, 64, 128, 128, 256)),
        ("m", (1, 4, 7, 11, 4, 7, 7, 7, 7), (48, 96, 192, 384, 768, 192, 96, 96, 192, 192, 384)),
        ("l", (1, 6, 12, 18, 6, 12, 12, 12, 12), (64, 128, 256, 512, 1024, 256, 128, 128, 256, 256, 512)),
    ],
)
def test_sizes(variant: str, repeats: tuple[int, ...], channels: tuple[int, ...]) -> None:
    config = CONFIGS[variant]
    assert (config.repeats, config.channels) == (repeats, channels)
    assert sum(channels[1:5]) == {"n": 480, "s": 960, "m": 1440, "l": 1920}[variant]
    assert config.embed_dim_n == channels[6] + channels[5] + channels[4]


def test_every_variant_has_its_settings() -> None:
    assert list(PAIR.variants) == list(CONFIGS)
    rates = [CONFIGS["l"].drop_path(place) for place in range(3)]
    assert rates == pytest.approx([0.0, 0.05, 0.1])


def test_inputs() -> None:
    image = draw_inputs(request(size=(64, 96)))["x"]
    assert image.shape == (1, 3, 64, 96)
    assert np.array_equal(image * 64, np.floor(image * 64))
    drawn = draw_inputs(request(mode="frozen"))
    assert list(drawn) == ["x", "targets"]
    rows = drawn["targets"]
    assert rows.shape == (6, 6)
    assert rows[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    low, high = rows[:, 2:4] - rows[:, 4:] / 2, rows[:, 2:4] + rows[:, 4:] / 2
    assert low.min() >= 0
    assert (high <= np.array([1.0, 96 / 128]) + 1e-6).all()


@pytest.mark.parametrize(
    ("variant", "mode", "more", "said"),
    [
        ("n", "train", {"batch": 1, "size": (64, 64)}, "a norm would see one value a channel"),
        ("n_atss", "frozen", {"size": (64, 96)}, "assigning by place needs 9 cells in every level"),
        ("s_distill_ns", "train", {}, "the head distill_ns has no loss here: as published .* a teacher"),
        ("n", "frozen", {"size": (8, 8)}, "assigning needs 13 cells"),
    ],
)
def test_sizes_that_do_not_suit(variant: str, mode: Mode, more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        draw_inputs(request(variant, mode, **more))


@pytest.mark.parametrize(
    ("key", "shape", "factor", "shift"),
    [
        ("backbone.stem.rbr_dense.bn.running_var", (16,), 4, 0),
        ("backbone.stem.rbr_dense.bn.running_mean", (16,), 2, 0),
        ("neck.Inject_n4.global_act.bn.running_var", (16,), 16, 0),
        ("neck.Inject_p4.global_act.bn.running_var", (16,), 1, 0),
        ("neck.high_IFM.transformer_blocks.0.mlp.fc2.bn.running_mean", (16,), 2, 0),
        ("neck.high_IFM.transformer_blocks.0.attn.proj.1.bn.running_var", (16,), 4, 0),
        ("detect.cls_preds.0.bias", (80,), 1, -4),
        ("detect.reg_preds.0.bias", (4,), 1, 1),
        ("detect.reg_preds.0.weight", (4, 32, 1, 1), 0.25, 0),
        ("detect.reg_preds.0.weight", (68, 32, 1, 1), 1, 0),
    ],
)
def test_the_rule_of_seeded_weights(key: str, shape: tuple[int, ...], factor: float, shift: float) -> None:
    plain = seeded.weight(3, key, shape).astype(np.float32)
    np.testing.assert_array_equal(weight_rule(3, key, shape), plain * np.float32(factor) + np.float32(shift))


def test_the_projection_keeps_its_bins() -> None:
    for key, shape in (("detect.proj", (17,)), ("detect.proj_conv.weight", (1, 17, 1, 1))):
        np.testing.assert_array_equal(weight_rule(3, key, shape).reshape(-1), np.arange(17))


@pytest.mark.parametrize(
    ("case", "kept"), [("frozen_tal", "*"), ("frozen_atss", "detect.*"), ("train_tal", "detect.*")]
)
def test_the_gradients_that_a_trace_keeps(case: str, kept: str) -> None:
    assert traced_gradients({"variant": "n", "case": case}) == kept


def test_cells_come_row_by_row() -> None:
    found = grid(((2, 3), (1, 2), (1, 1)))
    assert found.counts == (6, 2, 1)
    assert found.points[:4].tolist() == [[0.5, 0.5], [1.5, 0.5], [2.5, 0.5], [0.5, 1.5]]
    assert found.pixels[-1].tolist() == [16, 16]
    assert found.boxes[0].tolist() == [4 - 20, 4 - 20, 4 + 20, 4 + 20]
    assert found.repeated(2).counts == (12, 4, 2)
    assert found.repeated(2).pixels[:3].tolist() == [[4, 4], [4, 4], [12, 4]]


def test_targets_by_image() -> None:
    rows = np.array([[2, 5, 0.5, 0.5, 0.5, 0.25], [0, 1, 0.25, 0.5, 0.5, 1.0], [2, 3, 0.5, 0.5, 1, 1]])
    found = grouped(rows, batch=3, side=8)
    assert found.labels.tolist() == [[1, -1], [-1, -1], [5, 3]]
    assert found.real.tolist() == [[True, False], [False, False], [True, True]]
    assert found.boxes[2].tolist() == [[2, 3, 6, 5], [0, 0, 8, 8]]
    assert grouped(rows[:0], batch=3, side=8).labels.shape == (3, 0)


def test_a_stack_has_no_hidden_width() -> None:
    assert CONFIGS["m"].hidden(96) == 64
    assert isinstance(CONFIGS["n"], Config)
    with pytest.raises(AssertionError):
        CONFIGS["n"].hidden(96)


@pytest.mark.parametrize("variant", ["n_folded_blocks", "l_deployed"])
@pytest.mark.parametrize("mode", ["train", "frozen"])
def test_a_deployed_form_is_for_evaluation_alone(variant: str, mode: Mode) -> None:
    assert list(draw_inputs(request(variant))) == ["x"]
    with pytest.raises(BadInput, match="for mode eval alone, its norms are folded: train what it is made of"):
        draw_inputs(request(variant, mode))


def test_the_header_of_a_deployed_run_tells_its_variant_image_and_outputs() -> None:
    header = {"variant": "s", "case": "deploy", "seed": 1, "x_shape": [2, 3, 64, 96]}
    assert PAIR.traced_variant(header) == "s_deployed"
    outputs = {name: PAIR.traced_outputs(header, PAIR.variant(name)) for name in PAIR.variants}
    assert {name: found for name, found in outputs.items() if found and name.startswith("s_")} == {
        "s_deployed": {"rep_and_conv": "0"},
        "s_folded_blocks": {"rep": "0"},
    }
    image = PAIR.traced_inputs(header)["x"]
    assert np.array_equal(image, np.floor(64 * seeded.tensor(1, "x", (2, 3, 64, 96))) / 64)
    assert PAIR.traced_inputs({"seed": 1}) == {}


@pytest.mark.parametrize(
    "shape", [[2, 3, 64], "2x3x64x96", [2, 3, 64, 1 << 40], [2, 3, -64, 96], [2.0, 3, 64, 96]]
)
def test_an_image_of_no_shape_is_refused(shape: object) -> None:
    with pytest.raises(BadInput, match="it should be four lengths"):
        PAIR.traced_inputs({"seed": 1, "x_shape": shape})

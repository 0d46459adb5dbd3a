"""The declaration of LED: inputs, sizes that are refused, weights of each stage, recipes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode
from harness.pairs.led.data import draw_inputs
from harness.pairs.led.pair import PAIR
from harness.pairs.led.recipes import FINETUNING, PRETRAINING
from harness.pairs.led.schedules import cosine_restarts, steps
from harness.pairs.led.weights import deploy, seeded_state
from harness.pairs.recipe import Length

ADAPTED = [["conv.weight", [3, 2, 3, 3], "float32"], ["conv.bias", [3], "float32"]]


def request(variant: str = "unet", mode: Mode = "eval", **more: Any) -> InputRequest:
    """A request for inputs."""
    return InputRequest(PAIR.variant(variant), mode, seed=0, **more)


def test_defaults() -> None:
    drawn = draw_inputs(request())
    assert {name: value.shape for name, value in drawn.items()} == {
        "lq": (1, 4, 64, 64),
        "gt": (1, 4, 64, 64),
    }
    assert all(0 <= value.min() < 0.01 < 0.99 < value.max() < 1 for value in drawn.values())


@pytest.mark.parametrize("variant", [name for name in PAIR.variants if "restormer" in name])
def test_sizes_that_do_not_suit_restormer(variant: str) -> None:
    with pytest.raises(BadInput, match=f"20x24 does not suit {variant}: both sides must be multiples of 8"):
        draw_inputs(request(variant, size=(20, 24)))


def test_sizes_that_cannot_be_mirrored() -> None:
    with pytest.raises(BadInput, match="5x40 does not suit unet: each side must be 6 or more"):
        draw_inputs(request(size=(5, 40)))
    assert draw_inputs(request(size=(6, 7)))["lq"].shape == (1, 4, 6, 7)
    assert draw_inputs(request("nafnet", size=(1, 3)))["lq"].shape == (1, 4, 1, 3)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ({"variant": "unet", "stage": "plain"}, "unet"),
        ({"variant": "repnr_unet", "stage": "pretrain"}, "repnr_unet_pretrain"),
        ({"variant": "repnr_unet", "stage": "deployed"}, "repnr_unet_deployed"),
        ({"variant": "repnr_nafnet", "stage": "deployed"}, "repnr_nafnet_deployed_upstream"),
    ],
)
def test_traces_name_their_variant(header: dict[str, str], name: str) -> None:
    assert PAIR.traced_variant(header) == name
    assert name in PAIR.variants


def test_adapters_scale_around_one() -> None:
    drawn = PAIR.weight_rule(0, "conv.align_weights.3", (1, 512, 1, 1))
    assert 0.5 <= drawn.min() < 0.6 < 1.4 < drawn.max() < 1.5
    assert abs(PAIR.weight_rule(0, "conv.align_biases.3", (1, 512, 1, 1)).mean()) < 0.2


def test_deployed_weights_are_folded_ones() -> None:
    state = seeded_state(PAIR.variant("repnr_unet_deployed"), 3, ADAPTED)
    drawn = {
        name: PAIR.weight_rule(3, f"conv.{name}", shape)
        for name, shape in {
            "main_weight": (3, 2, 3, 3),
            "main_bias": (3,),
            "aux_weight": (3, 2, 3, 3),
            "aux_bias": (3,),
            "align_weights.5": (1, 2, 1, 1),
            "align_biases.5": (1, 2, 1, 1),
        }.items()
    }
    weight = drawn["main_weight"] * drawn["align_weights.5"] + drawn["aux_weight"]
    bias = drawn["main_bias"] + (drawn["main_weight"] * drawn["align_biases.5"]).sum((1, 2, 3))
    assert list(state) == ["conv.weight", "conv.bias"]
    np.testing.assert_allclose(state["conv.weight"], weight, rtol=1e-6)
    np.testing.assert_allclose(state["conv.bias"], bias + drawn["aux_bias"], rtol=1e-5)


def test_what_the_published_deployment_loses() -> None:
    table = [["block.beta", [1, 2, 1, 1], "float32"], ["ending.weight", [4, 2, 3, 3], "float32"]]
    kept = seeded_state(PAIR.variant("repnr_nafnet_deployed"), 0, table)
    lost = seeded_state(PAIR.variant("repnr_nafnet_deployed_upstream"), 0, table)
    assert kept["block.beta"].any()
    assert not lost["block.beta"].any()
    np.testing.assert_array_equal(kept["ending.weight"], lost["ending.weight"])
    table = [["attn.temperature", [2, 1, 1], "float32"], ["attn.qkv.weight", [6, 2, 1, 1], "float32"]]
    lost = seeded_state(PAIR.variant("repnr_restormer_deployed_upstream"), 0, table)
    assert (lost["attn.temperature"] == 1).all()
    assert list(lost) == ["attn.temperature", "attn.qkv.weight"]
    kept = seeded_state(
        PAIR.variant("repnr_restormer_deployed"), 0, [*table, ["attn.qkv.bias", [6], "float32"]]
    )
    assert kept["attn.qkv.bias"].any()
    assert (kept["attn.temperature"] != 1).all()


def test_a_plain_state_is_deployed_as_it_is() -> None:
    state = {"upv6.weight": np.ones((4, 2, 2, 2), np.float32)}
    assert list(deploy(state)) == ["upv6.weight"]


def test_the_recipe_is_the_published_one() -> None:
    recipe = PAIR.recipe
    assert (recipe.optimizer, recipe.lr, recipe.iterations, recipe.batch) == ("adam", 1e-4, 257_600, 1)
    assert recipe.passes is not None
    uses = recipe.passes(Length(1, 257_600, 1), 1e-4)
    rates = [uses(number).groups["all"]["lr"] for number in (0, 128_799, 128_800, 231_840)]
    assert rates == pytest.approx([1e-4, 1e-4, 5e-5, 1e-5], rel=1e-12)
    assert recipe.options == {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}


def test_rates_of_the_option_files() -> None:
    rate = PRETRAINING["CVPR20_ELD"].rate
    assert [rate(t) for t in (1, 128_800, 128_801, 231_840, 231_841, 257_600)] == [
        1e-4, 1e-4, 5e-5, 5e-5, 1e-5, 1e-5,
    ]  # fmt: skip
    rate = PRETRAINING["MM22_PMN"].rate
    assert [rate(1), rate(96_601), rate(289_800)] == pytest.approx([2e-4, 1e-5, 1e-5], rel=1e-6)
    for recipe in FINETUNING.values():
        assert recipe.iterations == 1500
        assert [recipe.learning(t) for t in (1, 1000, 1001, 1500)] == [
            "align",
            "align",
            "auxiliary",
            "auxiliary",
        ]
    cosine = FINETUNING["MM22_PMN"]
    assert [cosine.rate(1), cosine.rate(501), cosine.rate(1001)] == pytest.approx([1e-4, 5e-5, 1e-5])
    assert 0 < cosine.rate(1500) < 1e-9  # never reaches its end, as published


def test_rates_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="2 milestones for 1 rates"):
        steps(1.0, (1, 2), (0.5,))
    with pytest.raises(ValueError, match="1 periods for 2 weights"):
        cosine_restarts(1.0, (4,), (1, 2))
    with pytest.raises(ValueError, match="iteration 6 lies behind the last period, which ends at 5"):
        cosine_restarts(1.0, (4,), (1,))(6)

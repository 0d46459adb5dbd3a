"""The declaration of L2SKNet: inputs, sizes that are refused, gradients that have a rule of their own."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode
from harness.pairs.l2sknet.data import draw_inputs
from harness.pairs.l2sknet.pair import PAIR
from tests import needs_shared
from tests.upstream import l2sknet_truth as truth


def request(variant: str = "L2SKNet_UNet", mode: Mode = "eval", **more: Any) -> InputRequest:
    """A request for inputs."""
    return InputRequest(PAIR.variant(variant), mode, seed=0, **more)


@pytest.mark.parametrize(
    ("mode", "shape"), [("eval", (1, 1, 256, 256)), ("train", (4, 1, 64, 64)), ("frozen", (4, 1, 64, 64))]
)
def test_defaults(mode: Mode, shape: tuple[int, ...]) -> None:
    drawn = draw_inputs(request(mode=mode))
    assert list(drawn) == ["image", "mask"]
    assert all(value.shape == shape and value.dtype == np.float32 for value in drawn.values())
    assert 0 <= drawn["image"].min() < 0.01 < 0.99 < drawn["image"].max() < 1
    assert set(np.unique(drawn["mask"])) == {0.0, 1.0}


def test_inputs_depend_on_seed_and_tag() -> None:
    plain = draw_inputs(request(size=(16, 16)))["image"]
    assert not np.array_equal(plain, draw_inputs(request(size=(16, 16), tag="other"))["image"])
    np.testing.assert_array_equal(plain, draw_inputs(request("L2SKNet_FPN", size=(16, 16)))["image"])


@pytest.mark.parametrize("variant", [name for name in PAIR.variants if "UNet" in name])
def test_sizes_that_do_not_suit_a_unet(variant: str) -> None:
    with pytest.raises(
        BadInput, match=f"size 36x48 does not suit {variant}: both sides must be multiples of 8"
    ):
        draw_inputs(request(variant, size=(36, 48)))


def test_sizes_that_do_not_suit_morphology() -> None:
    for variant, side in (("L2SKNet_UNet_morphology", 8), ("L2SKNet_FPN_morphology", 8)):
        with pytest.raises(BadInput, match="each side must be"):
            draw_inputs(request(variant, size=(side, 64)))
    assert draw_inputs(request("L2SKNet_FPN_morphology", size=(9, 9)))["image"].shape == (1, 1, 9, 9)
    assert draw_inputs(request("L2SKNet_FPN", size=(5, 7)))["image"].shape == (1, 1, 5, 7)


def test_a_batch_of_one_cannot_train() -> None:
    with pytest.raises(BadInput, match="batch 1 cannot train L2SKNet_FPN"):
        draw_inputs(request("L2SKNet_FPN", "train", batch=1))
    assert draw_inputs(request("L2SKNet_FPN", "frozen", batch=1))["image"].shape == (1, 1, 64, 64)


@needs_shared
@pytest.mark.parametrize("variant", truth.PUBLISHED)
def test_rules_for_gradients_fit_what_is_zero_in_theory(variant: str) -> None:
    names = [key for key, *_ in truth.state_file()["variants"][variant]["entries"]]
    rules = PAIR.overrides(PAIR.variant(variant), "train")

    def matching(policy: str) -> set[str]:
        patterns = [rule.pattern for rule in rules if rule.policy == policy]
        return {name for name in names if any(fnmatchcase(f"grad:{name}", pattern) for pattern in patterns)}

    assert matching("absolute") == set(truth.zero_gradients(variant))
    dead = {name for name in truth.no_gradients(variant) if "morphology" not in name}
    assert matching("skip") == dead
    assert all(len(rule.reason) > 20 for rule in rules)


@pytest.mark.parametrize("variant", PAIR.variants)
def test_without_batch_statistics_no_gradient_is_zero_in_theory(variant: str) -> None:
    assert PAIR.overrides(PAIR.variant(variant), "eval") == ()
    assert all(rule.policy == "skip" for rule in PAIR.overrides(PAIR.variant(variant), "frozen"))


def test_the_recipe_is_the_published_one() -> None:
    recipe = PAIR.recipe
    assert (recipe.optimizer, recipe.lr, recipe.epochs, recipe.schedule) == ("adam", 5e-4, 400, "multistep")
    assert recipe.schedule_options == {"milestones": (200, 300), "gamma": 0.1}

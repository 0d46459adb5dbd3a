"""The declaration of CPANet: variants, switches, inputs, sizes that are refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode, Variant
from harness.pairs.cpanet.data import draw_inputs
from harness.pairs.cpanet.pair import PAIR, configured
from harness.pairs.cpanet.switches import CORRECTIONS, Switches, switches


def request(variant: str | Variant = "vgg16", mode: Mode = "eval", **more: Any) -> InputRequest:
    """A request for inputs."""
    chosen = variant if isinstance(variant, Variant) else PAIR.variant(variant)
    return InputRequest(chosen, mode, seed=0, **more)


def drawn_switches(name: str) -> Switches:
    """The switches of a variant."""
    options = dict(PAIR.variant(name).options)
    del options["backbone"]
    for of_its_inputs in ("shots", "bn3_scale"):
        options.pop(of_its_inputs, None)
    return switches(**options)


def test_all_eight_ablations_are_there() -> None:
    found = {
        (drawn.cpp, drawn.sa, drawn.ssa)
        for name in PAIR.variants
        if (drawn := drawn_switches(name)).k == 0.8 and drawn.swap_sides
    }
    assert len(found) == 8


def test_corrected_turns_every_quirk_off_and_each_has_a_variant_of_its_own() -> None:
    corrected = drawn_switches("vgg16_corrected")
    names = [field.name for field in fields(Switches)]
    changed = {name for name in names if getattr(corrected, name) != getattr(Switches(), name)}
    assert changed == set(CORRECTIONS)
    for name, value in CORRECTIONS.items():
        assert drawn_switches(f"vgg16_without_{name}") == switches(**{name: value})


def test_only_what_was_published_has_an_upstream() -> None:
    pinned = {name for name, variant in PAIR.variants.items() if variant.upstream is not None}
    assert pinned == {"vgg16", "resnet50", "resnet101", "resnet152", "vgg16_5shot"}


@pytest.mark.parametrize(("mode", "batch"), [("eval", 1), ("train", 2), ("frozen", 2)])
def test_defaults(mode: Mode, batch: int) -> None:
    drawn = draw_inputs(request(mode=mode))
    assert {name: value.shape for name, value in drawn.items()} == {
        "x": (batch, 3, 200, 200),
        "s_x": (batch, 1, 3, 200, 200),
        "s_y": (batch, 1, 200, 200),
        "y": (batch, 200, 200),
    }
    assert set(np.unique(drawn["s_y"])) == set(np.unique(drawn["y"])) == {0, 1, 255}


def test_shots() -> None:
    assert draw_inputs(request("vgg16_5shot", size=(20, 20)))["s_x"].shape == (1, 5, 3, 20, 20)
    assert draw_inputs(request(configured("two", shots=2), size=(20, 20)))["s_y"].shape == (1, 2, 20, 20)


@pytest.mark.parametrize(
    ("variant", "mode", "size", "message"),
    [
        ("vgg16", "eval", (66, 64), "both sides must be multiples of 4"),
        ("vgg16", "eval", (16, 64), "its deepest map would be 1 wide, and needs 2"),
        ("resnet50", "eval", (8, 8), "its deepest map would be 1 wide, and needs 2"),
        ("vgg16", "train", (40, 56), "height and width are swapped"),
    ],
)
def test_sizes_that_do_not_suit(variant: str, mode: Mode, size: tuple[int, int], message: str) -> None:
    with pytest.raises(BadInput, match=f"size {size[0]}x{size[1]} does not suit {variant}.*{message}"):
        draw_inputs(request(variant, mode, size=size))


@pytest.mark.parametrize(
    ("variant", "mode", "size"),
    [
        ("vgg16", "eval", (40, 56)),
        ("vgg16_corrected", "train", (40, 56)),
        ("vgg16_cpp_sa", "eval", (66, 70)),
        ("resnet50", "eval", (16, 16)),
    ],
)
def test_sizes_that_suit(variant: str, mode: Mode, size: tuple[int, int]) -> None:
    assert draw_inputs(request(variant, mode, size=size))["x"].shape[2:] == size


def test_switches_that_are_none() -> None:
    with pytest.raises(BadInput, match="CPANet has no switch 'cbam'; it has cpp, sa"):
        switches(cbam=True)
    with pytest.raises(BadInput, match="the switch k of CPANet is -1; it should be a number, 0 or more"):
        switches(k=-1)
    with pytest.raises(BadInput, match="the switch sa of CPANet is 0; it should be true or false"):
        switches(sa=0)
    with pytest.raises(BadInput, match="'vgg19' is no backbone of CPANet; it has vgg16, resnet50"):
        configured("mine", backbone="vgg19")


def test_the_last_norm_of_a_residual_block_is_drawn_small() -> None:
    small, plain = (PAIR.weight_rule(1, f"layer1.0.bn{n}.weight", (256,)) for n in (3, 2))
    assert small.dtype == np.float32
    assert (small.max(), plain.max()) == (pytest.approx(0.3, abs=0.01), pytest.approx(1.5, abs=0.01))


def test_rules_for_gradients_that_are_zero_in_theory() -> None:
    def names(mode: Mode) -> list[str]:
        return [rule.pattern for rule in PAIR.overrides(PAIR.variant(None), mode)]

    assert names("train") == ["grad:REF.g.0.bias", "grad:REF.W.0.bias", "grad:REF.phi.0.bias"]
    assert names("frozen") == ["grad:REF.phi.0.bias"]
    assert PAIR.overrides(PAIR.variant(None), "eval") == ()


def test_the_recipe_is_the_published_one() -> None:
    recipe = PAIR.recipe
    assert (recipe.optimizer, recipe.lr, recipe.epochs, recipe.schedule) == ("sgd", 0.0025, 200, "poly")
    assert recipe.options == {"momentum": 0.9, "weight_decay": 1e-4}

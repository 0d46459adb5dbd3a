"""Blind mistakes: each edit fits one place, all is written down for each, and a sample is run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from harness.flows.comparison import Workers
from harness.flows.together import lend_workers
from tests.mutants.blind.lists import MISTAKES
from tests.mutants.blind.mistake import Blind, edited
from tests.mutants.blind.pair import MODELS, SOUND_PAIRS
from tests.mutants.blind.port import port_with
from tests.mutants.blind.score import judged, measured, table

BOTH = (pytest.mark.torch, pytest.mark.jittor)
WRONG = [mistake for mistake in MISTAKES if not mistake.sound]
RIGHT = [mistake for mistake in MISTAKES if mistake.sound]
IN_THE_GATE = (
    "small_grid_turned",
    "small_centre_unshifted",
    "small_padding_counted",
    "small_head_untied",
    "small_objectness_undetached",
    "sound_decoded_as_maps",
    "sound_cell_by_difference",
    "sound_grid_shifted",
)

NAMED = (
    "small_padding_counted",  # a loss of a model whose dropouts drop
    "small_head_untied",  # an operation takes the parameter of a layer
    "small_objectness_undetached",
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_an_edit_fits_one_place_and_is_python(mistake: Blind) -> None:
    compile(edited(mistake), mistake.file, "exec")


def test_an_edit_that_fits_nowhere_is_refused() -> None:
    mistake = Blind("nowhere", "none", "led", WRONG[0].file, "no such text", "", "")
    with pytest.raises(ValueError, match="nowhere: 0 places for 'no such text'"):
        edited(mistake)


def test_there_are_many_and_of_many_kinds() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)
    assert sum(mistake.pair in MODELS for mistake in WRONG) >= 60
    assert sum(mistake.pair not in MODELS for mistake in WRONG) >= 20
    assert len(RIGHT) >= 20
    assert max(Counter(mistake.kind for mistake in WRONG).values()) <= 0.01 * len(WRONG)


def test_what_is_right_is_written_down_for_each() -> None:
    assert all(mistake.places and mistake.says and mistake.truth for mistake in WRONG)
    assert not any(mistake.says for mistake in RIGHT)


def row_of(name: str, verdict: str, *sources: tuple[str, str]) -> dict[str, Any]:
    """A row as a run leaves it."""
    told = [{"address": layer, "layers": [layer], "text": "", "cause": cause} for layer, cause in sources]
    mistake = next(one for one in MISTAKES if one.name == name)
    return {"name": name, "pair": mistake.pair, "verdict": verdict, "sentence": "", "sources": told}


def test_a_row_is_judged_by_what_was_written_down() -> None:
    place, other = "(model)/cat.1", "(model)/cat.2"
    right = judged(row_of("l2_cat_reversed", "diverged", (place, "the inputs are exchanged")))
    assert (right["detected"], right["located"], right["named"], right["wrong"]) == (True, True, True, False)
    elsewhere = judged(row_of("l2_cat_reversed", "diverged", (place, "plus 1"), (other, "")))
    assert (elsewhere["located"], elsewhere["named"], elsewhere["wrong"]) == (False, False, True)
    by_name = judged(
        row_of("led_shift_without_kernel", "diverged", ("conv1_1/sum.0", "conv1_1/sum.0 is given 1"))
    )
    assert (by_name["located"], by_name["named"], by_name["wrong"]) == (True, False, True)
    given = row_of("led_skip_order", "diverged", ("(model)", "add.0 is skipped"))
    given["sources"] = [{**given["sources"][0], "address": "layer:decoders.0#0:in.0"}]
    assert judged(given)["located"]
    one_of_two = judged(row_of("b4_l2_views_in_turn", "diverged", ("morphology_net_1/cat.0", "in turn")))
    assert one_of_two["located"]  # it is put down as morphology_net_[01]
    unseen = judged(row_of("l2_cat_reversed", "aligned"))
    assert (unseen["detected"], unseen["located"], unseen["named"], unseen["wrong"]) == (False,) * 4
    accused = judged(row_of("sound_gate_by_slices", "diverged"))
    assert accused["accused"]
    assert table([right, elsewhere, unseen, accused]) == {
        "l2sknet": {"mistakes": 3, "detected": 2, "located": 1, "named": 1, "wrong": 1},
        "all": {"mistakes": 3, "detected": 2, "located": 1, "named": 1, "wrong": 1},
        "sound rewrites": {"rewrites": 1, "accused": 1},
    }


@pytest.mark.jittor
def test_the_edited_modules_are_nobody_elses() -> None:
    mistake = next(one for one in WRONG if one.name == "led_slope")
    import ports_jittor.led.unet as sound

    port = port_with(SOUND_PAIRS["led"].port, mistake)
    assert sys.modules["ports_jittor.led.unet"] is sound
    assert "0.1 * x" in edited(mistake)
    assert port.NETWORKS["unet"].__module__ == sound.UNet.__module__
    assert port.NETWORKS["unet"] is not sound.UNet


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Both sides, for all of them."""
    with lend_workers("cpu", 300.0) as lent:
        yield lent


def cases(some: Sequence[Blind]) -> list[object]:
    """A few in the gate, the others slow."""
    return [
        pytest.param(
            mistake,
            id=mistake.name,
            marks=[*BOTH] if mistake.name in IN_THE_GATE else [*BOTH, pytest.mark.slow],
        )
        for mistake in some
    ]


@pytest.mark.parametrize("mistake", cases(MISTAKES))
def test_a_mistake_is_detected_and_a_sound_rewrite_is_not_accused(mistake: Blind, workers: Workers) -> None:
    row = judged(measured(mistake, workers))
    if mistake.sound:
        assert not row["accused"], row["sentence"]
    else:
        assert row["detected"], row["sentence"]
        assert row["named"] or mistake.name not in NAMED, row["sources"]


@pytest.mark.parametrize("mistake", cases(RIGHT))
def test_a_sound_rewrite_never_gets_a_cause(mistake: Blind, workers: Workers) -> None:
    """Nor where its layers run alone though nothing diverged, and every source is asked for."""
    sources = measured(mistake, workers, "always")["sources"]
    causes = [source["cause"] for source in sources if not source["cause"].startswith("none of")]
    assert not any(causes), causes

"""Faults in rank, shape, type, keys and calls are told with their place; sound ports of odd models pass."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

import pytest

from tests.mutants.in_this_process import Compare, comparing
from tests.mutants.odd.pair import PAIR

pytestmark = pytest.mark.torch

# Where each fault shows first, and the layer that makes it.
FAULTS = {
    "rank.lost_axis": ("layer:(model)#0:out", "(model)"),
    "broadcast.no_unsqueeze": ("layer:(model)/mul.0#0:in.1", "(model)/mul.0"),
    "doubled.outer": ("layer:(model)/sub.0#0:out", "(model)/sub.0"),
    "viewed.reshaped": ("layer:(model)/relu.0#0:in.0", "(model)/relu.0"),
    "flat.flattened": ("layer:(model)#0:out", "(model)"),
    "flat.transposed": ("layer:(model)#0:out", "(model)"),
    "resized.pool": ("layer:(model)/avg_pool1d.0#0:out", "(model)/avg_pool1d.0"),
    "notanumber.scaled": ("layer:(model)#0:out", "(model)"),
    "notanumber.all_nan": ("layer:(model)/mul.0#0:in.0", "(model)/mul.0"),
    "infinite.finite": ("layer:(model)/cat.0#0:in.0", "(model)/cat.0"),
    "infinite.positive": ("layer:(model)/cat.0#0:in.0", "(model)/cat.0"),
    "indices.off_by_one": ("layer:(model)#0:out.place", "(model)"),
    "indices.as_float": ("layer:(model)#0:out.place", "(model)"),
    "indices.transposed_axis": ("layer:(model)/argmax.0#0:out", "(model)/argmax.0"),
    "masks.inverted": ("layer:(model)#0:out.mask", "(model)"),
    "masks.one_flipped": ("layer:(model)#0:out.mask", "(model)"),
    "masks.as_float": ("layer:(model)#0:out.mask", "(model)"),
    "empty.wider": ("layer:(model)#0:out.boxes", "(model)"),
    "empty.gone": ("output:boxes", "(model)"),
    "empty.found": ("layer:(model)#0:out.boxes", "(model)"),
    "twice.once": ("layer:last#0:in.0", "last"),
    "twice.thrice": ("layer:last#0:in.0", "last"),
    "twice.second_input": ("layer:first#1:in.0", "first"),
    "conditional.never": ("layer:last#0:in.0", "last"),
    "conditional.always": ("layer:last#0:in.0", "last"),
    "conditional.called": ("layer:last#0:in.0", "last"),
    "unused.used": ("layer:last#0:in.0", "last"),
    "unused.dropped": ("layer:last#0:in.0", "last"),
    "keys.missing": ("output:b", "(model)"),
    "keys.extra": ("output:c", "(model)"),
    "keys.renamed": ("output:b", "(model)"),
    "keys.exchanged": ("layer:(model)#0:out.a", "(model)"),
    "tuples.exchanged": ("layer:(model)#0:out.0", "(model)"),
    "tuples.shorter": ("output:2", "(model)"),
    "tuples.longer": ("output:3", "(model)"),
    "tuples.nothing_filled": ("output:1", "(model)"),
    "picked.wrong_row": ("layer:last#0:in.0", "last"),
    "precise.wide_layer": ("layer:(model)/softmax.0#0:out", ""),  # torch refuses it on the reference's inputs
    "precise.wide_output": ("layer:(model)#0:out", "(model)"),
    "precise.half_output": ("layer:(model)#0:out", "(model)"),
    "precise.half_inside": ("layer:(model)/softmax.0#0:in.0", "(model)/softmax.0"),
    "halves.single": ("layer:(model)#0:out.rough", "(model)"),
    "detached.attached": ("layer:(model)/tanh.0#0:grad", "(model)/tanh.0"),
    "shared.far": ("layer:around.0#0:in.1", "(model)"),
    "dense.front": ("layer:grow.0/cat.0#0:out", "grow.1"),
    "dense.momentum": ("state:grow.0.norm.running_mean", "grow.*.norm"),
}
IN_TRAINING = ("detached.attached", "dense.front", "dense.momentum")
NOTHING = ("allnan.", "allnan.scaled")
SOUND = [name for name in PAIR.variants if name not in FAULTS and name not in NOTHING]


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compare]:
    """A comparison of one variant."""
    with comparing("tests.mutants.odd.pair:PAIR", tmp_path_factory.mktemp("odd")) as run:
        yield run


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str, compare: Compare) -> None:
    alignment = compare(name, "train" if name in IN_TRAINING else "eval")
    first, layer = FAULTS[name]
    assert (alignment.verdict, alignment.first) == ("diverged", first), alignment.sentence
    made = {path for source in alignment.sources for path in source.layers}
    others = {path for path in made if not fnmatch.fnmatchcase(path, layer)}
    assert all(path == "(model)" or path.startswith("(model)/") for path in others)  # or its own operation
    assert not layer or fnmatch.filter(made, layer)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_port_is_aligned(name: str, compare: Compare) -> None:
    alignment = compare(name, "train")
    assert alignment.verdict == "aligned", alignment.sentence
    assert not alignment.sources


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_but_nan_on_both_sides_proves_nothing(name: str, compare: Compare) -> None:
    alignment = compare(name, "eval")
    assert alignment.verdict == "inconclusive"
    assert "both sides give nothing but NaN at output:0, and that proves nothing" in alignment.sentence


def test_every_fault_is_of_some_model() -> None:
    assert set(FAULTS) <= set(PAIR.variants)
    assert len(SOUND) == 33

"""What a state lacks or has too much, and what comes near."""

from __future__ import annotations

import numpy as np
import pytest

from weight_convert import State
from weight_convert.complete import add_counters, fit_scalars
from weight_convert.layout import Layout, compare, likeness


def state(**shapes: tuple[int, ...]) -> State:
    """A state of zeros; two underscores stand for a dot."""
    return State.of({key.replace("__", "."): np.zeros(shape) for key, shape in shapes.items()})


def test_every_difference_is_listed() -> None:
    found = state(a__weight=(2, 3), b__weight=(4,), b__bias=(4,))
    layout = Layout("a model", {"a.weight": (3, 2), "c.weight": (4,), "d.bias": (9,)})
    mismatch = compare(found, layout)
    assert mismatch.lines() == [
        "missing     c.weight (nearest: b.weight, of the same shape)",
        "missing     d.bias (nearest: b.bias, of shape [4], [9] wanted)",
        "unexpected  b.weight",
        "unexpected  b.bias",
        "shape       a.weight: [2, 3] found, [3, 2] wanted",
    ]


def test_a_fitting_state_has_no_differences() -> None:
    assert not compare(state(a=(1,)), Layout("a model", {"a": (1,)}))


def test_counters_are_welcome_where_the_layout_cannot_tell() -> None:
    found = state(bn__num_batches_tracked=())
    assert not compare(found, Layout("jittor", {}, counters=False))
    assert compare(found, Layout("torch", {})).unexpected == ["bn.num_batches_tracked"]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [("a.b.c", "x.b.c", 4), ("a.b.c", "a.x.c", 3), ("a", "b", 0), ("a.w", "a.b", 0)],
)
def test_likeness_counts_parts_of_names(one: str, other: str, shared: int) -> None:
    assert likeness(one, other) == shared


def test_nothing_near_is_said_to_be_near() -> None:
    assert compare(state(x=(1,)), Layout("a model", {"y": (2,)})).missing == [("y", "")]


@pytest.mark.timeout(120)
def test_thousands_of_differences_are_listed() -> None:
    found = State.of({f"old.{index}.weight": np.zeros((3, 3)) for index in range(2000)})
    layout = Layout("a model", {f"new.{index}.weight": (3, 3) for index in range(2000)})
    assert len(compare(found, layout).missing) == 2000


def test_counters_are_added_behind_running_variances() -> None:
    found = add_counters(state(bn__weight=(2,), bn__running_var=(2,), z=(1,)))
    assert list(found) == ["bn.weight", "bn.running_var", "bn.num_batches_tracked", "z"]
    assert list(add_counters(found)) == list(found)
    assert list(add_counters(state(bn__running_var=(2,)), {"other"})) == ["bn.running_var"]


def test_scalars_get_the_shape_the_model_wants() -> None:
    found = fit_scalars(state(a=(1,), b=(), c=(1,)), Layout("a model", {"a": (), "b": (1,), "c": (1,)}))
    assert found.shapes() == {"a": (), "b": (1,), "c": (1,)}
    assert [found[key].shape for key in found] == [(), (1,), (1,)]

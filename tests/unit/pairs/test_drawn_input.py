"""Inputs that a line describes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.base import InputRequest, Variant
from harness.pairs.drawn_input import DrawnInput, draw_all


def request(**more: object) -> InputRequest:
    return InputRequest(Variant("v", ""), "eval", 3, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "dtype", "low", "high"),
    [
        ("x=2x3x4x5", "float32", -9, 9),
        ("x=2x3x4x5:uniform", "float32", 0, 1),
        ("x=2x3x4x5:binary", "float32", 0, 1),
        ("x=2x3x4x5:bool", "bool", 0, 1),
        ("x=2x3x4x5:0..6", "int64", 0, 6),
        ("x=2x3x4x5:-4..-2", "int64", -4, -2),
    ],
)
def test_shape_and_law(text: str, dtype: str, low: float, high: float) -> None:
    array = DrawnInput.read(text).draw(3, "compare")
    assert (array.shape, array.dtype.name) == ((2, 3, 4, 5), dtype)
    assert low <= array.min() < array.max() <= high


def test_every_whole_number_of_the_range_is_drawn() -> None:
    assert sorted(set(DrawnInput.read("x=500:3..7").draw(0, "compare").tolist())) == [3, 4, 5, 6, 7]


def test_values_depend_on_the_seed_and_on_the_name() -> None:
    one, other = DrawnInput.read("a=50"), DrawnInput.read("b=50")
    assert np.array_equal(one.draw(1, "t"), one.draw(1, "t"))
    assert not np.array_equal(one.draw(1, "t"), one.draw(2, "t"))
    assert not np.array_equal(one.draw(1, "t"), other.draw(1, "t"))


def test_batch_and_size_take_the_place_of_the_line() -> None:
    inputs = [DrawnInput.read("image=1x3x8x8"), DrawnInput.read("ids=1x7:0..3")]
    drawn = draw_all(inputs, request(batch=5, size=(6, 4)))
    assert (drawn["image"].shape, drawn["ids"].shape) == ((5, 3, 6, 4), (5, 7))


def test_a_size_needs_a_picture() -> None:
    with pytest.raises(BadInput, match="no input has four dimensions"):
        draw_all([DrawnInput.read("ids=1x7:0..3")], request(size=(6, 4)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image", "should be NAME=SHAPE"),
        ("=2x2", "should be NAME=SHAPE"),
        ("2=2x2", "should be NAME=SHAPE"),
        ("x=2y2", "should be NAME=SHAPE"),
        ("x=", "should be NAME=SHAPE"),
        ("x=2x0", "has 0 elements"),
        ("x=99999x99999x9", "268435456 are allowed"),
        ("x=2x2:gauss", "has the law 'gauss'"),
        ("x=2x2:7..3", "has the law '7..3'"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        DrawnInput.read(text)

"""What may differ between the shapes and element types of two frameworks."""

from __future__ import annotations

import pytest

from harness.forms import axes_text, same_operand, same_shape, same_type, shape_text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((), (), True),
        ((), (1,), True),
        ((1,), (), True),
        ((1,), (1, 1), False),
        ((), (1, 1), False),
        ((2, 3), (2, 3), True),
        ((2, 3), (3, 2), False),
        ((6,), (2, 3), False),
        ((0,), (), False),
        ((0, 2), (0, 3), False),
    ],
)
def test_a_single_number_is_the_one_thing_that_may_have_two_shapes(
    one: tuple[int, ...], other: tuple[int, ...], same: bool
) -> None:
    assert same_shape(one, other) is same
    assert same_shape(list(other), list(one)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("float32", "float32", True),
        ("float32", "float16", False),
        ("float64", "float32", False),
        ("int64", "int32", True),
        ("bool", "int32", True),
        ("bool", "uint8", True),
        ("int32", "float32", False),
        ("bool", "float32", False),
    ],
)
def test_integers_of_every_width_are_one_and_floats_are_not(one: str, other: str, same: bool) -> None:
    assert same_type(one, other) is same
    assert same_type(other, one) is same


def test_a_shape_is_said_in_few_signs() -> None:
    assert [shape_text(shape) for shape in ((), (7,), (2, 3, 8))] == ["()", "7", "2x3x8"]
    assert [axes_text(axes) for axes in ((1,), (0, 2), (0, 2, 3))] == [
        "axis 1",
        "axes 0 and 2",
        "axes 0, 2 and 3",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((32, 1, 1), (1, 32, 1, 1), True),
        ((32,), (1, 32), True),
        ((), (1, 1), True),
        ((32, 1), (32,), False),
        ((2, 32), (32,), False),
    ],
)
def test_leading_axes_of_one_element_broadcast_alike(
    one: tuple[int, ...], other: tuple[int, ...], same: bool
) -> None:
    assert same_operand(one, other) is same

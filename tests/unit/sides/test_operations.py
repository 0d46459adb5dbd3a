"""One name for each operation, whatever a framework calls it."""

from __future__ import annotations

import pytest

from harness.sides.operations import OPERATIONS, canonical, function_of, pooling


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("__add__", "add"),
        ("__radd__", "add"),
        ("add_", "add"),
        ("__rtruediv__", "div"),
        ("concat", "cat"),
        ("clip", "clamp"),
        ("relu_", "relu"),
        ("interpolate", "interpolate"),
        ("bmm", "matmul"),
        ("scatter_add_", "scatter"),
        ("scatter_reduce", "scatter"),
        ("gather", None),
        ("reshape", None),
        ("__getitem__", None),
    ],
)
def test_canonical_name(spelling: str, name: str | None) -> None:
    assert canonical(spelling) == name


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_is_known_by_its_own_name_in_every_form(operation: str) -> None:
    assert {canonical(name) for name in (operation, f"{operation}_", f"__{operation}__")} == {operation}


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("AdaptiveAvgPool2d", "adaptive_avg_pool2d"),
        ("Conv", "conv2d"),
        ("LogSoftmax", "log_softmax"),
        ("Sequential", None),
    ],
)
def test_a_layer_made_on_the_spot_is_the_function_that_it_computes(kind: str, operation: str | None) -> None:
    assert function_of(kind) == operation


def test_the_argument_of_a_general_pooling_decides_its_kind() -> None:
    assert [pooling("maximum", 2), pooling("mean", 3), pooling("minimum", 2)] == [
        "max_pool2d",
        "avg_pool3d",
        None,
    ]

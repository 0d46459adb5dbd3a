"""A tensor of another shape is explained by the amounts, steps, sizes or axes that its maker is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, Trial, explain_forward

Array = NDArray[Any]
Made = Callable[..., Array]
GIVEN = np.random.default_rng(6).standard_normal((2, 3, 8, 12)).astype(np.float32)
POINT = np.ones((3, 3, 1, 1), np.float32)  # a convolution of single pixels takes some of them


def padded(pad: Sequence[int], **others: Any) -> Array:
    left, right, top, bottom = pad
    return np.pad(GIVEN, ((0, 0), (0, 0), (top, bottom), (left, right)), mode="edge")


def strided(stride: int | Sequence[int] = 2, padding: int = 0, **others: Any) -> Array:
    steps = (stride, stride) if isinstance(stride, int) else stride
    wide = np.pad(GIVEN, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return wide[:, :, :: steps[0], :: steps[1]]


def averaged(kernel_size: int, **others: Any) -> Array:
    rows, columns = 8 // kernel_size, 12 // kernel_size
    cut = GIVEN[:, :, : rows * kernel_size, : columns * kernel_size]
    return cut.reshape(2, 3, rows, kernel_size, columns, kernel_size).mean((3, 5))


def joined(dim: int, **others: Any) -> Array:
    return np.concatenate([GIVEN, 2 * GIVEN], dim)


def enlarged(scale_factor: float | Sequence[float], **others: Any) -> Array:
    factors = (scale_factor, scale_factor) if isinstance(scale_factor, float) else scale_factor
    rows, columns = (
        np.arange(int(size * factor)) * size // int(size * factor)
        for size, factor in zip(GIVEN.shape[2:], factors, strict=True)
    )
    return GIVEN[:, :, rows][..., columns]


def peak(dim: int | Sequence[int], keepdim: bool = True, **others: Any) -> Array:
    axes = (dim,) if isinstance(dim, int) else tuple(dim)
    return np.asarray(np.log(np.exp(GIVEN).sum(axes, keepdims=keepdim)))


def explained(kind: str, made: Made, port: Array, attributes: dict[str, Any], names: Sequence[str]) -> Cause:
    """`names` are those of the attributes, as the layer takes them."""
    told = dict(zip(attributes, names, strict=True))

    def replay(trials: Sequence[Trial]) -> list[Array | None]:
        return [tried(trial) for trial in trials]

    def tried(trial: Trial) -> Array | None:
        now = {**attributes, **trial.changes}
        if set(now) - set(told) or trial.twice or trial.kind:
            return None
        try:
            return made(**{told[key]: value for key, value in now.items()})
        except (ValueError, ZeroDivisionError, np.exceptions.AxisError):
            return None

    right = made(**{told[key]: value for key, value in attributes.items()})
    given = (GIVEN, POINT) if kind == "conv2d" else (GIVEN,)
    evidence = DifferingLayer(kind, right, port, given, attributes=attributes, operation=True, floor=1e-4)
    return explain_forward(evidence, replay)


@pytest.mark.parametrize(
    ("kind", "made", "attributes", "names", "now", "words"),
    [
        ("pad", padded, {"pad": [1, 1, 2, 2]}, ("pad",), [2, 2, 1, 1], "those of another side come first"),
        ("pad", padded, {"1": [1, 1, 2, 2]}, ("pad",), [2, 2, 1, 1], "pad=[2, 2, 1, 1], not [1, 1, 2, 2]"),
        ("pad", padded, {"pad": [2, 1, 2, 1]}, ("pad",), [0, 1, 2, 3], "pad=[0, 1, 2, 3], not [2, 1, 2, 1]"),
        ("pad", padded, {"pad": [2, 1, 2, 1]}, ("pad",), [2, 2, 2, 2], "[4, 4] in all, not [3, 3]"),
        ("avg_pool2d", averaged, {"1": 2}, ("kernel_size",), 3, "kernel_size=3, not 2"),
        ("cat", joined, {"1": 1}, ("dim",), 2, "dim=2, not 1"),
        ("conv2d", strided, {"3": [2, 1]}, ("stride",), [1, 2], "stride=[1, 2], not [2, 1] (its sizes are"),
        ("logsumexp", peak, {"1": (2, 3)}, ("dim",), (1, 2, 3), "dim=[1, 2, 3], not [2, 3]"),
        ("logsumexp", peak, {"1": (2, 3)}, ("dim",), 2, "dim=2, not [2, 3]"),
        ("interpolate", enlarged, {"scale_factor": 2.0}, ("scale_factor",), 1.5, "scale_factor=1.5, not 2.0"),
    ],
)
def test_what_it_is_told_is_named(
    kind: str, made: Made, attributes: dict[str, Any], names: Sequence[str], now: Any, words: str
) -> None:
    assert words in explained(kind, made, made(now), attributes, names).sentence


def test_what_is_not_given_has_its_usual_value() -> None:
    attributes = {"3": 2, "4": 1}
    found = explained("conv2d", strided, strided(2, 0), attributes, ("stride", "padding"))
    assert "padding=0, not 1 (what it is where it is not given)" in found.sentence


def test_windows_that_lie_side_by_side_have_another_size() -> None:
    def pooled(kernel_size: int, stride: int) -> Array:
        if kernel_size != stride:
            raise ValueError
        return averaged(kernel_size)

    attributes = {"kernel_size": 2, "stride": 2}
    found = explained("AvgPool2d", pooled, averaged(4), attributes, tuple(attributes))
    assert "stride=4, not 2 and kernel_size=4, not 2" in found.sentence


def test_what_the_reference_is_not_told_may_be_told_in_the_port() -> None:
    right, port = averaged(2), averaged(2)[:, :, ::2, ::2]

    def replay(trials: Sequence[Trial]) -> list[Array | None]:
        return [port if trial.changes == {"stride": 4} else None for trial in trials]

    evidence = DifferingLayer(
        "avg_pool2d", right, port, (GIVEN,), attributes={"1": 2}, operation=True, floor=1e-4
    )
    assert "stride=4, where the reference tells none" in explain_forward(evidence, replay).sentence


@pytest.mark.parametrize(
    ("parts", "words"),
    [((0,), "without its part number 1"), ((0, 0, 1), "with its part number 0 twice")],
)
def test_what_is_joined_of_other_parts_is_named(parts: Sequence[int], words: str) -> None:
    given = GIVEN, np.array(GIVEN[:, :2] ** 2)
    port = np.concatenate([given[place] for place in parts], 1)
    evidence = DifferingLayer("cat", np.concatenate(given, 1), port, given, operation=True, floor=1e-4)
    assert words in explain_forward(evidence, lambda trials: [None for _ in trials]).sentence


def test_amounts_before_and_behind_are_exchanged_in_the_same_shape() -> None:
    found = explained("pad", padded, padded([2, 1, 0, 3]), {"pad": [1, 2, 3, 0]}, ("pad",))
    assert "those before and behind, they are exchanged" in found.sentence


def test_sizes_that_a_padding_comes_to_are_told_with_the_multiples_that_make_them() -> None:
    """The given map is as large as a pad to multiples of 16 leaves room for."""
    high, wide = (-size % 16 for size in GIVEN.shape[-2:])
    more_high, more_wide = (-size % 32 for size in GIVEN.shape[-2:])
    now, other = [0, wide, 0, high], [0, more_wide, 0, more_high]
    found = explained("pad", padded, padded(other), {"pad": now}, ("pad",))
    sizes = "x".join(str(size) for size in GIVEN.shape[-2:])
    assert f"; {sizes} becomes 32x32, not 16x16, as a padding to a multiple of 32 makes it" in found.sentence
    assert "(the reference's: of 16)" in found.sentence


def test_other_values_of_such_a_shape_have_no_such_cause() -> None:
    found = explained("pad", padded, padded([2, 2, 1, 1]) + 1, {"pad": [1, 1, 2, 2]}, ("pad",))
    assert not found.found
    assert found.sentence.endswith("another shape, 2x3x10x16 in place of 2x3x12x14.")


@pytest.mark.parametrize("shape", [(), (1,)])
def test_one_number_of_all_axes_in_the_place_of_one_a_sample_is_told(shape: tuple[int, ...]) -> None:
    port = peak((0, 1, 2, 3), keepdim=False).reshape(shape)
    attributes: dict[str, Any] = {"1": (2, 3), "2": True}
    sentence = explained("logsumexp", peak, port, attributes, ("dim", "keepdim")).sentence
    assert "dim=[0, 1, 2, 3], not [2, 3]: one number of all axes together" in sentence
    other = explained("logsumexp", peak, port + 1, attributes, ("dim", "keepdim"))
    assert "all axes" not in other.sentence

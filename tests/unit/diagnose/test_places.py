"""The rule by which elements lie elsewhere is read off the values; numpy makes the layouts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, ReferenceTensor
from harness.diagnose.places import trials

Array = NDArray[Any]
Layout = Callable[[Array], Array]
DRAWN = np.random.default_rng(5)
TOKENS = DRAWN.standard_normal((2, 6, 16)).astype(np.float32)
MAP = DRAWN.standard_normal((2, 8, 4, 4)).astype(np.float32)


def pushed(x: Array) -> Array:
    moved = np.zeros_like(x)
    moved[:, 1:] = x[:, :-1]
    return moved


LAYOUTS: dict[str, tuple[Array, Layout]] = {
    "reshaped to 2x4x6x4": (TOKENS, lambda x: x.reshape(2, 4, 6, 4)),
    "reshaped to 2x6x4x4, its axes in the order 0, 2, 1, 3": (
        TOKENS,
        lambda x: x.reshape(2, 6, 4, 4).transpose(0, 2, 1, 3),
    ),
    "its axes in the order 0, 3, 1, 2": (TOKENS, lambda x: x.reshape(2, 6, 4, 4).transpose(0, 3, 1, 2)),
    "number 3 of 6 along axis 1": (TOKENS, lambda x: x[:, 3]),
    "axis 1 in the opposite order": (TOKENS, lambda x: x[:, ::-1]),
    "the part from 1 (slice 1:5) along axis 1, every 2th from 0 (slice 0::2, interleaved) along axis 2": (
        TOKENS,
        lambda x: x[:, 1:5, ::2],
    ),
    "the two halves of axis 2 exchanged": (TOKENS, lambda x: np.roll(x, 8, 2)),
    "axis 1 shifted by -1": (TOKENS, lambda x: np.roll(x, -1, 1)),
    "moved by 1, with zeros in front, along axis 1": (TOKENS, pushed),
    "(index 0, one sample where that is the batch), repeated 2 times": (
        TOKENS,
        lambda x: np.broadcast_to(x[:1], x.shape),
    ),
    "reshaped to 2x2x4x4x4, its axes in the order 0, 2, 1, 3, 4": (
        MAP,
        lambda x: x.reshape(2, 2, 4, 4, 4).transpose(0, 2, 1, 3, 4).reshape(2, 8, 4, 4),
    ),
    "reshaped to 2x2x2x2x4x4, its axes in the order 0, 3, 4, 1, 5, 2": (
        MAP,
        lambda x: x.reshape(2, 2, 2, 2, 4, 4).transpose(0, 3, 4, 1, 5, 2).reshape(2, 2, 8, 8),
    ),
}


def evidence(source: Array, port: Array) -> DifferingLayer:
    return DifferingLayer(
        type="x",
        reference=DRAWN.standard_normal(port.shape).astype(np.float32),
        port=np.ascontiguousarray(port),
        floor=1e-5 * float(np.linalg.norm(port)),
        recorded=(ReferenceTensor("layer:source#0:out", source.shape, lambda: source),),
    )


@pytest.mark.parametrize("words", LAYOUTS)
@pytest.mark.parametrize("rectified", [False, True])
def test_a_layout_is_read_off_the_values(words: str, rectified: bool) -> None:
    source, layout = LAYOUTS[words]
    source = np.maximum(source, 0) if rectified else source  # half of its values are alike
    noise = 1 + 1e-7 * DRAWN.standard_normal(layout(source).shape)
    found = evidence(source, (layout(source) * noise).astype(np.float32))
    said = [trial.words for trial in trials(found) if found.reproduces(np.asarray(trial.predicted))]
    if rectified and not said:
        pytest.skip("equal values leave it open")
    assert len(said) == 1
    assert words in said[0]
    assert "layer:source#0:out" in said[0]


def test_what_is_cut_of_equal_rows_is_told_by_the_others() -> None:
    source = TOKENS.copy()
    source[1, 3:] = source[0, 3:]  # as padding makes them
    found = evidence(source, source.reshape(2, 6, 4, 4).transpose(0, 3, 1, 2))
    (trial,) = trials(found)
    assert trial.words.endswith("its axes in the order 0, 3, 1, 2")


def test_elements_without_a_rule_have_none() -> None:
    mixed = DRAWN.permutation(TOKENS.reshape(-1)).reshape(TOKENS.shape)
    assert not list(trials(evidence(TOKENS, mixed)))


def test_other_values_are_of_no_source() -> None:
    assert not list(trials(evidence(TOKENS, DRAWN.standard_normal(TOKENS.shape).astype(np.float32))))


def test_a_few_values_are_no_evidence() -> None:
    assert not list(trials(evidence(TOKENS, TOKENS[0, 0, :4])))


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (2, "in a slice that begins 1 earlier along axis 1 than it should, an index is off by one"),
        (5, "in a slice that begins 2 later along axis 1 than it should"),
    ],
)
def test_a_slice_that_is_read_as_in_the_reference_begins_elsewhere(begin: int, words: str) -> None:
    source = DRAWN.standard_normal((2, 12, 3, 4)).astype(np.float32)

    def read(first: int) -> Array:
        return np.ascontiguousarray(source[:, first : first + 4].transpose(0, 2, 3, 1).reshape(2, -1, 4))

    found = dataclasses.replace(evidence(source, read(begin)), reference=read(3))
    (trial,) = trials(found)
    assert trial.words == f"the reference's layer:source#0:out, {words}"


def test_a_slice_in_another_layout_is_told_by_its_own_rule() -> None:
    source = DRAWN.standard_normal((2, 12, 3, 4)).astype(np.float32)
    turned = np.ascontiguousarray(source[:, 2:6].transpose(0, 3, 2, 1).reshape(2, -1, 4))
    right = np.ascontiguousarray(source[:, 3:7].transpose(0, 2, 3, 1).reshape(2, -1, 4))
    (trial,) = trials(dataclasses.replace(evidence(source, turned), reference=right))
    assert "begins" not in trial.words


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ((2, 8, 4, 4), ": 4x4 becomes 8x8, as a padding to a multiple of 8 makes it"),
        ((2, 8, 5, 5), ": 4x4 becomes 8x8, not 5x5"),
    ],
)
def test_zeros_around_a_tensor_are_told_with_the_sizes_that_they_come_to(
    right: tuple[int, ...], words: str
) -> None:
    port = np.pad(MAP, ((0, 0), (0, 0), (0, 4), (0, 4)))
    given = dataclasses.replace(
        evidence(MAP, port), reference=DRAWN.standard_normal(right).astype(np.float32)
    )
    (trial,) = trials(given)
    assert trial.words.startswith(
        "the reference's layer:source#0:out, padded with 4 zeros behind along axis 2"
    )
    assert trial.words.endswith(words)


def test_values_that_lie_near_to_each_other_are_told_apart_where_they_are_exact() -> None:
    """Of many values most have a neighbour as near as rounding may move one; here none is moved."""
    whole = 200 * DRAWN.standard_normal((1, 4, 48, 48)).astype(np.float32)
    evidence = DifferingLayer(
        "Module",
        reference=whole[:, :, :36, :36],
        port=whole[:, :, 12:, 12:],
        floor=0.26,
        recorded=[ReferenceTensor("add.0", whole.shape, lambda: whole)],
    )
    assert [trial.words for trial in trials(evidence)] == [
        "the reference's add.0: the part from 12 (slice 12:48) along axis 2, "
        "the part from 12 (slice 12:48) along axis 3"
    ]

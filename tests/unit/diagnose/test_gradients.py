"""Gradients and running statistics: which part of them is missing, twice, or another one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Share, Trial, explain_gradient

Array = NDArray[Any]
GIVEN = np.random.default_rng(3).standard_normal((2, 4, 8, 8)).astype(np.float32)
BRANCH = np.random.default_rng(11).standard_normal(GIVEN.shape)


def test_gradient_that_never_comes_is_a_detached_branch() -> None:
    found = explain_gradient(DifferingLayer("grad", GIVEN, np.zeros_like(GIVEN), floor=1e-4))
    assert "detached" in found.sentence


def share(name: str, kind: str, part: Array, given: Array, taken: Array | None = None, **more: Any) -> Share:
    evidence = DifferingLayer(kind, part, part, training=True, **more)
    return Share(name, evidence, part, given, taken, lambda trials: [None for _ in trials])


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (GIVEN - BRANCH, "without the part of skip: that branch is detached"),
        (GIVEN + BRANCH, "with the part of skip twice"),
        (GIVEN + 0.5 * BRANCH, "the part of skip is the reference's times 1.5"),
        (GIVEN - BRANCH + BRANCH[..., ::-1], "the part of skip is the reference's flipped left to right"),
        (GIVEN + 1.0, "plus 1"),
    ],
)
def test_a_branch_gives_back_something_else(port: Array, words: str) -> None:
    shares = [
        share("main", "Conv2d", GIVEN.astype(np.float64) - BRANCH, GIVEN),
        share("skip", "cat", BRANCH, GIVEN),
    ]
    evidence = DifferingLayer("grad", GIVEN, port.astype(np.float32), floor=1e-3)
    assert words in explain_gradient(evidence, shares).sentence


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (-1, "without the parts of cell.kept and cell/mul.0: these branches are detached"),
        (1, "with the parts of cell.kept and cell/mul.0 twice"),
    ],
)
def test_what_goes_to_several_layers_is_detached_before_it_does(sign: int, words: str) -> None:
    other = np.random.default_rng(12).standard_normal(GIVEN.shape)
    shares = [
        share("cell.kept", "Linear", BRANCH, GIVEN),
        share("stack.0", "stack", GIVEN - BRANCH - other, GIVEN),
        share("cell/mul.0", "mul", other, GIVEN),
    ]
    port = (GIVEN + sign * (BRANCH + other)).astype(np.float32)
    found = explain_gradient(DifferingLayer("grad", GIVEN, port, floor=1e-3), shares)
    assert words in found.sentence


def test_a_consumer_that_takes_another_tensor_is_not_detached() -> None:
    """A record of the port says what it takes: the result of another call, say, with the same values."""
    other = np.random.default_rng(12).standard_normal(GIVEN.shape)
    again = "layer:stage#1:out"
    shares = [
        dataclasses.replace(share("one", "Linear", BRANCH, GIVEN), instead=again),
        dataclasses.replace(share("two", "Linear", other, GIVEN), instead=again),
        share("three", "Linear", GIVEN - BRANCH - other, GIVEN),
    ]
    for part, words in (
        (
            BRANCH,
            "without the part of one: in the port it takes layer:stage#1:out, which has the same values",
        ),
        (BRANCH + other, "without the parts of one and two: in the port they take layer:stage#1:out"),
    ):
        port = (GIVEN - part).astype(np.float32)
        sentence = explain_gradient(DifferingLayer("grad", GIVEN, port, floor=1e-3), shares).sentence
        assert words in sentence
        assert "detached" not in sentence


def test_a_consumer_that_takes_a_tensor_of_no_call_takes_a_copy() -> None:
    """A detached tensor is a new one, which no call has returned."""
    shares = [
        dataclasses.replace(share("cell", "Linear", BRANCH, GIVEN), instead="layer:cell#1:in.1"),
        share("rest", "Linear", GIVEN - BRANCH, GIVEN),
    ]
    port = (GIVEN - BRANCH).astype(np.float32)
    sentence = explain_gradient(DifferingLayer("grad", GIVEN, port, floor=1e-3), shares).sentence
    assert "it takes layer:cell#1:in.1, which has the same values: a copy that is detached" in sentence


def test_of_many_branches_some_add_up_to_few_numbers_by_chance() -> None:
    """With ten branches there are a thousand sums."""
    parts = [np.array([0.1 * number]) for number in range(1, 9)]
    right = np.sum(parts, axis=0).astype(np.float32)
    shares = [share(f"branch.{number}", "mul", part, right) for number, part in enumerate(parts)]
    evidence = DifferingLayer("grad", right, right - np.float32(1.1), floor=1e-4)
    assert "branches are detached" not in explain_gradient(evidence, shares).sentence


def test_what_is_taken_by_an_index_may_be_detached() -> None:
    """Of a tensor, one layer is a known consumer; another one takes a part of it, which has no name."""
    evidence = DifferingLayer("grad", GIVEN, BRANCH.astype(np.float32), floor=1e-3)
    found = explain_gradient(evidence, [share("head", "Linear", BRANCH, GIVEN)])
    assert "only the part of head: what else takes it, by a view or an index, is detached" in found.sentence
    some = explain_gradient(evidence, [share("head", "Linear", BRANCH, GIVEN)], are_all=False)
    assert "only the part of head: what else takes it is detached" in some.sentence


TIED = np.array([[[[1.0, 3.0], [3.0, 2.0]]], [[[5.0, 0.0], [0.0, 1.0]]]])


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([[0, 1, 1, 0], [1, 0, 0, 0]], "goes to all equal elements"),
        ([[0, 0.5, 0.5, 0], [1, 0, 0, 0]], "is divided among equal elements"),
        ([[0, 0, 1, 0], [1, 0, 0, 0]], "goes to the last of equal elements"),
    ],
)
@pytest.mark.parametrize("kept", [(2, 1, 1, 1), (2, 1)])
def test_ties_of_a_maximum(pieces: list[list[float]], words: str, kept: tuple[int, ...]) -> None:
    given = np.array([2.0, -3.0]).reshape(kept)
    to_first = np.array([[0, 2.0, 0, 0], [-3.0, 0, 0, 0]]).reshape(TIED.shape)
    port = (np.array(pieces) * np.array([[2.0], [-3.0]])).reshape(TIED.shape)
    taker = share("pool", "AdaptiveMaxPool2d", to_first, given, TIED)
    evidence = DifferingLayer("grad", to_first, port, floor=1e-6)
    assert words in explain_gradient(evidence, [taker]).sentence


def test_slope_at_a_kink() -> None:
    taken, given = np.array([[-1.0, 0.0, 2.0]]), np.array([[5.0, 6.0, 7.0]])
    evidence = DifferingLayer("grad", np.array([[0.0, 0, 7]]), np.array([[0.0, 3, 7]]), floor=1e-6)
    found = explain_gradient(evidence, [share("act", "ReLU", evidence.reference, given, taken)])
    assert "the slope of act at 0 is 0.5" in found.sentence


def test_statistics_that_no_gradient_flows_through() -> None:
    asked: list[Trial] = []
    constant = GIVEN * 3.0 + BRANCH  # no factor explains it

    def pull(trials: Sequence[Trial]) -> list[Array | None]:
        asked.extend(trials)
        return [constant for _ in trials]

    state = {"running_mean": np.zeros(4), "running_var": np.ones(4)}
    own = DifferingLayer("BatchNorm2d", GIVEN, GIVEN, state=state, training=True)
    whole = DifferingLayer("grad", GIVEN, constant.astype(np.float32), floor=1e-4)
    taker = Share("norm", own, GIVEN.astype(np.float64), BRANCH, GIVEN, pull)
    assert "no gradient flows through them" in explain_gradient(whole, [taker]).sentence
    np.testing.assert_allclose(asked[0].state["running_var"], GIVEN.var((0, 2, 3)), rtol=1e-5)

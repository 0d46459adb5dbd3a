"""Jittor's and torchlike's dropouts, and one's own, draw what the masks say, held against numpy."""

from __future__ import annotations

from collections.abc import Callable

import jittor as jt
import numpy as np
import pytest
from jittor import attention, nn

from harness.dropout import Draw, DropoutPlan
from harness.sides.jittor_masks import shared_dropout
from harness.sides.masks import Masks, numbers_of, uniform
from ports_jittor.torchlike import functional

P = 0.3
PLAN = DropoutPlan("shared")
X = np.random.default_rng(0).random((3, 4, 5, 6), dtype=np.float32) + 1
Call = Callable[[jt.Var], jt.Var]
ALL, CHANNELS, SAMPLES = [3, 4, 5, 6], [3, 4, 1, 1], [3, 1, 1, 1]


def masks(**off: str) -> Masks:
    """Masks of a case."""
    made = Masks()
    made.plan = DropoutPlan("shared", off=off)
    made.restart()
    return made


def drop_path(x: jt.Var) -> jt.Var:
    """Written by hand."""
    return x * (jt.rand((x.shape[0], 1, 1, 1)) >= P).float32() / (1 - P)


def stochastic_depth(x: jt.Var) -> jt.Var:
    """Another one."""
    return x * jt.bernoulli(jt.ones((3, 1, 1, 1)) * (1 - P)) / (1 - P)


CALLS: dict[str, tuple[Call, list[int]]] = {
    "function": (lambda x: nn.dropout(x, P, is_train=True), ALL),
    "module": (nn.Dropout(P, is_train=True), ALL),
    "channels": (lambda x: nn.dropout2d(x, P, is_train=True), CHANNELS),
    "paths": (lambda x: nn.droppath(x, P, is_train=True), SAMPLES),
    "torchlike": (lambda x: functional.dropout(x, P), ALL),
    "torchlike channels": (lambda x: functional.dropout2d(x, P), CHANNELS),
    "rand": (drop_path, SAMPLES),
    "bernoulli": (stochastic_depth, SAMPLES),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_dropped_is_what_the_masks_say(name: str) -> None:
    call, shape = CALLS[name]
    drawn = masks()
    with shared_dropout(drawn):
        found = call(jt.array(X)).numpy()
    kept = uniform(PLAN, "(model)#0.0", shape) >= P
    np.testing.assert_allclose(found, X.astype(np.float64) * kept / (1 - P), rtol=1e-6)
    assert [(draw.place, draw.size) for draw in drawn.draws] == [("(model)#0.0", int(np.prod(shape)))]


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("rand", "bernoulli")])
def test_nothing_is_dropped_where_that_is_planned(name: str) -> None:
    with shared_dropout(masks(**{"(model)#0.0": "so"})):
        assert np.array_equal(CALLS[name][0](jt.array(X)).numpy(), X)


def test_what_a_model_draws_otherwise_has_the_numbers_of_its_place() -> None:
    drawn = masks()
    with shared_dropout(drawn):
        assert np.array_equal(nn.dropout(jt.array(X), P, is_train=False).numpy(), X)
        assert drawn.draws == []
        found, more = jt.rand(9).numpy(), jt.randn(9).numpy()
    assert np.array_equal(found, uniform(PLAN, "(model)#0.0", [9]))
    assert np.array_equal(more, numbers_of(PLAN, Draw("(model)#0.1", [9], kind="normal")))


def test_what_the_sides_draw_otherwise_is_left_to_chance() -> None:
    drawn = masks(**{"(model)#0.0": "so"})
    with shared_dropout(drawn):
        assert not np.array_equal(jt.rand(9).numpy(), uniform(PLAN, "(model)#0.0", [9]))
        assert np.array_equal(jt.rand(9).numpy(), uniform(PLAN, "(model)#0.1", [9]))
    assert [draw.place for draw in drawn.draws] == ["(model)#0.1"]


def test_attention_draws_for_its_weights() -> None:
    drawn, x = masks(), jt.array(X)
    with shared_dropout(drawn):
        attention.scaled_dot_product_attention(x, x, x, dropout_p=P).sync()
    assert [draw.shape for draw in drawn.draws] == [[3, 4, 5, 5]]

"""Every dropout of torch drops what the masks say, held against numpy; nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.dropout import Draw, DropoutPlan
from harness.sides.masks import Masks, numbers_of, uniform
from harness.sides.torch_masks import attention_weights, shared_dropout

P = 0.3
PLAN = DropoutPlan("shared")
X = torch.rand(3, 4, 5, 6, generator=torch.Generator().manual_seed(0)) + 1
Call = Callable[[Tensor], Tensor]


def masks(**off: str) -> Masks:
    """Masks of a case."""
    made = Masks()
    made.plan = DropoutPlan("shared", off=off)
    made.restart()
    return made


def expected(x: Tensor, shape: list[int], place: str = "(model)#0.0") -> Tensor:
    """What is left of a tensor."""
    kept = uniform(PLAN, place, shape) >= P
    return torch.from_numpy(x.numpy().astype(np.float64) * kept / (1 - P)).float()


def drop_path(x: Tensor) -> Tensor:
    """Written by hand."""
    return x * (torch.rand(x.shape[0], 1, 1, 1) >= P) / (1 - P)


def stochastic_depth(x: Tensor) -> Tensor:
    """Another one."""
    return x * torch.empty(x.shape[0], 1, 1, 1).bernoulli_(1 - P) / (1 - P)


def drop_block(x: Tensor) -> Tensor:
    """A third."""
    return x * torch.bernoulli(torch.full((3, 1, 1, 1), 1 - P)) / (1 - P)


ALL, CHANNELS, SAMPLES = [3, 4, 5, 6], [3, 4, 1, 1], [3, 1, 1, 1]
CALLS: dict[str, tuple[Call, list[int]]] = {
    "module": (nn.Dropout(P), ALL),
    "function": (lambda x: functional.dropout(x, P), ALL),
    "function by name": (lambda x: functional.dropout(input=x, p=P, training=True), ALL),
    "torch.dropout": (lambda x: torch.dropout(x, P, True), ALL),
    "in place": (lambda x: functional.dropout(x.clone(), P, True, True), ALL),
    "torch.dropout_": (lambda x: torch.dropout_(x.clone(), P, train=True), ALL),
    "channels": (nn.Dropout2d(P), CHANNELS),
    "channels as a function": (lambda x: functional.dropout2d(x, P), CHANNELS),
    "feature_dropout": (lambda x: torch.feature_dropout(x, P, True), CHANNELS),
    "volumes without a batch": (lambda x: functional.dropout3d(x, P), SAMPLES),
    "rand": (drop_path, SAMPLES),
    "bernoulli_": (stochastic_depth, SAMPLES),
    "bernoulli": (drop_block, SAMPLES),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_dropped_is_what_the_masks_say(name: str) -> None:
    call, shape = CALLS[name]
    drawn = masks()
    with shared_dropout(drawn, dict):
        found = call(X)
    torch.testing.assert_close(found, expected(X, shape), rtol=1e-6, atol=0)
    assert [(draw.place, draw.size) for draw in drawn.draws] == [("(model)#0.0", int(np.prod(shape)))]


@pytest.mark.parametrize("name", ["module", "function", "channels", "in place"])
def test_nothing_is_dropped_where_that_is_planned(name: str) -> None:
    with shared_dropout(masks(**{"(model)#0.0": "so"}), dict):
        assert torch.equal(CALLS[name][0](X), X)


NORMAL = torch.from_numpy(numbers_of(PLAN, Draw("(model)#0.0", [2, 3], kind="normal")))
UNIFORM = torch.from_numpy(uniform(PLAN, "(model)#0.0", [2, 3]))
DRAWN: dict[str, tuple[Callable[[], Tensor], Tensor]] = {
    "rand": (lambda: torch.rand(2, 3), UNIFORM),
    "rand_like": (lambda: torch.rand_like(UNIFORM), UNIFORM),
    "uniform_": (lambda: torch.empty(2, 3).uniform_(-1, to=3), 4 * UNIFORM - 1),
    "randn": (lambda: torch.randn(2, 3), NORMAL),
    "randn_like": (lambda: torch.randn_like(UNIFORM), NORMAL),
    "normal": (lambda: torch.normal(UNIFORM, 2.0), UNIFORM + 2 * NORMAL),
    "normal by name": (lambda: torch.normal(std=2.0, mean=1.0, size=(2, 3)), 1 + 2 * NORMAL),
    "normal_": (lambda: torch.empty(2, 3).normal_(1.0, std=0.5), 1 + NORMAL / 2),
    "bernoulli": (lambda: torch.bernoulli(torch.full((2, 3), 0.3)), (UNIFORM >= 0.7).float()),
    "randint": (lambda: torch.randint(2, 9, (2, 3)), (2 + 7 * UNIFORM).floor().long()),
    "randint to": (lambda: torch.randint(high=9, size=(2, 3)), (9 * UNIFORM).floor().long()),
    "double": (lambda: torch.rand(2, 3, dtype=torch.float64), UNIFORM.double()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_a_model_draws_otherwise_has_the_numbers_of_its_place(name: str) -> None:
    drawn = masks()
    with shared_dropout(drawn, dict):
        found = DRAWN[name][0]()
    torch.testing.assert_close(found, DRAWN[name][1], rtol=1e-6, atol=1e-6)
    assert [draw.place for draw in drawn.draws] == ["(model)#0.0"]


def test_other_draws_are_left_alone() -> None:
    drawn = masks(**{"(model)#0.0": "the other side draws otherwise"})
    with shared_dropout(drawn, dict):
        assert not torch.equal(torch.rand(2, 3), UNIFORM)
        assert torch.equal(torch.rand(9, generator=torch.Generator().manual_seed(0)), _seeded(9))
        assert torch.equal(functional.dropout(X, P, training=False), X)
        assert torch.equal(nn.Dropout(P).eval()(X), X)
    assert drawn.draws == []


def _seeded(size: int) -> Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(0))


def test_a_rate_that_is_none_is_refused() -> None:
    with shared_dropout(masks(), dict), pytest.raises(ValueError, match=r"between 0 and 1, but got 1\.5"):
        functional.dropout(X, 1.5)


def test_everything_is_dropped_at_a_rate_of_one() -> None:
    with shared_dropout(masks(), dict):
        assert torch.equal(functional.dropout(X, 1.0), torch.zeros_like(X))


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.5])
def test_weights_of_attention_are_torchs(is_causal: bool, scale: float | None) -> None:
    for mask in (None, torch.rand(5, 5), torch.rand(5, 5) > 0.3):
        if is_causal and mask is not None:
            continue
        ours = attention_weights(X, X, mask, is_causal, scale) @ X
        whole = functional.scaled_dot_product_attention(X, X, X, mask, 0.0, is_causal, scale=scale)
        torch.testing.assert_close(ours, whole, equal_nan=True)


@pytest.mark.parametrize("need_weights", [False, True])
def test_attention_drops_its_weights(need_weights: bool) -> None:
    layer = nn.MultiheadAttention(6, 2, dropout=P, batch_first=True)
    x = X[0]
    with shared_dropout(masks(), lambda: {id(layer): "attention"}):
        found = layer(x, x, x, need_weights=need_weights)[0]
    q, k, v = (
        part.reshape(4, 5, 2, 3).transpose(1, 2)
        for part in functional.linear(x, layer.in_proj_weight, layer.in_proj_bias).chunk(3, -1)
    )
    weights = expected(attention_weights(q, k, None, False, None).detach(), [4, 2, 5, 5], "attention#0.0")
    whole = layer.out_proj((weights @ v).transpose(1, 2).reshape(4, 5, 6))
    torch.testing.assert_close(found, whole)


def test_a_recurrent_layer_drops_nothing_and_is_named() -> None:
    layer, drawn = nn.LSTM(6, 6, 2, dropout=0.5, batch_first=True), masks()
    with shared_dropout(drawn, lambda: {id(layer): "rnn"}):
        assert torch.equal(layer(X[0])[0], layer(X[0])[0])
        layer.eval()(X[0])
    assert [(draw.path, draw.off) for draw in drawn.draws] == [
        ("rnn", "lstm draws inside its kernel, which takes no mask")
    ] * 2


def test_a_gradient_passes_through_the_mask() -> None:
    x = X.clone().requires_grad_(True)
    with shared_dropout(masks(), dict):
        functional.dropout(x, P).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, expected(torch.ones_like(X), ALL))

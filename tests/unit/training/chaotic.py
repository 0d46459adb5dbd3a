"""A small network trained in plain numpy, whose course rounding changes: twins, ports, and planted mistakes.

Biases before a norm have a gradient that is rounding alone, which Adam turns into steps of the whole rate. A
port takes every sum in another order. Its mistakes are known, so that a judgement of it can be held to them.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.training.twins import Curves, JudgedGap, agreed, judge_losses, judge_weights

Array = NDArray[Any]
STEPS, BATCH, SAMPLES = 60, 16, 64
WIDTHS = (16, 32, 32, 4)
F = np.float32


@dataclass(frozen=True)
class Rule:
    """What an optimiser does; a planted mistake changes one of these."""

    adam: bool = True
    rate: float = 5e-3
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 1e-3
    milestone: int = STEPS // 2
    keeps_slots: bool = True


MISTAKES = {
    "no decay": {"decay": 0.0},
    "a rate 1 % off": {"rate": 1.01},
    "another momentum": {"betas": (0.91, 0.999)},
    "a milestone late by one": {"milestone": STEPS // 2 + 1},
    "slots lost at the milestone": {"keeps_slots": False},
}


@dataclass(frozen=True)
class Run:
    """The loss before each step, and all weights after it."""

    losses: Array
    weights: Array


@dataclass(frozen=True)
class Problem:
    """Data, order and first weights, all drawn from a seed."""

    x: Array
    y: Array
    order: list[Array]
    first: list[Array]


def problem(seed: int) -> Problem:
    """What a seed draws."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((SAMPLES, WIDTHS[0])).astype(F)
    noise = 0.3 * rng.standard_normal((SAMPLES, WIDTHS[-1]))
    y = np.tanh(x @ rng.standard_normal((WIDTHS[0], WIDTHS[-1])) + noise).astype(F)
    first: list[Array] = []
    for wide, narrow in itertools.pairwise(WIDTHS):
        first.append((rng.standard_normal((wide, narrow)) * np.sqrt(2 / wide)).astype(F))
        first.append(np.zeros(narrow, F))
    return Problem(x, y, [rng.permutation(SAMPLES)[:BATCH] for _ in range(STEPS)], first)


def product(one: Array, other: Array, seed: int | None) -> Array:
    """A product of matrices; with a seed, each sum in an order of its own."""
    if seed is None:
        return one @ other
    order = _order(one.shape[1], seed)
    return one[:, order] @ other[order]


@functools.cache
def _order(count: int, seed: int) -> Array:
    return np.random.default_rng((seed, count)).permutation(count)


def train(problem: Problem, rule: Rule, *, moved: int | None = None, port: int | None = None) -> Run:
    """Train: `moved` seeds a move of the weights by their last bit, `port` another order of all sums."""
    rng = np.random.default_rng((99, moved or 0))
    weights = [
        w if moved is None else (w * (1 + rng.uniform(-1, 1, w.shape) * 2.0**-23)).astype(F)
        for w in problem.first
    ]
    slots = [[np.zeros_like(w), np.zeros_like(w)] for w in weights]
    losses, kept = [], []
    for step, rows in enumerate(problem.order):
        if step == rule.milestone and not rule.keeps_slots:
            slots = [[np.zeros_like(w), np.zeros_like(w)] for w in weights]
        loss, gradients = _pass(weights, problem.x[rows], problem.y[rows], port)
        rate = F(rule.rate * (1.0 if step < rule.milestone else 0.1))
        for place, gradient in enumerate(gradients):
            gradient = gradient + F(rule.decay) * weights[place]
            weights[place] = weights[place] - rate * _update(rule, slots[place], gradient, step)
        losses.append(loss)
        kept.append(np.concatenate([w.ravel() for w in weights]).astype(np.float64))
    return Run(np.array(losses), np.array(kept))


def _update(rule: Rule, slots: list[Array], gradient: Array, step: int) -> Array:
    one, two = (F(beta) for beta in rule.betas)
    if not rule.adam:
        slots[0] = one * slots[0] + gradient
        return slots[0]
    slots[0] = one * slots[0] + (1 - one) * gradient
    slots[1] = two * slots[1] + (1 - two) * gradient * gradient
    mean, square = slots[0] / (1 - one ** (step + 1)), slots[1] / (1 - two ** (step + 1))
    return mean / (np.sqrt(square) + F(1e-8))


def _pass(weights: list[Array], x: Array, y: Array, port: int | None) -> tuple[float, list[Array]]:
    """The loss and all gradients: linear, norm over the batch, ReLU, twice; then linear."""
    inputs, norms, values = [], [], x
    for place in (0, 2):
        inputs.append(values)
        linear = product(values, weights[place], port) + weights[place + 1]
        centred = linear - linear.mean(0)
        inverse = 1 / np.sqrt((centred * centred).mean(0) + F(1e-5))
        norms.append((centred * inverse, inverse))
        values = np.maximum(norms[-1][0], 0)
    error = product(values, weights[4], port) + weights[5] - y
    back = (2 * error / error.size).astype(F)
    gradients: list[Array] = [product(values.T, back, port), back.sum(0)]
    for place in (2, 0):
        normal, inverse = norms[place // 2]
        back = product(back, weights[place + 2].T, port) * (normal > 0)
        back = inverse * (back - back.mean(0) - normal * (back * normal).mean(0))
        gradients = [product(inputs[place // 2].T, back, port), back.sum(0), *gradients]
    return float((error * error).mean()), gradients


def judged(seed: int, rule: Rule, mistake: str = "", twins: int = 4) -> list[JudgedGap]:
    """The judgement of a port, correct or with a mistake, in the loss and in the weights."""
    given = problem(seed)
    reference = train(given, rule)
    strays = [train(given, rule, moved=1 + twin) for twin in range(twins)]
    wrong = dict(MISTAKES.get(mistake, {}))
    if "rate" in wrong:
        wrong["rate"] = rule.rate * float(wrong["rate"])  # type: ignore[arg-type]
    made = Rule(**{**rule.__dict__, **wrong})
    start = np.concatenate([w.ravel() for w in given.first])
    moved_by = np.linalg.norm(reference.weights - start, axis=1)

    def of(port: Run) -> list[JudgedGap]:
        far = [np.linalg.norm(run.weights - reference.weights, axis=1) for run in (port, *strays)]
        losses = Curves(reference.losses, port.losses, np.array([run.losses for run in strays]))
        return [judge_losses(losses), judge_weights(far[0], np.array(far[1:]), moved_by)]

    first = of(train(given, made, port=seed))
    if all(one.status != "suspect" for one in first):
        return first
    again = of(train(given, made, moved=50, port=seed))
    return [agreed(*both) for both in zip(first, again, strict=True)]

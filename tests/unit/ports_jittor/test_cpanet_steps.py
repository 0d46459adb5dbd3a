"""CPANet trained in lockstep: the same batches, rates and groups on both sides, five steps of SGD."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from harness.pairs.base import InputRequest
from harness.pairs.cpanet import recipe
from harness.pairs.cpanet.data import draw_inputs
from harness.pairs.cpanet.pair import PAIR
from ports_jittor import cpanet as port
from ports_jittor.torchlike import nn as jittor_nn
from ports_jittor.torchlike import optim, state
from refs_torch import cpanet as reference

VARIANT, STEPS, SIDE = "vgg16", 5, (64, 64)
SCHEDULE = recipe.Poly(PAIR.recipe.lr, STEPS + 1)
# How much farther from float64 than float32 in PyTorch the port may go, and what always is allowed. Training
# forks where a maximum or a ReLU falls the other way, so the float32 runs also start from disturbed weights.
FACTOR, LOSS_FLOOR, STATE_FLOOR = 5.0, 1e-5, 1e-5
DISTURBED, DISTURBANCE = 4, 1e-7

Arrays = dict[str, NDArray[Any]]


@dataclass
class Training:
    """The losses of all steps, and the state after the last."""

    losses: list[float]
    state: Arrays


def batch(step: int) -> Arrays:
    """The inputs of a step."""
    return draw_inputs(InputRequest(PAIR.variant(VARIANT), "train", step, 2, SIDE, tag="lockstep"))


@cache
def weights() -> Arrays:
    """Seeded weights."""
    model = reference.build(VARIANT, VARIANT)
    return {key: PAIR.weight_rule(0, key, tuple(value.shape)) for key, value in model.state_dict().items()}


def disturbed(seed: int) -> Arrays:
    """The weights with their last bits thrown; as they are for seed 0."""
    rng = np.random.default_rng(seed)
    return {
        key: value * (1 + DISTURBANCE * rng.standard_normal(value.shape)).astype(value.dtype)
        if seed and value.dtype.kind == "f"
        else value
        for key, value in weights().items()
    }


@cache
def torch_training(dtype: torch.dtype, seed: int = 0) -> Training:
    """The reference's five steps."""
    model = reference.build(VARIANT, VARIANT)
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in disturbed(seed).items()})
    model.to(dtype).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout2d):
            module.eval()
    named = dict(model.named_parameters())
    groups = [{"params": [named[name] for name in names]} for names in recipe.grouped(named)]
    optimizer = torch.optim.SGD(groups, lr=SCHEDULE.base, **PAIR.recipe.options)
    losses = []
    for step in range(STEPS):
        for group, rate in zip(optimizer.param_groups, SCHEDULE.rates(step + 1), strict=True):
            group["lr"] = rate
        given = {name: torch.from_numpy(value) for name, value in batch(step).items()}
        found = model(**{n: v.to(dtype) if v.is_floating_point() else v for n, v in given.items()})
        optimizer.zero_grad()
        found["total"].backward()
        optimizer.step()
        losses.append(found["total"].item())
    return Training(losses, {key: value.numpy() for key, value in model.state_dict().items()})


@cache
def jittor_training() -> Training:
    """The port's five steps."""
    model = port.build(VARIANT, VARIANT)
    state.load_state_dict(model, weights())
    model.train()
    for module in model.modules():
        if isinstance(module, jittor_nn.Dropout):
            module.eval()
    named = dict(state.named_parameters(model))
    groups = [{"params": [named[name] for name in names]} for names in recipe.grouped(named)]
    optimizer = optim.SGD(groups, lr=SCHEDULE.base, **PAIR.recipe.options)
    losses = []
    for step in range(STEPS):
        for group, rate in zip(optimizer.param_groups, SCHEDULE.rates(step + 1), strict=True):
            group["lr"] = rate
        given = {
            name: jt.array64(value) if value.dtype.kind == "i" else jt.array(value)
            for name, value in batch(step).items()
        }
        found = model(**given)
        optimizer.step(found["total"])
        losses.append(float(found["total"].item()))
    return Training(losses, dict(state.torch_state_dict(model)))


def in_float32() -> list[Training]:
    """The reference's steps in float32, from the weights and from disturbed ones."""
    return [torch_training(torch.float32, seed) for seed in range(DISTURBED)]


def apart(found: Training, part: str) -> float:
    """How far the changes of a child's state are from those in double precision."""
    exact = torch_training(torch.float64)
    keys = [key for key, value in weights().items() if key.startswith(f"{part}.") and value.dtype.kind == "f"]
    moved, wanted = (
        np.concatenate([(one.state[key].astype(np.float64) - weights()[key]).ravel() for key in keys])
        for one in (found, exact)
    )
    return float(np.linalg.norm(moved - wanted) / np.linalg.norm(wanted))


@pytest.mark.slow
def test_losses_stay_together() -> None:
    exact = np.array(torch_training(torch.float64).losses)
    noise = np.max([np.abs(found.losses - exact) for found in in_float32()], axis=0)
    error = np.abs(jittor_training().losses - exact)
    assert exact[-1] != pytest.approx(exact[0], rel=0.01)
    assert (error <= FACTOR * np.maximum.accumulate(noise) + LOSS_FLOOR).all(), (error, noise)


@pytest.mark.slow
@pytest.mark.parametrize("part", [child for child, _ in recipe.GROUPS])
def test_weights_and_statistics_move_together(part: str) -> None:
    noise = max(apart(found, part) for found in in_float32())
    assert apart(jittor_training(), part) <= FACTOR * noise + STATE_FLOOR


@pytest.mark.slow
def test_the_frozen_backbone_stays_and_its_norms_move() -> None:
    found, start = jittor_training().state, weights()
    for key, value in start.items():
        if key.startswith("layer") and not key.endswith(("running_mean", "running_var", "tracked")):
            np.testing.assert_array_equal(found[key], value)
    assert found["layer0.1.num_batches_tracked"] == 100 + 2 * STEPS
    assert apart(jittor_training(), "layer3") < 1e-4

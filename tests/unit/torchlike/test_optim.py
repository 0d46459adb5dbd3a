from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from ports_jittor.torchlike import nn, optim
from tests.unit.torchlike.compare import distance, drawn

STEPS = 6
RECIPES: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {"lr": 1e-2, "eps": 1e-3}),
    ("Adam", {"lr": 1e-2, "betas": (0.5, 0.9), "weight_decay": 0.1}),
    ("AdamW", {"lr": 1e-2}),
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
]


def loss_of(weight: Any, step: int, scale: float, make: Any) -> Any:
    """A quadratic loss of a drawn batch."""
    return ((make(drawn(f"x{step}", 4, 5)) @ weight) ** 2).mean() * scale


def in_torch(array: np.ndarray) -> torch.Tensor:
    """In float64."""
    return torch.tensor(array).double()


@pytest.mark.parametrize(("name", "options"), RECIPES, ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e-8])
def test_steps_are_torchs_and_unused_parameters_stay(
    name: str, options: dict[str, Any], scale: float
) -> None:
    start, unused = drawn("w", 5, 3), np.ones(4, np.float32)
    truth = [in_torch(one).requires_grad_() for one in (start, unused)]
    port = [jt.array(one) for one in (start, unused)]
    reference, optimizer = getattr(torch.optim, name)(truth, **options), getattr(optim, name)(port, **options)
    for step in range(STEPS):
        reference.zero_grad()
        loss_of(truth[0], step, scale, in_torch).backward()
        reference.step()
        optimizer.step(loss_of(port[0], step, scale, jt.array))
    moved = truth[0].detach().numpy() - start
    error = np.linalg.norm(port[0].numpy() - start - moved)
    assert error <= 1e-5 * np.linalg.norm(moved) + 1e-6 * np.linalg.norm(start)
    assert (port[1].numpy() == 1).all()
    assert not port[0].is_stop_grad()
    expected, found = reference.state_dict(), optimizer.state_dict()
    assert found["state"].keys() == expected["state"].keys()
    for key, value in expected["state"].get(0, {}).items():
        if value is not None:
            assert distance(np.asarray(found["state"][0][key]), np.asarray(value)) < 1e-5


WAYS: dict[str, Any] = {
    "used": lambda value, room: (value**2).sum(),
    "times zero": lambda value, room: (value * 0.0).sum(),
    "behind a closed gate": lambda value, room: room.nn.functional.relu(-(value**2)).sum(),
    "compared only": lambda value, room: room.sum(value > 0) * 1.0,
    "detached": lambda value, room: (value.detach() ** 2).sum(),
    "of no use": lambda value, room: 0.0,
}


class JittorRoom:
    """Jittor under torch's names."""

    nn = nn
    sum = staticmethod(lambda value: value.float().sum())


@pytest.mark.parametrize(("name", "options"), RECIPES, ids=str)
@pytest.mark.parametrize("second", ["used", "of no use"])
def test_who_has_a_gradient_is_decided_as_in_torch(name: str, options: dict[str, Any], second: str) -> None:
    """A gradient of zero decays and counts a step, a missing one does neither, whatever was before."""
    options = {**options, "weight_decay": 0.1}
    start = [drawn(way, 3, 2) for way in WAYS]
    truth, port = [in_torch(one).requires_grad_() for one in start], [jt.array(one) for one in start]
    reference, optimizer = getattr(torch.optim, name)(truth, **options), getattr(optim, name)(port, **options)
    for ways in (list(WAYS), ["used"] + [second] * (len(WAYS) - 1), list(WAYS)):
        reference.zero_grad()
        sum(WAYS[way](value, torch) for way, value in zip(ways, truth, strict=True)).backward()
        reference.step()
        optimizer.step(sum(WAYS[way](value, JittorRoom) for way, value in zip(ways, port, strict=True)))
    for way, found, wanted in zip(WAYS, port, truth, strict=True):
        assert distance(found.numpy(), wanted.detach().numpy()) < 1e-5, way
    expected, kept = reference.state_dict()["state"], optimizer.state_dict()["state"]
    told = {place for place, slots in expected.items() if any(value is not None for value in slots.values())}
    assert {place for place, slots in kept.items() if slots} == told


@pytest.mark.parametrize("forget", [True, False])
def test_gradients_are_forgotten_or_set_to_zero(forget: bool) -> None:
    values = [drawn(name, 3, 2) for name in "abc"]
    truth, port = [in_torch(v).requires_grad_() for v in values], [jt.array(v) for v in values]
    reference, optimizer = torch.optim.Adam(truth, 0.1), optim.Adam(port, 0.1)
    for used in ((0, 1), (0,), (0, 1)):
        for room, one in ((truth, reference), (port, optimizer)):
            one.zero_grad(set_to_none=forget)
            loss = sum((room[place] ** 3).sum() for place in used)
            loss.backward() if room is truth else optimizer.backward(loss)
            one.step()
    for found, wanted in zip(port, truth, strict=True):
        assert distance(found.numpy(), wanted.detach().numpy()) < 1e-5
    kept = optimizer.state_dict()["state"]
    assert {place: slots["step"] for place, slots in kept.items()} == {0: 3, 1: 2 if forget else 3}


def test_gradients_add_up_over_backwards_and_count_as_one_step() -> None:
    truth, port = in_torch(drawn("w", 5, 3)).requires_grad_(), jt.array(drawn("w", 5, 3))
    reference, optimizer = torch.optim.Adam([truth], 0.01), optim.Adam([port], 0.01)
    for step in range(STEPS):
        loss_of(truth, step, 1, in_torch).backward()
        optimizer.backward(loss_of(port, step, 1, jt.array))
        if step % 2:
            reference.step()
            optimizer.step()
            reference.zero_grad()
            optimizer.zero_grad()
    assert distance(port.numpy(), truth.detach().numpy()) < 1e-6
    assert optimizer.state_dict()["state"][0]["step"] == STEPS / 2


def test_an_absent_gradient_leaves_its_parameter_alone_and_counts_no_step() -> None:
    values = [drawn(name, 3, 2) for name in "ab"]
    truth, port = [in_torch(v).requires_grad_() for v in values], [jt.array(v) for v in values]
    reference, optimizer = torch.optim.Adam(truth, 0.1), optim.Adam(port, 0.1)
    for used in ((0, 1), (0,), (0,), (0, 1)):
        reference.zero_grad(set_to_none=True)
        sum((truth[place] ** 3).sum() for place in used).backward()
        reference.step()
        found = [
            jt.grad((port[place] ** 3).sum(), port[place]) if place in used else None for place in (0, 1)
        ]
        optimizer.take_gradients(found)
        assert optimizer.clip_grad_norm(1e9) > 0
        optimizer.step()
    for found, wanted in zip(port, truth, strict=True):
        assert distance(found.numpy(), wanted.detach().numpy()) < 1e-5
    assert [optimizer.state_dict()["state"][place]["step"] for place in (0, 1)] == [4, 2]


def test_groups_have_their_own_options_and_more_can_be_added() -> None:
    values = [drawn(name, 3, 2) for name in "ab"]
    truth, port = [in_torch(v).requires_grad_() for v in values], [jt.array(v) for v in values]
    reference, optimizer = (
        room.SGD([{"params": [both[0]], "lr": 0.5}], lr=0.1, momentum=0.9)
        for room, both in ((torch.optim, truth), (optim, port))
    )
    reference.add_param_group({"params": truth[1], "weight_decay": 0.2})
    optimizer.add_param_group({"params": port[1], "weight_decay": 0.2})
    for _ in range(3):
        reference.zero_grad()
        (truth[0] ** 2 + truth[1] ** 2).sum().backward()
        reference.step()
        optimizer.step((port[0] ** 2 + port[1] ** 2).sum())
    for found, wanted in zip(port, truth, strict=True):
        assert distance(found.numpy(), wanted.detach().numpy()) < 1e-5
    with pytest.raises(ValueError, match="in more than one group"):
        optimizer.add_param_group({"params": port[0]})


@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_a_state_of_torchs_is_taken_over(name: str) -> None:
    options = {"lr": 0.01} if name == "Adam" else {"lr": 0.01, "momentum": 0.9}
    truth = in_torch(drawn("w", 5, 3)).requires_grad_()
    reference = getattr(torch.optim, name)([truth], **options)
    for step in range(3):
        reference.zero_grad()
        loss_of(truth, step, 1, in_torch).backward()
        reference.step()
    port = jt.array(truth.detach().numpy().astype(np.float32))
    optimizer = getattr(optim, name)([port], lr=123.0, **{k: v for k, v in options.items() if k != "lr"})
    optimizer.load_state_dict(reference.state_dict())
    reference.zero_grad()
    loss_of(truth, 3, 1, in_torch).backward()
    reference.step()
    optimizer.step(loss_of(port, 3, 1, jt.array))
    assert distance(port.numpy(), truth.detach().numpy()) < 1e-6
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters, the optimiser of \[2\]"):
        optim.SGD([jt.ones(1), jt.ones(1)]).load_state_dict(reference.state_dict())


def test_the_norm_of_the_gradients_is_clipped_as_in_torch() -> None:
    truth, port = in_torch(drawn("w", 5, 3)).requires_grad_(), jt.array(drawn("w", 5, 3))
    loss_of(truth, 0, 100, in_torch).backward()
    wanted = torch.nn.utils.clip_grad_norm_([truth], 0.5).item()
    torch.optim.SGD([truth], 1.0).step()
    optimizer = optim.SGD([port], 1.0)
    optimizer.backward(loss_of(port, 0, 100, jt.array))
    assert abs(optimizer.clip_grad_norm(0.5) / wanted - 1) < 1e-6
    optimizer.step()
    assert distance(port.numpy(), truth.detach().numpy()) < 1e-6


def test_frozen_parameters_stay_and_training_keeps_no_old_graphs() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    frozen = jt.ones(2).stop_grad()
    optimizer = optim.SGD([net[0].weight, frozen], 0.1, weight_decay=0.5)
    alive = set()
    for _ in range(4):
        optimizer.step(net(jt.array(drawn("x", 3, 1, 4, 4))).sqr().sum())
        alive.add(jt.liveness_info()["lived_vars"])
    assert (frozen.numpy() == 1).all()
    assert len(alive) == 1


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="no parameters"):
        optim.Adam([])
    with pytest.raises(ValueError, match="nesterov needs a momentum and no dampening"):
        optim.SGD([jt.ones(1)], nesterov=True)
    for call in (optim.SGD([jt.ones(1)]).step, lambda: optim.SGD([jt.ones(1)]).clip_grad_norm(1.0)):
        with pytest.raises(RuntimeError, match="without gradients"):
            call()

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ports_jittor.torchlike import schedule

EPOCHS = 30
SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("MultiStepLR", {"milestones": [5, 10, 10, 20], "gamma": 0.1}),
    ("StepLR", {"step_size": 1, "gamma": 0.9}),
    ("StepLR", {"step_size": 7}),
    ("ExponentialLR", {"gamma": 0.95}),
    ("CosineAnnealingLR", {"T_max": 30, "eta_min": 1e-5}),
    ("LambdaLR", {"lr_lambda": lambda epoch: (1 - epoch / 40) ** 0.9}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.5**epoch, lambda epoch: 1.0]}),
]


def optimizers() -> list[Any]:
    """torch's, and anything that has groups with rates."""
    reference = torch.optim.SGD(
        [{"params": [torch.zeros(1)], "lr": 0.3}, {"params": [torch.zeros(1)]}], lr=0.01
    )
    return [reference, SimpleNamespace(param_groups=[{"lr": 0.3}, {"lr": 0.01}])]


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
@pytest.mark.parametrize(("name", "options"), SCHEDULES, ids=lambda one: one if isinstance(one, str) else "")
def test_every_epoch_has_torchs_rate(name: str, options: dict[str, Any]) -> None:
    reference, plain = optimizers()
    truth = getattr(torch.optim.lr_scheduler, name)(reference, **options)
    port = getattr(schedule, name)(plain, **options)
    for _ in range(EPOCHS):
        assert port.get_last_lr() == pytest.approx(truth.get_last_lr(), rel=1e-12)
        assert [group["lr"] for group in plain.param_groups] == port.get_last_lr()
        truth.step()
        port.step()


def test_a_run_can_be_resumed_at_any_epoch() -> None:
    _, plain = optimizers()
    port = schedule.MultiStepLR(plain, [3, 6])
    for _ in range(4):
        port.step()
    resumed = schedule.MultiStepLR(plain, [3, 6], last_epoch=port.last_epoch - 1)
    assert resumed.get_last_lr() == port.get_last_lr()
    port.set_epoch(6)
    assert port.get_last_lr() == pytest.approx([0.003, 0.0001])
    with pytest.raises(KeyError, match="initial_lr"):
        schedule.StepLR(optimizers()[1], 3, last_epoch=2)


def test_one_function_a_group_or_one_for_all() -> None:
    with pytest.raises(ValueError, match="1 functions for 2 parameter groups"):
        schedule.LambdaLR(optimizers()[1], [lambda epoch: 1.0])

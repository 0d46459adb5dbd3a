"""Learning rates as torch times them. Jittor's schedulers start one epoch late.

No framework is imported: anything with `param_groups`, a list of dictionaries with `lr`, can be scheduled.
The rate of an epoch is a function of that epoch alone, so a run can be resumed anywhere.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from harness.older_python import strict_zip


class LRScheduler(ABC):
    """Sets each group's `lr` for the current epoch; `step()` goes to the next one."""

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group["initial_lr"] = group["lr"]
            elif "initial_lr" not in group:
                raise KeyError("resuming a schedule needs 'initial_lr' in every parameter group")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def step(self) -> None:
        """Go to the next epoch; call it after the epoch's updates, as in torch."""
        self.set_epoch(self.last_epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Go to any epoch, the first being 0."""
        self.last_epoch = epoch
        for place, (group, base) in enumerate(strict_zip(self.optimizer.param_groups, self.base_lrs)):
            group["lr"] = self.rate(base, epoch, place)

    def get_last_lr(self) -> list[float]:
        """The rates of the current epoch, one a group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    @abstractmethod
    def rate(self, base: float, epoch: int, group: int) -> float:
        """The rate of a group in an epoch."""


def _times(base: float, gamma: float, count: int) -> float:
    """base * gamma ** count, multiplied out: the same bits as torch's."""
    for _ in range(count):
        base *= gamma
    return base


class MultiStepLR(LRScheduler):
    """torch's MultiStepLR: times gamma from each milestone on."""

    def __init__(
        self, optimizer: Any, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        """Base times gamma for each milestone that is reached."""
        return _times(base, self.gamma, bisect_right(self.milestones, epoch))


class StepLR(LRScheduler):
    """torch's StepLR: times gamma every `step_size` epochs."""

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        """Base times gamma for each full step."""
        return _times(base, self.gamma, epoch // self.step_size)


class ExponentialLR(StepLR):
    """torch's ExponentialLR: times gamma every epoch."""

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, 1, gamma, last_epoch)


class CosineAnnealingLR(LRScheduler):
    """torch's CosineAnnealingLR: half a cosine from the base to `eta_min` in `T_max` epochs."""

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        """The cosine of the epoch."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LambdaLR(LRScheduler):
    """torch's LambdaLR: the base times a function of the epoch, one for all groups or one for each."""

    def __init__(
        self,
        optimizer: Any,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"LambdaLR: {len(self.lr_lambdas)} functions for {groups} parameter groups")
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        """Base times the group's function."""
        return base * self.lr_lambdas[group](epoch)

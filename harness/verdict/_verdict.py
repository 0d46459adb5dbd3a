"""What a policy says of one tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["aligned", "diverged", "inconclusive", "inner", "skipped", "not compared"]


@dataclass(frozen=True)
class Verdict:
    """What a policy says of one tensor. `ratio` is the error over what is allowed: above 1 has diverged.

    `inconclusive` is what exceeds an allowance that was guessed, by a moderate factor.
    """

    status: Status
    policy: str
    reason: str
    ratio: float | None = None

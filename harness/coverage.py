"""What was compared, and what was not and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.json_codec import Partial


@dataclass(frozen=True)
class Gap(Partial):
    """An address that was not compared or not judged, and why."""

    address: str = ""
    why: str = ""


@dataclass(frozen=True)
class CaseDifference:
    """A part of the case that is not the same in two traces."""

    name: str
    reference: Any
    candidate: Any


@dataclass
class Coverage(Partial):
    """What was compared and what was not.

    `recorded` and `compared` count tensors by kind. `fallback` are the addresses without a truth, `weak`
    those where the noise drowns the signal. `unpaired` lists by side the names that only that side has.
    """

    recorded: dict[str, int] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    not_compared: list[Gap] = field(default_factory=list)
    skipped: list[Gap] = field(default_factory=list)
    fallback: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    unpaired: dict[str, list[str]] = field(default_factory=dict)
    case_differences: list[CaseDifference] = field(default_factory=list)

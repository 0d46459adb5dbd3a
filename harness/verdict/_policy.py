"""Policies: what counts as aligned. Plain data, read from text or a dict."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from harness.choices import JUDGES, Judge
from harness.errors import BadInput

RTOL, ATOL = 1e-4, 1e-5
METRIC_LIMIT = 0.01


@dataclass(frozen=True)
class NoisePolicy:
    """The candidate may be a little further from the float64 truth than the reference's own float32 noise.

    Allowed are `factor` times the noise in l2 and `max_factor` times the noise of the worst element, each
    with a floor of `ulps` units in the last place, more for a long sum, and `zero_ulps` for a gradient that
    is zero in theory: its terms were multiplied by activations of unknown size before they cancel. Small
    tensors tell little of their noise: both allowances grow by 1 + `few` / size. Where there is no truth,
    `rtol` and `atol` decide. Where an allowance is a guess, what exceeds it by up to `gross` is
    inconclusive: 16 times is the most that a sound port was seen to exceed one by. Without a truth that
    holds of gradients; of anything else up to `gross_forward`, with which `rtol` is 8400 units in the last
    place: more than a hundred layers come to that are each 64 units off, to the same side.

    `judge` says what decides on the whole: every tensor, or what the model gives to the outside alone.
    `min_coverage` is the share of layers and operations that has to be compared.
    """

    name: ClassVar[str] = "noise"
    factor: float = 4.0
    max_factor: float = 10.0
    ulps: float = 8.0
    zero_ulps: float = 256.0
    few: float = 8.0
    rtol: float = RTOL
    atol: float = ATOL
    gross: float = 100.0
    gross_forward: float = 10.0
    judge: Judge = "all"
    min_coverage: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"name": self.name, **asdict(self)}


@dataclass(frozen=True)
class FixedPolicy:
    """|candidate - reference| <= atol + rtol |reference| for every element.

    `per_pattern` maps globs of addresses to other tolerances (rtol, atol); None there keeps the common
    one, and the last glob that matches decides. `judge` and `min_coverage` are those of the noise policy.
    """

    name: ClassVar[str] = "fixed"
    rtol: float = RTOL
    atol: float = ATOL
    per_pattern: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    judge: Judge = "all"
    min_coverage: float = 0.0

    def tolerances(self, address: str) -> tuple[float, float]:
        """The rtol and atol that hold at an address."""
        rtol, atol = self.rtol, self.atol
        for pattern, (own_rtol, own_atol) in self.per_pattern.items():
            if fnmatch.fnmatchcase(address, pattern):
                rtol = self.rtol if own_rtol is None else own_rtol
                atol = self.atol if own_atol is None else own_atol
        return rtol, atol

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        patterns = {pattern: list(pair) for pattern, pair in self.per_pattern.items()}
        return {"name": self.name, **vars(self), "per_pattern": patterns}


@dataclass(frozen=True)
class MetricPolicy:
    """Metrics may differ by `limit` of their size; nothing else is judged."""

    name: ClassVar[str] = "metric"
    limit: float = METRIC_LIMIT

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"name": self.name, **asdict(self)}


Policy = NoisePolicy | FixedPolicy | MetricPolicy
POLICIES: dict[str, type[NoisePolicy] | type[FixedPolicy] | type[MetricPolicy]] = {
    kind.name: kind for kind in (NoisePolicy, FixedPolicy, MetricPolicy)
}
_ABOVE_ZERO = ("factor", "max_factor", "limit")


def parse_policy(value: str | Mapping[str, Any], **options: Any) -> Policy:
    """A policy from its name or its dict, with some of its figures changed; None keeps the default."""
    given = {"name": value} if isinstance(value, str) else dict(value)
    name = given.pop("name", None)
    if not isinstance(name, str) or name not in POLICIES:
        raise BadInput(f"there is no policy {name!r}; use one of {', '.join(POLICIES)}")
    given |= {key: option for key, option in options.items() if option is not None}
    kind = POLICIES[name]
    allowed = [item.name for item in fields(kind)]
    for key in given:
        if key not in allowed:
            raise BadInput(f"policy {name} has no {key!r}; it has {', '.join(allowed)}")
    return kind(**{key: _checked(name, key, item) for key, item in given.items()})


def _checked(policy: str, key: str, value: Any) -> Any:
    if key == "per_pattern":
        return _patterns(policy, value)
    if key == "judge":
        if value not in JUDGES:
            raise BadInput(f"policy {policy}: judge is {value!r}; it should be one of {', '.join(JUDGES)}")
        return value
    number = _number(f"policy {policy}: {key}", value, above_zero=key in _ABOVE_ZERO)
    if key == "min_coverage" and number > 1:
        raise BadInput(f"policy {policy}: min_coverage is {value!r}; it should be a share between 0 and 1")
    return number


def _number(what: str, value: Any, above_zero: bool = False) -> float:
    lowest = "above 0" if above_zero else "0 or more"
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0 or (above_zero and number == 0):
        raise BadInput(f"{what} is {value!r}; it should be a number, {lowest}")
    return number


def _patterns(policy: str, value: Any) -> dict[str, tuple[float | None, float | None]]:
    what = f"policy {policy}: per_pattern"
    if not isinstance(value, Mapping):
        raise BadInput(f"{what} is {value!r}; it should map globs of addresses to pairs of rtol and atol")
    patterns: dict[str, tuple[float | None, float | None]] = {}
    for pattern, pair in value.items():
        if not isinstance(pattern, str) or not isinstance(pair, list | tuple) or len(pair) != 2:
            raise BadInput(f"{what}: {pattern!r} has {pair!r}; it should be a pair of rtol and atol")
        rtol, atol = (None if item is None else _number(f"{what}: {pattern!r}", item) for item in pair)
        patterns[pattern] = rtol, atol
    return patterns

"""The result of each injected mistake, and the score of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from harness.alignment_rows import Source
from harness.errors import ALIGNED, DIVERGED
from harness.selftest._catalogue import Mistake


@dataclass(frozen=True)
class FaultResult:
    """The result of one mistake. `ran` is false if the port refuses it with an error."""

    mistake: Mistake
    detected: bool
    located: bool
    named: bool
    ran: bool = True
    sources: list[str] = field(default_factory=list)
    said: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        fields = asdict(self)
        return {**fields.pop("mistake"), **fields}


@dataclass(frozen=True)
class Score:
    """Fractions of the mistakes that ran, and the count of alarms over correct ports."""

    detected: float
    located: float
    named: float
    false_alarms: int
    planted: int
    correct: int

    @property
    def exit_code(self) -> int:
        """0 where every mistake was detected and no correct port accused, else 1."""
        return ALIGNED if self.detected == 1 and not self.false_alarms else DIVERGED

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def judge_fault(
    mistake: Mistake, detected: bool, sources: Sequence[Source], cause: str, found: bool
) -> FaultResult:
    """Whether a mistake was found, found at its place and nowhere else, and named."""
    located = bool(sources) and all(_is_at(mistake, source) for source in sources)
    said = cause or (sources[0].text if sources else "")
    named = located and found and (not mistake.names or any(name in cause for name in mistake.names))
    return FaultResult(mistake, detected, located, named, True, [source.address for source in sources], said)


def _is_at(mistake: Mistake, source: Source) -> bool:
    return mistake.path in source.layers


def score(outcomes: Sequence[FaultResult], false_alarms: int, correct: int) -> Score:
    """The score of all outcomes; those that did not run count for nothing."""
    ran = [outcome for outcome in outcomes if outcome.ran]

    def share(name: str) -> float:
        return sum(bool(getattr(outcome, name)) for outcome in ran) / len(ran) if ran else 0.0

    return Score(share("detected"), share("located"), share("named"), false_alarms, len(ran), correct)

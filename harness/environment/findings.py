"""What the doctor finds: one part of one side, how it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from harness.errors import ALIGNED, NO_ENVIRONMENT

State = Literal["ok", "warn", "wrong", "off"]  # off: not usable here, and not needed for the CPU


@dataclass(frozen=True)
class DoctorFinding:
    """One part of the set-up."""

    side: str  # torch, jittor, or "machine" for what both share
    part: str
    found: str
    state: State = "ok"
    wrong: str = ""
    mend: str = ""  # a command, or words where no command does it
    wheels: tuple[str, ...] = ()  # what pip may install to mend it without asking

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "wheels"}


@dataclass(frozen=True)
class Report:
    """All findings."""

    findings: Sequence[DoctorFinding]
    sides: tuple[str, ...] = ("torch", "jittor")

    def of(self, side: str) -> list[DoctorFinding]:
        """The findings of one side, or of the machine."""
        return [finding for finding in self.findings if finding.side == side]

    def blocking(self, side: str) -> list[DoctorFinding]:
        """What keeps a side from running."""
        concerned = (side, "machine")
        return [found for found in self.findings if found.state == "wrong" and found.side in concerned]

    def runs(self, side: str) -> bool:
        """Whether a side can run on the CPU."""
        return not self.blocking(side)

    @property
    def exit_code(self) -> int:
        """0 where both sides can run, 3 where one cannot."""
        return ALIGNED if all(map(self.runs, self.sides)) else NO_ENVIRONMENT

    @property
    def sentence(self) -> str:
        """The whole in one line."""
        stopped = [side for side in self.sides if not self.runs(side)]
        if not stopped:
            warnings = sum(finding.state == "warn" for finding in self.findings)
            note = f"; {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
            return f"both sides can run{note}"
        parts = {side: ", ".join(finding.part for finding in self.blocking(side)) for side in stopped}
        return "; ".join(f"the {side} side cannot run ({why})" for side, why in parts.items())

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "schema": "align-doctor",
            "version": 1,
            "exit_code": self.exit_code,
            "sentence": self.sentence,
            "sides": {side: {"runs": self.runs(side)} for side in self.sides},
            "findings": [finding.to_dict() for finding in self.findings],
        }

"""What a recorded trace says of itself: the case, and the fingerprints of its inputs and weights."""

from __future__ import annotations

from dataclasses import dataclass, fields

from harness.case import Case


@dataclass(frozen=True)
class TraceHeader:
    """The header of a trace of ours. What is empty is not known, and left out of the file."""

    case: Case | None = None
    inputs: str = ""
    dtype: str = ""
    layers: str = ""
    state: str = ""
    side: str = ""

    def to_dict(self) -> dict[str, object]:
        """The header as a trace keeps it."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.case is not None:
            known["case"] = self.case.to_dict()
        return {name: value for name, value in known.items() if value}

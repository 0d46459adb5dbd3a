"""How many tensors have which verdict: one count for every text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.alignment_rows import Row

_WORDS = {"aligned": "aligned", "inconclusive": "inconclusive", "inner": "with an inner difference",
          "skipped": "skipped", "not compared": "not compared"}  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """The rows of an alignment by the status of their verdicts; a tensor is a row."""

    by_status: Counter[str]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Tally:
        """Count rows."""
        return cls(Counter(row.verdict.status for row in rows))

    @property
    def tensors(self) -> int:
        """All of them."""
        return self.by_status.total()

    @property
    def diverged(self) -> int:
        """Those that diverged."""
        return self.by_status["diverged"]

    @property
    def judged(self) -> int:
        """Those that aligned or diverged."""
        return self.by_status["aligned"] + self.diverged

    def others(self, *left_out: str) -> str:
        """In words, how many of each status there are, but for those left out."""
        return ", ".join(
            f"{self.by_status[status]} {words}"
            for status, words in _WORDS.items()
            if self.by_status[status] and status not in left_out
        )

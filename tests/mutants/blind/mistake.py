"""What a blind mistake is, and the text of a port that has it.

A mistake is written down whole before any of them is run: the edit, where it must be located, and which
words a cause must have to be right. Afterwards nothing of that changes: see `score`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.pairs.base import Mode

ROOT = Path(__file__).parents[3]
SMALL = "tests.mutants.blind.small"


@dataclass(frozen=True)
class Blind:
    """`old`, which stands once in the module `file` of a port, is `new`.

    `places` are globs of layers: every source that is told must lie at one of them; `why` says which of them
    are equally right, and why. `says` are patterns, upper or lower case: a right cause matches one. `truth`
    says in plain words what a right cause is. A mistake without `places` is a sound rewrite: it computes the
    same, and must not be accused.
    """

    name: str
    kind: str
    pair: str
    file: str
    old: str
    new: str
    truth: str
    places: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    why: str = ""
    variant: str | None = None
    mode: Mode = "eval"
    size: tuple[int, int] | None = None
    batch: int | None = None
    more: tuple[tuple[str, str], ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it computes the same."""
        return not self.places


def text_of(mistake: Blind) -> str:
    """The text of the module that is edited, as it is."""
    return (ROOT / (mistake.file.replace(".", "/") + ".py")).read_text("utf-8")


def edited(mistake: Blind) -> str:
    """The same with the mistake."""
    text = text_of(mistake)
    for old, new in ((mistake.old, mistake.new), *mistake.more):
        if text.count(old) != 1:
            raise ValueError(f"{mistake.name}: {text.count(old)} places for {old!r}, there should be one")
        text = text.replace(old, new)
    return text

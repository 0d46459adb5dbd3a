"""Mistakes as they are made in ports: which network makes them, the true cause in words, and the true place.

They stand in `mistakes.json`. `places` are globs: every source that is told must lie at one of them. `says`
are patterns of which a right explanation holds one. They were written before the hypotheses; every third one
is held back: nobody looked at how it is explained while hypotheses were written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ENCODER, RECURRENT, DETECTOR, SEGMENTER, ATTENTIVE = (
    "encoder",
    "recurrent",
    "detector",
    "segmenter",
    "attentive",
)


@dataclass(frozen=True)
class Ported:
    """One mistake."""

    network: str
    name: str
    family: str
    truth: str
    places: tuple[str, ...]
    says: tuple[str, ...]
    mode: Literal["eval", "train"] = "eval"


def _read() -> tuple[Ported, ...]:
    listed = json.loads((Path(__file__).parent / "mistakes.json").read_text(encoding="utf-8"))
    return tuple(
        Ported(**{**one, "places": tuple(one["places"]), "says": tuple(one["says"])}) for one in listed
    )


MISTAKES = _read()
HELD_BACK = frozenset(mistake.name for mistake in MISTAKES[2::3])

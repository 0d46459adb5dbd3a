"""The pairs whose ports have mistakes: one a mistake, called as the mistake is."""

from __future__ import annotations

import importlib
from dataclasses import replace

from harness.pairs.base import Pair
from tests.mutants.blind.lists import MISTAKES
from tests.mutants.blind.mistake import SMALL, Blind
from tests.mutants.blind.port import made

MODELS = ("l2sknet", "cpanet", "gold_yolo", "led")
SMALL_PAIRS = ("translator", "tagger", "spotter")
SOUND_PAIRS: dict[str, Pair] = {
    **{name: importlib.import_module(f"harness.pairs.{name}.pair").PAIR for name in MODELS},
    **{name: importlib.import_module(f"{SMALL}.{name}").PAIR for name in SMALL_PAIRS},
}


def name_of(mistake: Blind) -> str:
    """The pair that has a mistake, as a user names it."""
    return f"{__name__}:{mistake.name}"


def _with(mistake: Blind) -> Pair:
    sound = SOUND_PAIRS[mistake.pair]
    return replace(sound, port=made(sound.port, mistake))


globals().update({mistake.name: _with(mistake) for mistake in MISTAKES})

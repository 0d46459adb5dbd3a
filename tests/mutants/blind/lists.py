"""All mistakes and sound rewrites, one list a model."""

from __future__ import annotations

from tests.mutants.blind.cpanet import CPANET
from tests.mutants.blind.gold_yolo import GOLD_YOLO
from tests.mutants.blind.l2sknet import L2SKNET
from tests.mutants.blind.led import LED
from tests.mutants.blind.small_mistakes import SMALL_MISTAKES
from tests.mutants.blind.sound import SOUND
from tests.mutants.blind.sound_more import MORE_SOUND

MISTAKES = (*L2SKNET, *CPANET, *GOLD_YOLO, *LED, *SMALL_MISTAKES, *SOUND, *MORE_SOUND)

"""All mistakes and sound rewrites, one list a model. Authors of the later sets knew no hypothesis."""

from __future__ import annotations

from tests.mutants.blind.cpanet import CPANET
from tests.mutants.blind.fifth_cpanet import FIFTH_CPANET
from tests.mutants.blind.fifth_gold_yolo import FIFTH_GOLD_YOLO
from tests.mutants.blind.fifth_l2sknet import FIFTH_L2SKNET
from tests.mutants.blind.fifth_led import FIFTH_LED
from tests.mutants.blind.fifth_small_spotter import FIFTH_SMALL_SPOTTER
from tests.mutants.blind.fifth_small_tagger import FIFTH_SMALL_TAGGER
from tests.mutants.blind.fifth_small_translator import FIFTH_SMALL_TRANSLATOR
from tests.mutants.blind.fourth_cpanet import FOURTH_CPANET
from tests.mutants.blind.fourth_gold_yolo import FOURTH_GOLD_YOLO
from tests.mutants.blind.fourth_l2sknet import FOURTH_L2SKNET
from tests.mutants.blind.fourth_led import FOURTH_LED
from tests.mutants.blind.fourth_small import FOURTH_SMALL
from tests.mutants.blind.fourth_translator import FOURTH_TRANSLATOR
from tests.mutants.blind.gold_yolo import GOLD_YOLO
from tests.mutants.blind.l2sknet import L2SKNET
from tests.mutants.blind.led import LED
from tests.mutants.blind.second_cpanet import SECOND_CPANET
from tests.mutants.blind.second_gold_yolo import SECOND_GOLD_YOLO
from tests.mutants.blind.second_l2sknet import SECOND_L2SKNET
from tests.mutants.blind.second_led import SECOND_LED
from tests.mutants.blind.second_small import SECOND_SMALL
from tests.mutants.blind.second_translator import SECOND_TRANSLATOR
from tests.mutants.blind.seventh_cpanet import SEVENTH_CPANET
from tests.mutants.blind.seventh_gold_yolo import SEVENTH_GOLD_YOLO
from tests.mutants.blind.seventh_l2sknet import SEVENTH_L2SKNET
from tests.mutants.blind.seventh_led import SEVENTH_LED
from tests.mutants.blind.seventh_small import SEVENTH_SMALL
from tests.mutants.blind.seventh_translator import SEVENTH_TRANSLATOR
from tests.mutants.blind.sixth_cpanet import SIXTH_CPANET
from tests.mutants.blind.sixth_gold_yolo import SIXTH_GOLD_YOLO
from tests.mutants.blind.sixth_l2sknet import SIXTH_L2SKNET
from tests.mutants.blind.sixth_led import SIXTH_LED
from tests.mutants.blind.sixth_small_spotter import SIXTH_SMALL_SPOTTER
from tests.mutants.blind.sixth_small_tagger import SIXTH_SMALL_TAGGER
from tests.mutants.blind.sixth_small_translator import SIXTH_SMALL_TRANSLATOR
from tests.mutants.blind.small_mistakes import SMALL_MISTAKES
from tests.mutants.blind.sound import SOUND
from tests.mutants.blind.sound_more import MORE_SOUND
from tests.mutants.blind.third_cpanet import THIRD_CPANET
from tests.mutants.blind.third_gold_yolo import THIRD_GOLD_YOLO
from tests.mutants.blind.third_l2sknet import THIRD_L2SKNET
from tests.mutants.blind.third_led import THIRD_LED
from tests.mutants.blind.third_small import THIRD_SMALL
from tests.mutants.blind.third_translator import THIRD_TRANSLATOR

SECOND = (
    *SECOND_L2SKNET,
    *SECOND_CPANET,
    *SECOND_GOLD_YOLO,
    *SECOND_LED,
    *SECOND_SMALL,
    *SECOND_TRANSLATOR,
)
THIRD = (
    *THIRD_L2SKNET,
    *THIRD_CPANET,
    *THIRD_GOLD_YOLO,
    *THIRD_LED,
    *THIRD_SMALL,
    *THIRD_TRANSLATOR,
)
FOURTH = (
    *FOURTH_L2SKNET,
    *FOURTH_CPANET,
    *FOURTH_GOLD_YOLO,
    *FOURTH_LED,
    *FOURTH_SMALL,
    *FOURTH_TRANSLATOR,
)
FIFTH = (
    *FIFTH_L2SKNET,
    *FIFTH_CPANET,
    *FIFTH_GOLD_YOLO,
    *FIFTH_LED,
    *FIFTH_SMALL_TAGGER,
    *FIFTH_SMALL_SPOTTER,
    *FIFTH_SMALL_TRANSLATOR,
)
SIXTH = (
    *SIXTH_L2SKNET,
    *SIXTH_CPANET,
    *SIXTH_GOLD_YOLO,
    *SIXTH_LED,
    *SIXTH_SMALL_TAGGER,
    *SIXTH_SMALL_SPOTTER,
    *SIXTH_SMALL_TRANSLATOR,
)
SEVENTH = (
    *SEVENTH_L2SKNET,
    *SEVENTH_CPANET,
    *SEVENTH_GOLD_YOLO,
    *SEVENTH_LED,
    *SEVENTH_SMALL,
    *SEVENTH_TRANSLATOR,
)
MISTAKES = (
    *L2SKNET,
    *CPANET,
    *GOLD_YOLO,
    *LED,
    *SMALL_MISTAKES,
    *SECOND,
    *THIRD,
    *FOURTH,
    *FIFTH,
    *SIXTH,
    *SEVENTH,
    *SOUND,
    *MORE_SOUND,
)

"""The pairs whose ports are edited: each mistake is a variant.

`tests.mutants.edited.pair:SWIN` is the pair swin, and `CLASSIFIERS` is for all of `jittor.models`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace

from harness.pairs.base import Pair
from tests.mutants.edited.classifiers import CLASSIFIERS
from tests.mutants.edited.edit import MODELS, Edit
from tests.mutants.edited.small_pairs import SMALL_PAIRS

EDITS = (*SMALL_PAIRS, *CLASSIFIERS)


def name_of(edit: Edit) -> str:
    """The pair that has an edit, as a user names it."""
    return f"{__name__}:{_pair_of(edit).upper()}"


def _pair_of(edit: Edit) -> str:
    return "classifiers" if edit.port.startswith(MODELS) else edit.port


def _with_mistakes(name: str) -> Pair:
    sound: Pair = importlib.import_module(f"{name}_pair").PAIR
    variants = {}
    for edit in EDITS:
        if _pair_of(edit) == name:
            variants[edit.full_name] = replace(
                sound.variant(edit.variant), name=edit.full_name, summary=edit.truth
            )
    return replace(sound, variants=variants, port="tests.mutants.edited.port")


globals().update({name.upper(): _with_mistakes(name) for name in {_pair_of(edit) for edit in EDITS}})

"""What a pickle makes is counted, whichever instruction makes it: about as much as Python says it takes."""

from __future__ import annotations

import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from harness.errors import BadInput
from tests.faults.checkpoints.swelling import LAUGHS, keep, recall
from weight_convert.budget import Budget
from weight_convert.limits import MADE, PICKLE_STEPS
from weight_convert.pickles import instructions
from weight_convert.pickles.names import Names

COUNT = 3000
SET = b"cbuiltins\nset\n"
LONG = b"(" + b"N" * COUNT + b"t" + keep(0)
NUMBERS = b"".join(b"J" + struct.pack("<i", index << 8) for index in range(COUNT))
PAIRS = b"".join(b"J" + struct.pack("<i", index << 8) + b"N" for index in range(COUNT))
MAKERS = {
    "nones": b"N" * 10 * COUNT,
    "integers": NUMBERS,
    "floats": (b"G" + bytes(7) + b"\x01") * COUNT,
    "texts": b"".join(b"X\x04\0\0\0" + b"%04d" % index for index in range(COUNT)),
    "wide-texts": "".join(f"X\x08\0\0\0\U0001f600{index:04d}" for index in range(COUNT)).encode(),
    "strings": b"".join(b"S'%04d'\n" % index for index in range(COUNT)),
    "short-strings": b"".join(b"U\x04%04d" % index for index in range(COUNT)),
    "views": b"C\x01a" * COUNT,
    "lists": b"]" * COUNT,
    "lists-of-one": b"]Na" * COUNT,
    "dictionaries": b"}" * COUNT,
    "dictionaries-of-one": b"}X\x01\0\0\0aNs" * COUNT,
    "sets": b"\x8f" * COUNT,
    "tuples": b"N\x85" * COUNT,
    "marks": b"(" * COUNT + b"N",
    "lists-by-marks": b"(Nl" * COUNT,
    "pairs": b"}(" + PAIRS + b"u",
    "dictionary-of-pairs": b"(" + PAIRS + b"d",
    "elements": b"\x8f(" + NUMBERS + b"\x90",
    "frozen": b"(" + NUMBERS + b"\x91",
    "memos": b"N" + b"\x94" * COUNT,
    "things": b"cm\nC\n" + keep(0) + (recall(0) + b")R") * COUNT,
    "names": b"".join(b"cm\nC%d\n" % index for index in range(COUNT)),
    "copied-lists": LONG + b"cbuiltins\nlist\n" + keep(1) + (recall(1) + recall(0) + b"\x85R") * 50,
    "copied-sets": b"(" + NUMBERS + b"t" + keep(0) + SET + keep(1) + (recall(1) + recall(0) + b"\x85R") * 20,
    "ordered": b"ccollections\nOrderedDict\n" + keep(0) + (recall(0) + b")R") * COUNT,
    "arrays": pickle.dumps([np.ones(1) for _ in range(COUNT)], 4)[2:-1],
    "dtypes": b"cnumpy\ndtype\n" + keep(0) + (recall(0) + b"X\x02\0\0\0f4\x85R") * COUNT,
}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_instruction_makes_much_more_than_it_counts(name: str) -> None:
    raw = memoryview(b"\x80\x04" + MAKERS[name] + b".")
    names = Names(len(raw))
    before = names.budget.left
    tracemalloc.start()
    try:
        kept, _ = instructions.load(raw, names)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept is not names
    assert most <= 1.5 * (before - names.budget.left) + 20_000


def test_one_budget_is_for_all_pickles_of_a_file() -> None:
    names = Names(0)
    raw = memoryview(b"](" + b"}" * 400_000 + b"e.")
    for _ in range(2):
        instructions.load(raw, names)
    raw = memoryview(b"](" + b"}" * 800_000 + b"e.")
    with pytest.raises(BadInput, match="96 MiB"):
        instructions.load(raw, names)


def test_instructions_of_all_pickles_of_a_file_are_counted() -> None:
    names = Names(0)
    names.budget.steps = 5
    instructions.load(memoryview(b"N0N."), names)
    assert names.budget.steps == 2
    with pytest.raises(BadInput, match=f"{PICKLE_STEPS:,} instructions"):
        instructions.load(memoryview(b"N0N."), names)


def test_a_budget_that_is_spent_refuses_more() -> None:
    budget = Budget()
    budget.spend(MADE)
    assert budget.left == 0
    with pytest.raises(BadInput, match="made to exhaust memory"):
        budget.spend(1)


def test_a_shared_tuple_is_never_spelled_out_or_hashed() -> None:
    found, _ = instructions.load(memoryview(b"}" + LAUGHS + b"Ns."), Names(0))
    assert [str(key) for key in found] == ["<tuple 1>"]

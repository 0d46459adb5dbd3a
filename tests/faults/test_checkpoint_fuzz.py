"""Mutated checkpoints: whatever is done to a right file, it is read or refused, never a crash or a hang.

The slow test makes 20,000 mutations: pytest --slow tests/faults/test_checkpoint_fuzz.py
"""

from __future__ import annotations

import pickle
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: pip install '.[dev]'")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from tests.faults.checkpoints.attacks import CALLS, INERT
from tests.faults.checkpoints.case import PLAIN, jittor, legacy, ones, state, tensor, text, torch_zip
from tests.faults.checkpoints.damaged import real_files
from weight_convert import read_state

SLICE, WHOLE, HDF5_EXAMPLES = 750, 20_000, 25
DEADLINE = timedelta(seconds=10)
FILES = {name: raw for name, (raw, _) in real_files().items()}
HDF5 = FILES.pop("hdf5")
FOUR = {"0": ones(4)}
MODULE = (
    b"\x80\x02cnet\nNet\n)\x81}("
    + (text("_parameters") + b"}" + text("weight") + tensor("0", 4, 0, (2, 2), (2, 1)) + b"s")
    + (text("_buffers") + b"}" + text("_modules") + b"}ub.")
)
PICKLES = {
    "torch": state({"a": tensor("0", 4, 0, (2, 2), (2, 1)), "b": tensor("0", 4, 1, (3,), (1,))}),
    "module": MODULE,
    "arrays": pickle.dumps(PLAIN, 2),
    "arrays-4": pickle.dumps({"state_dict": PLAIN, "epoch": 3, "name": "x"}, 4),
    "inert": state(INERT),
    "attack": state(dict(list(CALLS.items())[:3])),
}
WRAPPERS = {
    "torch": lambda body: torch_zip(body, FOUR),
    "legacy": lambda body: legacy(body, {"0": np.ones(4, np.float32)}),
    "jittor": jittor,
    "plain": bytes,
}

places = st.integers(0, 1 << 16)
pieces = st.binary(max_size=12) | st.sampled_from(
    [b"\xff" * 8, bytes(8), b"R", b"b", b"\x85R", b"2\x86", b"h\0", b"("]
)
mutations = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "repeat", "cut"]), places, st.integers(0, 40), pieces
    ),
    min_size=1,
    max_size=6,
)
everywhere = settings(
    deadline=DEADLINE,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def mutated(raw: bytes, steps: list[tuple[str, int, int, bytes]]) -> bytes:
    """The bytes after a few changes; places count round the end."""
    data = bytearray(raw)
    for kind, where, length, piece in steps:
        at = where % (len(data) + 1)
        if kind == "set":
            data[at : at + len(piece)] = piece
        elif kind == "insert":
            data[at:at] = piece
        elif kind == "delete":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + length] * 3
        else:
            del data[at:]
    return bytes(data)


def survives(raw: bytes) -> None:
    """Read a file as far as it goes; only a refusal may come out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint"
        path.write_bytes(raw)
        try:
            for array in read_state(path).values():
                np.array(array)
        except BadInput as error:
            refusal = str(error)
        else:
            refusal = ""
    assert "\n" not in refusal


files = st.builds(mutated, st.sampled_from(sorted(FILES.values())), mutations)
inner = st.builds(
    lambda body, wrapper, steps: WRAPPERS[wrapper](mutated(body, steps)),
    st.sampled_from(sorted(PICKLES.values())),
    st.sampled_from(sorted(WRAPPERS)),
    mutations,
)


@given(raw=files | inner)
@settings(everywhere, max_examples=SLICE)
def test_mutations_are_read_or_refused(raw: bytes) -> None:
    survives(raw)


@given(steps=mutations)
@settings(everywhere, max_examples=HDF5_EXAMPLES)
def test_mutations_of_hdf5_are_read_or_refused(steps: list[tuple[str, int, int, bytes]]) -> None:
    survives(mutated(HDF5, steps))


@pytest.mark.slow
@given(raw=files | inner)
@settings(everywhere, max_examples=WHOLE)
def test_twenty_thousand_mutations_are_read_or_refused(raw: bytes) -> None:
    survives(raw)


@pytest.mark.slow
@given(steps=mutations)
@settings(everywhere, max_examples=500)
def test_five_hundred_mutations_of_hdf5_are_read_or_refused(steps: list[tuple[str, int, int, bytes]]) -> None:
    survives(mutated(HDF5, steps))

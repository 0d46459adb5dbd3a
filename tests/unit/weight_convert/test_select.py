"""Which part of a file is its state, and that nothing in it is passed over in silence."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from tests.faults.checkpoints.case import text
from tests.faults.checkpoints.swelling import ARRAY, keep, module, pickled, recall
from weight_convert import read_state

W = np.ones(2, np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test puts its file."""
    return tmp_path / "in.pkl"


def test_numbers_are_keys_as_texts_of_them(path: Path) -> None:
    path.write_bytes(pickle.dumps({0: W, -3: W, 10**12: W}, 4))
    assert list(read_state(path)) == ["0", "-3", str(10**12)]


@pytest.mark.parametrize("key", [(1, 2), 2.5, None, True, b"a"], ids=repr)
def test_a_tensor_whose_key_is_no_text_is_reported(path: Path, key: Any) -> None:
    path.write_bytes(pickle.dumps({"w": W, key: W}, 4))
    with pytest.raises(BadInput, match="a tensor whose key is no text"):
        read_state(path)
    state = read_state(path, partial=True)
    assert list(state) == ["w"]
    assert [item.reason for item in state.dropped] == ["a tensor whose key is no text"]


def test_one_module_under_two_names_is_two_states(path: Path) -> None:
    shared = module(b"}" + text("w") + ARRAY + b"s") + keep(0)
    path.write_bytes(pickled(shared + b"}(" + text("model") + recall(0) + text("ema") + recall(0) + b"u"))
    with pytest.raises(BadInput, match=r"several states: model \(1 tensors\), ema \(1 tensors\)"):
        read_state(path)
    assert list(read_state(path, select="ema")) == ["w"]


def test_a_child_that_is_no_module_is_reported(path: Path) -> None:
    children = b"}(" + text("a") + b"cm\nC\n)\x81" + text("b") + b"Nu"
    path.write_bytes(pickled(module(b"}" + text("w") + ARRAY + b"s", modules=children)))
    assert [(item.key, item.reason) for item in read_state(path).dropped] == [("a", "not a tensor (m.C)")]

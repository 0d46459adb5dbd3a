"""A name in `--layers` that no side has is refused; one that either side has is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.flows.asked_layers import AskedLayers
from harness.trace import Trace, TraceWriter

NEAREST = {"nosuch*": ["head", "conv"]}


def test_what_neither_side_has_is_refused_once_both_have_answered() -> None:
    asked = AskedLayers(["torch", "jittor"])
    asked.take("jittor", NEAREST)
    with pytest.raises(
        BadInput, match=r"'nosuch\*' matches nothing that runs in torch or jit.*head, conv, body"
    ):
        asked.take("torch", {"nosuch*": ["body"]})


def test_what_one_side_has_is_enough() -> None:
    asked = AskedLayers(["torch", "jittor"])
    asked.take("jittor", NEAREST)
    asked.take("torch", {})


def test_each_word_of_a_list_has_to_be_there() -> None:
    asked = AskedLayers(["torch"])
    with pytest.raises(BadInput, match="'nosuch'"):
        asked.take("torch", {"nosuch": []})


@pytest.mark.parametrize(("text", "refused"), [("stem", False), ("nosuch", True)])
def test_a_stored_trace_counts_as_a_side(tmp_path: Path, text: str, refused: bool) -> None:
    with TraceWriter(tmp_path / "stored.h5", {}) as writer:
        writer.add("layer:stem#0:out", np.zeros(3, np.float32))
    asked = AskedLayers(["jittor"])
    with Trace.open(tmp_path / "stored.h5") as trace:
        asked.take_trace(text, trace)
    if refused:
        with pytest.raises(BadInput, match="nearest names are: stem, conv"):
            asked.take("jittor", {text: ["conv"]})
    else:
        asked.take("jittor", {text: ["conv"]})

"""What a consumer takes in the port, by the record of that: what it is given may have the same values."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from harness.flows.gradient_consumers import Consumer, taken_instead
from harness.flows.reference_probe import ReferenceProbe
from harness.trace import Trace, TraceWriter

STAGE, AGAIN, OTHER = "layer:stage#0:out", "layer:stage#1:out", "layer:other#0:out"
TENSOR = np.arange(6, dtype=np.float32)


def recorded(path: Path, given: dict[str, str | None]) -> Trace:
    with TraceWriter(path, {}) as writer:
        for name in (STAGE, AGAIN, OTHER, f"{STAGE}.0"):
            writer.add(name, TENSOR)
        for name, of in given.items():
            if of is None:
                writer.add(name, TENSOR)
            else:
                writer.alias(name, of)
    return Trace.open(path)


def instead(folder: Path, path: str, ours: dict[str, str | None], its: dict[str, str | None]) -> str:
    def named(given: dict[str, str | None]) -> dict[str, str | None]:
        return {f"layer:{path}#0:in.{key}": of for key, of in given.items()}

    consumer = Consumer(path, 0, ("0",), False)
    with (
        recorded(folder / "ours.h5", named(ours)) as one,
        recorded(folder / "its.h5", named(its)) as other,
    ):
        return taken_instead(cast(ReferenceProbe, SimpleNamespace(reference=one, port=other)), consumer)


@pytest.mark.parametrize(
    ("path", "its", "expected"),
    [
        ("head", {"0": AGAIN}, AGAIN),
        ("head", {"0": OTHER}, OTHER),
        ("head", {"0": STAGE}, ""),
        ("head", {"0": f"{STAGE}.0"}, ""),  # the first of a tuple there
        ("head", {"0": None}, ""),  # a copy, as a detached tensor is one
        ("head", {}, ""),
        ("(model)/add.0", {"0": OTHER, "1": STAGE}, ""),  # its operands in the other order
        ("(model)/add.0", {"0": AGAIN, "1": OTHER}, AGAIN),
    ],
)
def test_another_recorded_tensor_is_told_and_a_copy_is_none(
    path: str, its: dict[str, str | None], expected: str, tmp_path: Path
) -> None:
    assert instead(tmp_path, path, {"0": STAGE, "1": OTHER}, its) == expected


def test_of_a_parameter_nothing_istaken_instead() -> None:
    assert taken_instead(cast(ReferenceProbe, None), Consumer("head", 0, ("grad:head.weight",), True)) == ""

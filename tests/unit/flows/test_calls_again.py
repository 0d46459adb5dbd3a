"""A layer that the port calls once more on the same tensor is the cause of what that call leaves."""

from __future__ import annotations

import pytest

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.calls_again import told
from harness.trace import Record

NONE = Cause(False, "none of 27 hypotheses reproduces the port's tensor")


def records(*given: str) -> dict[str, Record]:
    """A stage with a norm in it that is called on each of these."""
    found: dict[str, str | None] = {"input:image": None, "layer:stem#0:out": None}
    for call, taken in enumerate(given):
        found[f"layer:stage#{call}:in.0"] = taken
        found[f"layer:stage.norm#{call}:in.0"] = taken
        found[f"layer:stage.norm#{call}:out"] = None
        found[f"layer:stage#{call}:out"] = f"layer:stage.norm#{call}:out"
    return {name: Record(name, (2, 3), "float32", "", alias) for name, alias in found.items()}


def cause_of(address: str, port: dict[str, Record], cause: Cause = NONE) -> Cause:
    source = Source(address, "backward", ["stage.norm"], "text")
    (found,) = told([source], [cause], records("layer:stem#0:out"), port)
    return found


TWICE = records("layer:stem#0:out", "layer:stem#0:out")


@pytest.mark.parametrize(
    "address", ["grad:stage.norm.weight", "state:stage.norm.running_mean", "layer:stage.norm#0:grad"]
)
def test_what_a_second_call_leaves_is_told(address: str) -> None:
    found = cause_of(address, TWICE)
    assert found.found
    assert found.sentence == (
        "stage is called 2 times in the port and once in the reference: call 1 is given again what call 0 is "
        "given, layer:stem#0:out. Its running statistics are updated once more, and its gradients come in "
        "parts."
    )
    assert found.culprits == ("stage.norm", "stage")


def test_a_missing_part_of_a_gradient_is_that_of_the_second_call() -> None:
    detached = Cause(True, "the port's gradient is the reference's without the part of next: it is detached.")
    assert "is given again what call 0" in cause_of("layer:stage.norm#0:grad", TWICE, detached).sentence
    other = Cause(True, "the port's gradient is twice the reference's.")
    assert cause_of("layer:stage.norm#0:grad", TWICE, other) == other


def test_nothing_is_told_of_other_tensors_layers_or_results() -> None:
    assert cause_of("grad:stage.norm.weight", records("layer:stem#0:out", "input:image")) == NONE
    assert cause_of("grad:stage.norm.weight", records("layer:stem#0:out")) == NONE
    assert cause_of("grad:head.weight", TWICE) == NONE
    assert cause_of("layer:stage.norm#0:out", TWICE) == NONE

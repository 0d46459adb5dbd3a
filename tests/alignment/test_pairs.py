"""Every built-in pair: the port computes what the reference computes, in every variant and mode.

A failure lists each layer that diverged, with its figures. Choose with -k, for instance -k l2sknet.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from harness import flows, pairs
from harness.alignment import Alignment
from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode, Pair
from harness.progress import Silent


def can_train(pair: Pair, variant: str) -> bool:
    """Whether a variant has a loss that training needs."""
    try:
        pair.draw_inputs(InputRequest(pair.variant(variant), "train", 0))
    except BadInput:
        return False
    return True


SIZES = ((64, 64), (96, 96))


def smallest_size(pair: Pair, variant: str, mode: Mode) -> tuple[int, int]:
    """The first of SIZES that a pair takes: assigning by place needs nine cells in every level."""
    for size in SIZES:
        with contextlib.suppress(BadInput):
            pair.draw_inputs(InputRequest(pair.variant(variant), mode, 0, size=size))
            return size
    raise AssertionError(f"{pair.name} {variant} takes none of {SIZES} in {mode}")


# The first variant of each pair is in the gate in evaluation, and of the lightest pair in training: every
# other one costs a cold Jittor some minutes, or the truth of its gradients does.
TRAINED_IN_THE_GATE = "l2sknet"


def marks(pair: str, place: int, mode: str) -> list[pytest.MarkDecorator]:
    """What the gate leaves out."""
    kept = place == 0 and (mode == "eval" or pair == TRAINED_IN_THE_GATE)
    return [] if kept else [pytest.mark.slow]


CASES = [
    pytest.param(
        pair.name,
        variant,
        mode,
        id=f"{pair.name}-{variant}-{mode}",
        marks=marks(pair.name, place, mode),
    )
    for pair in pairs.all_pairs()
    for place, variant in enumerate(pair.variants)
    for mode in ("eval", "train")
    if mode == "eval" or can_train(pair, variant)
]


def told(alignment: Alignment) -> str:
    """The sentence, then a line for each address that diverged."""
    lines = [alignment.sentence]
    lines += [
        f"  {row.address} [{row.type}]: {row.verdict.reason}"
        for row in alignment.rows
        if row.verdict.status == "diverged"
    ]
    return "\n".join(lines)


@pytest.mark.torch
@pytest.mark.jittor
@pytest.mark.parametrize(("model", "variant", "mode"), CASES)
def test_port_is_aligned(model: str, variant: str, mode: Mode, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model=model,
        variant=variant,
        mode=mode,
        input_size=smallest_size(pairs.find(model), variant, mode),
        output=tmp_path / "run",
        isolated="always",
        keep="none",
    )
    alignment = flows.compare(request, Silent())
    assert alignment.verdict == "aligned", told(alignment)
    compared = alignment.coverage["compared"]
    assert compared["layer"] + compared["operation"] > 50
    assert "Recording itself changes" not in alignment.sentence
    assert alignment.observer["torch"]["bitwise"]

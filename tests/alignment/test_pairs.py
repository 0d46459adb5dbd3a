"""Every built-in pair: the port computes what the reference computes, in every variant and mode.

Each case runs small and with workers that are already up. The slow ones also run each layer alone, on larger
inputs; the gate does so with the lightest pair, in evaluation.
A failure lists each layer that diverged, with its figures. Choose with -k, for instance -k l2sknet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness import flows, pairs
from harness.alignment import Alignment
from harness.errors import BadInput
from harness.flows.together import lend_workers
from harness.pairs.base import InputRequest, Mode, Pair
from harness.progress import Silent
from harness.session import Worker

pytestmark = [pytest.mark.torch, pytest.mark.jittor]

# The smallest first; a pair takes the first one that it can draw inputs of.
SIZES = ((64, 64), (96, 96))
QUICK_SIZES = {
    "eval": ((32, 32), *SIZES),
    "train": SIZES[-1:],
}  # smaller, norms over two values that may be equal drown most gradients: that is inconclusive
ALONE_IN_THE_GATE = ("l2sknet", "L2SKNet_UNet", "eval")  # the lightest; backward, each layer compiles anew
LEFT_TO_THE_FOLDER = {("cpanet", "train"), ("gold_yolo", "train")}  # backward, these two compile the most
QUICK_TIMEOUT = 600.0  # seconds an answer may take where all operators have to be compiled
# With seed 0 rounding turns over a unit there, which only layers that run alone tell from a fault.
QUICK_SEEDS = {("cpanet", "vgg16_sa", "train"): 1, ("cpanet", "vgg16_sa_ssa", "train"): 1}


def takes(pair: Pair, variant: str, mode: Mode, size: tuple[int, int] | None) -> bool:
    """Whether a pair draws inputs of this size; not all variants have a loss to train with."""
    try:
        pair.draw_inputs(InputRequest(pair.variant(variant), mode, 0, size=size))
    except BadInput:
        return False
    return True


def size_for(pair: Pair, variant: str, mode: Mode, sizes: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """The first size that a pair takes: assigning by place needs nine cells in every level."""
    for size in sizes:
        if takes(pair, variant, mode, size):
            return size
    raise AssertionError(f"{pair.name} {variant} takes none of {sizes} in {mode}")


CASES = [
    (pair.name, variant, mode)
    for pair in pairs.all_pairs()
    for variant in pair.variants
    for mode in ("eval", "train")
    if mode == "eval" or takes(pair, variant, "train", SIZES[-1])
]


def quick_marks(model: str, variant: str, mode: str) -> list[pytest.MarkDecorator]:
    """The gate runs the first variant of each pair; all of them run where this folder is named."""
    first = variant == pairs.find(model).variant(None).name and (model, mode) not in LEFT_TO_THE_FOLDER
    return [] if first else [pytest.mark.every_variant]


def marks(*case: str) -> list[pytest.MarkDecorator]:
    """What the gate leaves out of the runs with each layer alone."""
    return [] if case == ALONE_IN_THE_GATE else [pytest.mark.slow]


class Warm:
    """Workers of both sides that serve one comparison after the other; new ones after one that failed."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._held: Mapping[str, Worker] = {}

    def compare(self, request: flows.CompareRequest) -> Alignment:
        """Compare with the workers that are up; start them if there are none."""
        if not self._held:
            self._held = self._stack.enter_context(lend_workers(request.device, request.timeout))
        verdict = ""
        try:
            alignment = flows.compare(request, Silent(), workers=self._held)
            verdict = alignment.verdict
        finally:
            if verdict != "aligned":  # a worker may be lost, or its framework upset
                self.close()
        return alignment

    def close(self) -> None:
        """End them."""
        self._held = {}
        self._stack.close()


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    """The workers of the quick cases."""
    kept = Warm()
    yield kept
    kept.close()


def listed_failures(alignment: Alignment) -> str:
    """The sentence, then a line for each address that diverged."""
    lines = [alignment.sentence]
    lines += [
        f"  {row.address} [{row.type}]: {row.verdict.reason}"
        for row in alignment.rows
        if row.verdict.status == "diverged"
    ]
    return "\n".join(lines)


def assert_aligned(alignment: Alignment, mode: Mode) -> None:
    """All of it was compared, nothing diverged, and looking changed nothing."""
    assert alignment.verdict == "aligned", listed_failures(alignment)
    compared = alignment.coverage.compared
    assert compared["layer"] + compared["operation"] > 50
    assert (compared.get("grad", 0) > 10) == (mode == "train")
    assert "Recording itself changes" not in alignment.sentence
    assert alignment.observer["torch"].bitwise


@pytest.mark.parametrize(
    ("model", "variant", "mode"),
    [pytest.param(*case, id="-".join(case), marks=quick_marks(*case)) for case in CASES],
)
def test_a_small_run_is_aligned(model: str, variant: str, mode: Mode, warm: Warm, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model=model,
        variant=variant,
        mode=mode,
        input_size=size_for(pairs.find(model), variant, mode, QUICK_SIZES[mode]),
        seed=QUICK_SEEDS.get((model, variant, mode), 0),
        output=tmp_path / "run",
        isolated="never",
        keep="none",
        timeout=QUICK_TIMEOUT,
    )
    assert_aligned(warm.compare(request), mode)


@pytest.mark.parametrize(
    ("model", "variant", "mode"),
    [pytest.param(*case, id="-".join(case), marks=marks(*case)) for case in CASES],
)
def test_every_layer_is_aligned_alone_too(model: str, variant: str, mode: Mode, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model=model,
        variant=variant,
        mode=mode,
        input_size=size_for(pairs.find(model), variant, mode, SIZES),
        output=tmp_path / "run",
        isolated="always",
        keep="none",
    )
    assert_aligned(flows.compare(request, Silent()), mode)


@pytest.mark.fault
def test_workers_are_kept_until_a_comparison_fails(warm: Warm, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model="tests.faults.models.pair:PAIR", output=tmp_path / "a", keep="none", isolated="never"
    )
    assert warm.compare(request).verdict == "aligned"
    held = dict(warm._held)
    assert warm.compare(replace(request, output=tmp_path / "b")).verdict == "aligned"
    assert warm._held == held
    held["torch"].stop("the test ends it")
    warm.compare(replace(request, output=tmp_path / "c"))
    assert warm._held == {}
    assert warm.compare(replace(request, output=tmp_path / "d")).verdict == "aligned"

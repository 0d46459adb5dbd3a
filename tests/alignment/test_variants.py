"""Every variant of every pair has a case that runs unasked, in each of its modes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from harness import pairs
from tests import ROOT

DEPLOYED = tuple(f"{size}_{form}" for size in "nsml" for form in ("folded_blocks", "deployed"))
NOT_TRAINED = (
    "n_distill_ns",
    "s_distill_ns",
    *DEPLOYED,
)  # Gold-YOLO's heads that a teacher trains, folded norms


@pytest.mark.jittor
@pytest.mark.torch
def test_every_variant_has_a_quick_case_in_every_mode() -> None:
    command = [sys.executable, "-m", "pytest", "tests/alignment/test_pairs.py", "--collect-only", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    quick = re.findall(r"test_a_small_run_is_aligned\[(\w+)-(\w+)-(eval|train)\]$", done.stdout, re.MULTILINE)
    variants = {(pair.name, variant) for pair in pairs.all_pairs() for variant in pair.variants}
    evaluated = {(*variant, "eval") for variant in variants}
    trained = {(*variant, "train") for variant in variants if variant[1] not in NOT_TRAINED}
    assert set(quick) == evaluated | trained, done.stdout + done.stderr

"""Every variant of every pair has a case that runs unasked, in each of its modes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from harness import pairs
from tests import ROOT

NOT_TRAINED = ("n_distill_ns", "s_distill_ns")  # Gold-YOLO's heads that a teacher trains


@pytest.mark.jittor
@pytest.mark.torch
@pytest.mark.parametrize("model", pairs.names())
def test_every_variant_has_a_quick_case_in_every_mode(model: str) -> None:
    command = [sys.executable, "-m", "pytest", "tests/alignment", "-k", model, "--collect-only", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    kept = set(re.findall(rf"\[{model}-(\w+)-(eval|train)\]$", done.stdout, re.MULTILINE))
    assert kept, done.stdout + done.stderr
    pair = pairs.find(model)
    evaluated = {(variant, "eval") for variant in pair.variants}
    trained = {(variant, "train") for variant in pair.variants if variant not in NOT_TRAINED}
    assert kept == evaluated | trained

"""A side in an environment of another version, on an older Python: named by $ALIGN_TESTS_ENVIRONMENTS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import flows
from harness.choices import SIDES
from harness.environment.interpreter_info import facts_of
from harness.environment.interpreters import variable
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from tests import ROOT

NAMED = "ALIGN_TESTS_ENVIRONMENTS"
PYTHONS = [Path(name) for name in os.environ.get(NAMED, "").split(os.pathsep) if name]

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.jittor]


named = pytest.mark.skipif(not PYTHONS, reason=f"${NAMED} names no interpreters, with colons between them")


def start_with(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an interpreter run the side whose framework it has."""
    sides = [side for side in SIDES if side in facts_of(python).packages]
    assert sides, f"{python} has neither framework"
    for side in sides:
        monkeypatch.setenv(variable(side), str(python))


@named
@pytest.mark.timeout(3600)  # a core may have to be compiled
@pytest.mark.parametrize("python", PYTHONS, ids=str)
@pytest.mark.parametrize("model", [str(ROOT / "examples" / "tiny" / "tiny_pair.py"), "l2sknet"])
def test_a_side_of_another_version_is_compared(
    python: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_with(python, monkeypatch)
    request = flows.CompareRequest(model=model, output=tmp_path / "run", timeout=3000)
    alignment = flows.compare(request, Silent())
    assert alignment.verdict == "aligned", alignment.sentence


@named
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_a_side_of_another_version_goes_on_learning(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_with(python, monkeypatch)
    request = TrainRequest("l2sknet", input_size=(64, 64), steps=3, output=tmp_path / "run", timeout=3000)
    end = train(request, Silent()).end
    assert end is not None
    assert end.verdict == "aligned", end.sentence

"""Small pairs of kinds that the built-in models do not cover: sound ports in plain Jittor, never accused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import flows
from harness.flows.request import CompareRequest
from harness.pairs.base import Mode
from harness.progress import Silent

PAIRS = sorted((Path(__file__).parents[2] / "examples" / "zoo").glob("*_pair.py"))

pytestmark = [pytest.mark.torch, pytest.mark.jittor, pytest.mark.slow]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_sound_port_is_aligned(path: Path, mode: Mode, tmp_path: Path) -> None:
    request = CompareRequest(str(path), mode=mode, device="cpu", output=tmp_path / "run", keep="none")
    assert flows.compare(request, Silent()).verdict == "aligned"

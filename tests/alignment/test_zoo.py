"""Small pairs of kinds that the built-in models do not cover: sound ports are aligned, faulty ones are found.

The classifiers need torchvision, which lives in an environment of its own: $ALIGN_TORCH_PYTHON names it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness import flows
from harness.alignment import Alignment
from harness.flows.request import CompareRequest
from harness.flows.together import lend_workers
from harness.pairs.base import Mode
from harness.progress import Silent
from tests.mutants import zoo
from tests.mutants.zoo.pairs import FAULTS, Fault

pytestmark = [pytest.mark.torch, pytest.mark.jittor]
SOUND = sorted(path for path in zoo.FOLDER.glob("*_pair.py") if path.stem != "classifiers_pair")
IN_THE_GATE = ("dropping",)
MODES: tuple[Mode, ...] = ("eval", "train")
Compare = Callable[..., Alignment]


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compare]:
    """Comparisons on the CPU, all with the same two workers."""
    folder = tmp_path_factory.mktemp("zoo")
    with lend_workers("cpu", 300.0) as workers:

        def run(model: str, mode: Mode, variant: str | None = None) -> Alignment:
            output = folder / f"{Path(model).stem}-{variant}-{mode}"
            asked = CompareRequest(model, variant, mode=mode, device="cpu", output=output)
            return flows.compare(replace(asked, keep="none"), Silent(), workers=workers)

        yield run


def _case(pair: str, name: str, value: object, mode: Mode) -> object:
    """In training those of the gate, all with --slow."""
    marks = () if pair in IN_THE_GATE and mode == "train" else (pytest.mark.slow,)
    return pytest.param(value, mode, marks=marks, id=f"{name}-{mode}")


@pytest.mark.parametrize(
    ("path", "mode"),
    [_case(path.stem.removesuffix("_pair"), path.stem, path, mode) for path in SOUND for mode in MODES],
)
def test_a_sound_port_is_aligned(path: Path, mode: Mode, compare: Compare) -> None:
    alignment = compare(str(path), mode)
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.coverage.share == 1.0


@pytest.mark.parametrize(
    ("fault", "mode"), [_case(fault.pair, fault.variant, fault, "train") for fault in FAULTS]
)
def test_a_fault_is_found_where_it_is(fault: Fault, mode: Mode, compare: Compare) -> None:
    """In training, where the model itself would drop."""
    alignment = compare(fault.model, mode, fault.variant)
    assert alignment.verdict == "diverged", alignment.sentence
    named = [layer for source in alignment.sources for layer in source.layers]
    assert set(named) & set(fault.found), alignment.sentence


def test_every_pair_has_two_faults_at_least() -> None:
    counts = Counter(fault.pair for fault in FAULTS)
    assert set(counts) == {path.stem.removesuffix("_pair") for path in SOUND}
    assert min(counts.values()) >= 2


@pytest.fixture(scope="module")
def torchvision() -> None:
    """Skips where the reference's interpreter has no torchvision."""
    python = os.environ.get("ALIGN_TORCH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torchvision"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} has no torchvision; ALIGN_TORCH_PYTHON names an interpreter that has it")


@pytest.mark.slow
@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize(
    "variant", ["resnet18", "squeezenet1_1", "mobilenet_v2", "shufflenet_v2_x0_5", "densenet121"]
)
def test_classifiers_of_jittor_are_torchvisions_in_evaluation(variant: str, compare: Compare) -> None:
    alignment = compare(str(zoo.FOLDER / "classifiers_pair.py"), "eval", variant)
    assert alignment.verdict == "aligned", alignment.sentence
    whole = variant != "densenet121"  # which concatenates inside its layers
    assert (alignment.coverage.share == 1.0) is whole
    assert bool(alignment.coverage.inner) is not whole

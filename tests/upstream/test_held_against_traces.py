"""`align compare --reference TRACE`: both sides reproduce each trace of the upstream code."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from harness import flows, pairs
from harness.errors import BadInput
from harness.pairs.option import split
from harness.progress import Silent
from tests import shared_folder

FOLDER = shared_folder()
FILES = sorted(FOLDER.glob("upstream/*/*.h5")) if FOLDER else []
NOT_BUILT = {"cunet__eval"}  # LED's sister UltraLED has it alone
OURS = [file for file in FILES if file.parent.name in pairs.names() and file.stem not in NOT_BUILT]

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(FOLDER is None, reason="no folder ../shared with traces of the upstream code"),
]


IN_THE_GATE = ("l2sknet", "led")  # each with one trace of its first variant: the pairs that compile the least


def place(file: Path) -> int | None:
    """Which of its pair's variants a file is the trace of; None where it is no whole run of one.

    Only the file's head is read: this happens while tests are collected.
    """
    pair = pairs.find(file.parent.name)
    variants = list(pair.variants)
    with h5py.File(file) as held:
        run = "mode" in held.attrs and {"outputs", "loss"} & set(held)
        if not run or f"inputs/{pair.forward[0]}" not in held:
            return None
        variant, _ = split(pair.traced_variant(held.attrs))
    return variants.index(variant) if variant in variants else None


def of_model(model: str) -> list[Path]:
    """The traces of a model, those of its first variant first."""
    places = {file: place(file) for file in OURS if file.parent.name == model}
    return sorted((file for file in places if places[file] is not None), key=lambda file: places[file] or 0)


@pytest.mark.jittor
@pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            file,
            id=f"{model}-{file.stem}",
            marks=[] if place == 0 and model in IN_THE_GATE else pytest.mark.slow,
        )
        for model in pairs.names()
        for place, file in enumerate(of_model(model))
    ],
)
def test_both_sides_reproduce_the_trace(file: Path, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model=file.parent.name, reference=str(file), output=tmp_path / "run", keep="none"
    )
    alignment = flows.compare(request, Silent())
    assert alignment.exit_code == 0, alignment.sentence
    assert {one.side: one.verdict for one in alignment.against_stored} == {
        "torch": "aligned",
        "jittor": "aligned",
    }


@pytest.mark.parametrize("name", ["loss", "nms", "ops", "n_sgd3"])
def test_file_that_is_no_run_is_refused(name: str, tmp_path: Path) -> None:
    assert FOLDER is not None
    file = FOLDER / "upstream" / "gold_yolo" / f"{name}.h5"
    request = flows.CompareRequest(model="l2sknet", reference=str(file), output=tmp_path / "run")
    with pytest.raises(BadInput, match="not a trace of a run"):
        flows.compare(request, Silent())


def test_trace_of_another_model_is_refused(tmp_path: Path) -> None:
    assert FOLDER is not None
    file = FOLDER / "upstream" / "led" / "unet__eval.h5"
    request = flows.CompareRequest(model="l2sknet", reference=str(file), output=tmp_path / "run")
    with pytest.raises(BadInput, match="is a trace of 'led', not of l2sknet"):
        flows.compare(request, Silent())

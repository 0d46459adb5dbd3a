"""In training, while dropout drops: sound ports are aligned, and faults in or beside a dropout are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from harness import flows
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.flows.explain import add_causes
from harness.progress import Silent
from tests.mutants.dropping.pair import FAULTS, NAMES
from tests.mutants.in_this_process import Compare, comparing, request
from tests.mutants.side_by_side import OwnPort, lend_workers

pytestmark = pytest.mark.torch
DRAWS = {
    "mlp": 1,
    "functional": 1,
    "channels": 1,
    "encoder": 4,
    "recurrent": 0,
    "path": 1,
    "reversed": 1,
    "moved": 1,
    "residual": 2,
}
IN_KERNEL = "lstm draws inside its kernel, which takes no mask"
# The layer that makes the error, or is given it by a function that is none.
PLACES = {
    "mlp relu": "drop", "mlp scaled": "last", "mlp eps": "norm", "mlp rate": "drop", "mlp missing": "last",
    "mlp unscaled": "drop", "mlp before": "(model)/gelu.0",
    "functional relu": "last", "functional scaled": "last", "functional rate": "last",
    "functional missing": "last", "functional before": "(model)/gelu.0",
    "channels scaled": "last", "channels rate": "drop", "channels missing": "last",
    "channels elements": "drop",
    "encoder relu": "inner.dropout", "encoder eps": "inner.norm1", "encoder rate": "inner.self_attn",
    "encoder attention": "inner.self_attn",
    "recurrent scaled": "last",
    "path scaled": "(model)/add.0", "path missing": "(model)/add.0", "path rate": "path/mul.0",
    "path unscaled": "path/mul.1", "path elements": "path/mul.0",
    "reversed scaled": "(model)/add.0", "reversed missing": "(model)/add.0", "reversed rate": "path/mul.0",
    "residual rate": "(model)/div.0", "residual unscaled": "(model)/div.0",
    "reversed unscaled": "path/mul.1", "reversed elements": "path/mul.0",
}  # fmt: skip


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compare]:
    """A comparison of one variant."""
    with comparing("tests.mutants.dropping.pair:PAIR", tmp_path_factory.mktemp("dropping"), "shared") as run:
        yield run


@pytest.mark.parametrize("name", DRAWS)
def test_a_sound_port_is_aligned_while_dropout_drops(name: str, compare: Compare) -> None:
    alignment = compare(name, "train")
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.coverage.dropout.shared == DRAWS[name]
    assert alignment.observer["torch"].bitwise
    off = [(gap.address, gap.why) for gap in alignment.coverage.dropout.off]
    assert off == ([("inner", IN_KERNEL)] if name == "recurrent" else [])


@pytest.mark.parametrize("name", PLACES)
def test_a_fault_is_found_in_its_place(name: str, compare: Compare) -> None:
    alignment = compare(name, "train")
    assert alignment.verdict == "diverged", alignment.sentence
    assert alignment.first is not None
    layers = {path for source in alignment.sources for path in source.layers}
    assert alignment.first.startswith(f"layer:{PLACES[name]}#") or PLACES[name] in layers, alignment.sentence


def test_the_rate_is_named_because_a_repeated_call_draws_the_same(tmp_path: Path) -> None:
    with lend_workers("cpu", 60.0, OwnPort) as held:
        asked = request("tests.mutants.dropping.pair:PAIR", "mlp rate", "train", tmp_path / "run", "shared")
        with comparison(asked, Silent(), cast(Workers, held)) as live:
            compared = compare_live(live)
            add_causes(compared, None, 60.0)
    (source,) = compared.alignment.sources
    assert source.address == "layer:drop#0:out"
    assert source.cause == "the port's output equals the reference computed with p=0.3."


def test_a_dropout_that_drops_in_evaluation_is_found(compare: Compare) -> None:
    assert compare("functional", "eval").verdict == "aligned"
    assert compare("functional always", "eval").verdict == "diverged"


def test_every_fault_has_a_place() -> None:
    assert {f"{model} {fault}" for model, faults in FAULTS.items() for fault in faults} == {
        *PLACES,
        "functional always",
    }


@pytest.mark.jittor
@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "moved"])
def test_a_port_in_jittor(name: str, tmp_path: Path) -> None:
    asked = flows.CompareRequest(
        model="tests.mutants.dropping.pair:IN_JITTOR",
        variant=name,
        mode="eval" if name == "functional always" else "train",
        output=tmp_path / "run",
        keep="none",
        dropout="shared",
    )
    alignment = flows.compare(asked, Silent())
    assert alignment.verdict == ("aligned" if name in DRAWS else "diverged"), alignment.sentence

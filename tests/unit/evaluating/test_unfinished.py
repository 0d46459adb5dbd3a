"""What an evaluation keeps to go on from: every meter does so to the bit, and damage is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.evaluating.evidence import OutputRange
from harness.evaluating.result import NAME as RESULT
from harness.evaluating.unfinished import NAME, Unfinished
from harness.flows.evaluate_request import EvaluateRequest
from harness.pairs import find
from harness.pairs.base import Arrays, DataRequest, Meter, Pair
from harness.training.metrics import SplitMetrics
from harness.training.source import open_source
from tests.unit.evaluating.samples import made
from tests.unit.evaluating.test_pictures import outputs_of

COUNT = 6


def taken(pair: Pair, found: SplitMetrics, first: int, last: int) -> SplitMetrics:
    """Metrics that have seen some more samples."""
    source = open_source(pair, DataRequest(pair.variant(None), "val", size=(64, 64), limit=COUNT), 1, 0)
    for index in range(first, last):
        inputs = source.read([index], 0)
        found.add(outputs_of(pair.name, inputs), inputs)
    return found


@pytest.mark.parametrize(
    ("name", "own"),
    [*((name, True) for name in ("l2sknet", "cpanet", "gold_yolo", "led")), ("l2sknet", False)],
)
def test_metrics_go_on_as_if_nothing_had_happened(name: str, own: bool) -> None:
    pair = find(name)
    if not own:  # then the means of what the pair's `metrics` gives
        pair = type(pair)(**{**vars(pair), "meter": None})
    new = [SplitMetrics(pair, pair.variant(None), "torch") for _ in range(3)]
    whole = taken(pair, new[0], 0, COUNT)
    kept = taken(pair, new[1], 0, COUNT // 2).kept()
    assert kept is not None
    new[2].take_up(json.loads(json.dumps(kept)))
    again = taken(pair, new[2], COUNT // 2, COUNT)
    assert again.figures() == whole.figures()
    assert whole.figures()
    assert again.samples == whole.samples
    assert (again.steps(), again.empty()) == (whole.steps(), whole.empty())


@pytest.mark.parametrize("name", ["l2sknet", "cpanet", "gold_yolo"])
@pytest.mark.parametrize("kept", [{}, {"samples": []}, {"samples": [], "own areas": [1.0]}])
def test_metrics_that_do_not_fit_are_refused(name: str, kept: dict[str, list[float]]) -> None:
    pair = find(name)
    with pytest.raises(BadInput, match="does not fit"):
        SplitMetrics(pair, pair.variant(None), "torch").take_up(kept)


def unfinished() -> Unfinished:
    """Three samples that were seen."""
    request = EvaluateRequest("l2sknet", data=Path("data"), input_size=(8, 8), output=Path("x"))
    return Unfinished(
        request=request.to_dict(), next=3, rows=made().samples, broken=made().broken,
        metrics={"torch": {"samples": [0.5]}}, ranges={"torch": OutputRange({"0": 0.0}, {"0": 1.0}, ["1"])},
        allowed=({"0": [1e-6]}, {"0": [1e-5]}), measured=1,
    )  # fmt: skip


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    for _ in range(2):  # it takes the place of an older one
        unfinished().save(tmp_path)
    assert Unfinished.load(tmp_path) == unfinished()
    request = EvaluateRequest.from_dict(unfinished().request, "it")
    assert request == EvaluateRequest("l2sknet", data=Path("data").resolve(), input_size=(8, 8))


@pytest.mark.parametrize(
    "change",
    [{"model": 1}, {"weights": None}, {"bogus": 1}, {"limit": "x"}, {"input_size": [1]}, {"data": 3}],
)
def test_a_request_that_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="it does not tell what was evaluated"):
        EvaluateRequest.from_dict({**unfinished().request, **change}, "it")


def test_what_a_file_names_is_neither_run_nor_read() -> None:
    asked = EvaluateRequest("l2sknet", weights="w.pt", data=Path("data"))
    told = EvaluateRequest.from_dict(asked.to_dict(), "it")
    with pytest.raises(BadInput, match=r"no path in a file is read: add --weights .*w\.pt"):
        told.named_again({}, "it")
    with pytest.raises(BadInput, match=r"add --data"):
        told.named_again({"weights": "w.pt"}, "it")
    with pytest.raises(BadInput, match=r"was begun with .* as --data"):
        told.named_again({"weights": "w.pt", "data": Path("other")}, "it")
    with pytest.raises(BadInput, match=r"was begun with nothing as --port-weights"):
        told.named_again({"weights": "w.pt", "data": Path("data"), "port_weights": "x"}, "it")
    again = f" --weights {Path('w.pt').resolve()} --data {Path('data').resolve()}"
    assert told.flags_again() == again
    assert EvaluateRequest("own.py").flags_again() == " --model own.py"
    named = told.named_again({"weights": "w.pt", "data": Path("data"), "model": None}, "it")
    assert named == asked
    with pytest.raises(BadInput, match="Nothing that a file names is run"):
        EvaluateRequest("evil.py").named_again({}, "it")
    assert EvaluateRequest("own.py").named_again({"model": "own.py"}, "it").model == "own.py"


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "align-unfinished-evaluation", "version": 9}'])
def test_what_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(BadInput, match="is no unfinished evaluation"):
        Unfinished.load(tmp_path)


def test_an_evaluation_that_has_come_to_its_end_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        Unfinished.load(tmp_path)
    made().save(tmp_path / RESULT)
    with pytest.raises(BadInput, match="has come to its end"):
        Unfinished.load(tmp_path)


def test_a_meter_that_keeps_figures_has_to_take_them_up() -> None:
    class Half(Meter):
        def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
            return []

        def figures(self) -> dict[str, float]:
            return {}

    with pytest.raises(BadInput, match="Half keeps figures, and has no `take_up`"):
        Half().take_up({})

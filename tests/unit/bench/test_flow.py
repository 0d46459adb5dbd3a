"""The order of a measurement, with workers that only pretend: what is refused when, and what is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest

from harness import pairs
from harness.answers import BlockTimed, Identity, LayersTimed, TimingStarted
from harness.bench.result import Bench, Contestant, Memory
from harness.case import Case
from harness.errors import BadInput
from harness.flows import bench_subject
from harness.flows.bench import bench
from harness.flows.bench_jobs import against_themselves
from harness.flows.bench_request import BenchRequest
from harness.pairs.base import Pair
from harness.progress import Silent
from harness.session import ModelFailed
from harness.trace import TraceWriter
from tests import ROOT

TINY = str(ROOT / "examples" / "tiny" / "tiny_pair.py")
SECONDS = {"torch": 0.010, "jittor": 0.020}
REQUEST = BenchRequest(TINY, modes=("eval",), batches=(2,), device="cpu")


class Pretended:
    """A worker whose calls take what a table says; `done` is all that was asked of any."""

    done: list[tuple[str, str]] = []  # noqa: RUF012 (emptied for every test)
    settings: dict[str, dict[str, str]] = {}  # noqa: RUF012
    failing = ""

    def __init__(self, contestant: Contestant, case: Case, folder: Path, timeout: float, number: int) -> None:
        self.contestant, self.case = contestant, case

    def _note(self, what: str) -> None:
        Pretended.done.append((self.contestant.label, what))

    def __enter__(self) -> Pretended:
        self._note("enter")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note("exit")

    def identity(self) -> Identity:
        side = self.contestant.side
        return Identity(side, "3", "python", "x86_64", {side: "1"}, "cpu", "cpu", "2", 0, "")

    def build(self, pair: Pair, state: Path) -> None:
        self._note("build")

    def start(self, inputs: Path, outputs: str, dtype: str = "float32") -> TimingStarted:
        self._note("start")
        if Pretended.failing in self.contestant.switches:
            raise ModelFailed("no such operator. More words")
        if outputs:
            with TraceWriter(Path(outputs), {"kind": "output"}) as writer:
                writer.add(
                    "output:0", np.ones((2, 1, 32, 32), np.float64 if dtype == "float64" else np.float32)
                )
        told = {"threads": "2", "amp": "off", **Pretended.settings.get(self.contestant.label, {})}
        return TimingStarted(1.0, 3, told)

    def warm_up(self, seconds: float) -> bool:
        self._note("warm up")
        return True

    def time_block(self, seconds: float) -> BlockTimed:
        self._note("time")
        return BlockTimed({"forward": [SECONDS[self.contestant.side]] * 3})

    def time_layers(self) -> LayersTimed:
        return LayersTimed({"conv": SECONDS[self.contestant.side]}, {}, {"conv": "Conv2d"})

    def dismiss(self) -> None:
        """Nothing runs."""

    def memory(self) -> Memory:
        return Memory(100 << 20, None)


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started."""
    Pretended.done, Pretended.settings, Pretended.failing = [], {}, "none"
    monkeypatch.setattr(bench_subject, "TimedWorker", Pretended)


def measured(change: Callable[[BenchRequest], BenchRequest] = lambda request: request, **given: Any) -> Bench:
    """The request, changed."""
    return bench(change(REQUEST), Silent(), **given)


def test_the_port_that_takes_twice_as_long() -> None:
    found = measured(lambda request: dataclasses.replace(request, layers=True))
    (row,) = found.rows
    assert row.ratio.value == pytest.approx(2.0)
    assert row.ratio.verdict == "slower"
    assert row.first.memory.peak == 100 << 20
    assert [layer.path for layer in found.layers[0].rows] == ["conv"]
    assert all(total.reconciles for total in found.layers[0].totals)
    assert found.versions == {"torch": {"torch": "1"}, "jittor": {"jittor": "1"}}
    entered = [label for label, what in Pretended.done if what == "enter"]
    assert entered.count("jittor") == len(row.rounds) + 1  # one for the layers


def test_unequal_settings_are_refused_before_anything_is_timed() -> None:
    Pretended.settings = {"jittor": {"threads": "1"}}
    with pytest.raises(BadInput, match="threads is 2 for torch and 1 for jittor"):
        measured()
    assert not {"warm up", "time"} & {what for _, what in Pretended.done}
    found = measured(lambda request: dataclasses.replace(request, allow_unequal=True))
    assert found.unequal == ["threads is 2 for torch and 1 for jittor"]


def test_each_switch_alone_and_all_together_with_their_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    def metrics(outputs: Any, inputs: Any) -> dict[str, float]:
        return {"mean": float(np.mean(outputs["0"]))}

    pair = dataclasses.replace(pairs.find(TINY), metrics=metrics)
    monkeypatch.setattr("harness.pairs.find", lambda model: pair)
    Pretended.failing = "compile"
    found = measured(lambda request: dataclasses.replace(request, ablate=True, metric=True, limit=2))
    labels = [row.second.contestant.label for row in found.rows]
    assert "torch + inference_mode" in labels
    assert ("torch", "compile") in {(idle.side, idle.name) for idle in found.idle}
    (why,) = {idle.why for idle in found.idle if idle.name == "compile"}
    assert why == "fails here: no such operator"
    assert all(row.second.metric == {"mean": 1.0} for row in found.rows)
    assert found.data == "synthetic"


def test_a_metric_that_a_pair_does_not_have_is_refused() -> None:
    with pytest.raises(BadInput, match="tiny declares no metrics"):
        measured(lambda request: dataclasses.replace(request, metric=True))
    with pytest.raises(BadInput, match="--data takes the metric in evaluation"):
        measured(lambda request: dataclasses.replace(request, metric=True, modes=("train",)))
    with pytest.raises(BadInput, match="--limit counts the samples of --data"):
        measured(lambda request: dataclasses.replace(request, limit=3))
    assert not Pretended.done


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"variant": "wide"}, "another variant"),
        ({"modes": ("train",)}, "no row train, batch 2"),
        ({"batches": (4,)}, "no row eval, batch 4"),
        ({"input_size": (64, 64)}, "no row eval, batch 2, 64x64"),
        ({"ablate": True}, "no row eval, batch 2, usual size, torch \\+ with_graph / torch"),
    ],
)
def test_a_baseline_of_something_else_is_refused_before_anything_runs(
    change: dict[str, Any], said: str
) -> None:
    old = measured()
    Pretended.done = []
    with pytest.raises(BadInput, match=said):
        measured(lambda request: dataclasses.replace(request, **change), baseline=old)
    elsewhere = dataclasses.replace(old, machine=dataclasses.replace(old.machine, processor="another"))
    with pytest.raises(BadInput, match="another machine"):
        measured(baseline=elsewhere)
    assert not Pretended.done
    assert measured(baseline=old).rows


def test_a_baseline_of_other_versions_or_settings_is_refused_before_anything_is_timed() -> None:
    old = measured()
    for changed, said in (
        (
            dataclasses.replace(old, versions={"torch": {"torch": "0"}, "jittor": {}}),
            "another version of torch",
        ),
        (old, "another setting of torch"),
    ):
        Pretended.done = []
        Pretended.settings = {label: {"threads": "1"} for label in ("torch", "jittor")}
        with pytest.raises(BadInput, match=said):
            measured(baseline=changed)
        assert not {"warm up", "time"} & {what for _, what in Pretended.done}


def test_a_side_against_itself_is_the_same() -> None:
    found = measured(plan=against_themselves)
    assert [row.ratio.verdict for row in found.rows] == ["same", "same"]
    assert [row.second.contestant.label for row in found.rows] == ["torch again", "jittor again"]

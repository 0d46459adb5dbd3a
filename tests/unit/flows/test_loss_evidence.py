"""How near a change of a loss must come, which gradient confirms it, and what only chooses; all in numpy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.answers import LossListed, LossOperation, LossTried
from harness.flows import loss_evidence
from harness.flows.loss_trials import LossTrials
from harness.flows.reference_probe import ReferenceProbe, TimeLimit
from harness.requests import Edit, ListLoss, Load
from harness.trace import TraceWriter

SCORES = np.array([0.9, 0.2, 0.7, 0.4])
VALUES = np.array([1.0, 2.0, 3.0, 4.0])
SQUARE = "", [Edit("topk.0", "before", function="square")]
NEGATED = "", [Edit("topk.0", "before", function="neg")]
TWICE = "", [Edit("sum.0", "times", value=2.0)]


class Trace:
    """The records of a run."""

    def __init__(self, **arrays: Any) -> None:
        self.records = {name.replace("__", ":"): np.array(array) for name, array in arrays.items()}

    def array(self, address: str) -> Any:
        return self.records[address]


def row(address: str, order: int = 0, status: str = "diverged") -> Any:
    verdict = SimpleNamespace(status=status)
    return SimpleNamespace(
        address=address, order=order, found="both", isolated=SimpleNamespace(verdict=verdict)
    )


def known(reference: Trace, isolated: Trace, *rows: Any) -> tuple[ReferenceProbe, Alignment]:
    probe = SimpleNamespace(reference=reference, isolated=isolated)
    return cast(ReferenceProbe, probe), cast(Alignment, SimpleNamespace(rows=rows))


def room(reference: float, port: float, status: str = "diverged") -> float:
    asked = known(Trace(loss__total=reference), Trace(loss__total=port), row("loss:total", status=status))
    return loss_evidence.wanted_losses(*asked).room["total"]


def test_a_large_difference_leaves_the_room_of_rounding_and_a_small_one_a_share_of_itself() -> None:
    assert room(1.0, 2.0) == pytest.approx(8e-6 * 2.0)
    assert room(1.0, 1.0 + 2e-5) == pytest.approx(2e-6, rel=1e-3)
    assert room(1.0, 1.0 + 1e-6) == pytest.approx(5e-7, rel=1e-3)  # not less than noise
    assert room(1.0, 1.0 + 2e-6, "aligned") == pytest.approx(8e-6, rel=1e-3)


def test_what_the_port_left_out_is_the_references() -> None:
    asked = known(Trace(loss__total=3.0), Trace(), row("loss:total", status="aligned"))
    assert loss_evidence.wanted_losses(*asked).port == {"total": 3.0}


def test_the_last_wrong_gradient_confirms_and_else_the_last_right_one() -> None:
    reference = Trace(**{"layer__a#0__grad": [1.0, 2.0], "layer__b#0__grad": [3.0, 4.0]})
    port = Trace(**{"layer__a#0__grad": [1.0, 2.5]})
    rows = [row("layer:a#0:grad", 1), row("layer:b#0:grad", 2, "aligned")]
    (wrong,) = loss_evidence.gradients_of_loss(*known(reference, port, *rows))
    assert wrong.address == "layer:a#0:grad"
    assert list(wrong.port) == [1.0, 2.5]
    (right,) = loss_evidence.gradients_of_loss(*known(reference, Trace(), rows[1]))
    assert list(right.port) == [3.0, 4.0]  # what is left out is the reference's
    assert loss_evidence.gradients_of_loss(*known(Trace(), Trace())) == []


class WithResults(Trace):
    """The records of a run whose model returns what `a` and `b` make; `b` is taken by a layer as well."""

    def __init__(self) -> None:
        super().__init__(**{f"layer__{name}#0__grad": [1.0, 2.0] for name in "abc"})
        aliases = {"layer:(model)#0:out.a": "layer:a#0:out", "layer:(model)#0:out.b": "layer:b#0:out"}
        aliases["layer:c#0:in.0"] = "layer:b#0:out"
        self.records |= {name: SimpleNamespace(alias=alias) for name, alias in aliases.items()}


def test_gradients_of_results_that_only_the_loss_takes_confirm_as_well() -> None:
    rows = [
        row("layer:a#0:grad", 1, "aligned"),
        row("layer:b#0:grad", 2, "aligned"),
        row("layer:c#0:grad", 3),
    ]
    found = loss_evidence.gradients_of_loss(*known(WithResults(), Trace(), *rows))
    assert [one.address for one in found] == ["layer:c#0:grad", "layer:a#0:grad"]


class Confirming:
    """A worker that gives one gradient at one address, and another one elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wanted = folder, ""

    def call(self, request: Any) -> Any:
        if isinstance(request, Load):
            return None
        if isinstance(request, ListLoss):
            self.wanted = request.gradient_of
            return LossListed([])
        path = self.folder / "tried.h5"
        with TraceWriter(path, {"trial": 0}) as writer:
            writer.add("grad:wanted", np.array([1.0, 2.0 if self.wanted == "layer:a#0:out" else 3.0]))
        return [LossTried({"total": 1.0}, str(path)) for _ in request.trials]


def test_a_change_counts_only_where_all_gradients_come_out(tmp_path: Path) -> None:
    probe = SimpleNamespace(
        worker=Confirming(tmp_path),
        inputs=tmp_path,
        state=tmp_path,
        mode="train",
        scratch=tmp_path,
        limit=TimeLimit(),
    )
    trials = LossTrials(cast(ReferenceProbe, probe))
    one, other = (loss_evidence.Gradient(f"layer:{name}#0:grad", np.array([1.0, 2.0]), 1e-6) for name in "ab")
    assert loss_evidence.confirmed(trials, [one], [TWICE]) == [TWICE]
    assert loss_evidence.confirmed(trials, [one, other], [TWICE]) == []


class Reference:
    """A worker whose loss adds up the values of the two best."""

    def call(self, request: Any) -> Any:
        assert not isinstance(request, Load)
        return [self._made(*edits) for edits in request.trials]

    def _made(self, edit: Edit) -> LossTried:
        scores, factor = SCORES, 1.0
        if edit.path == "topk.0":
            scores = scores * edit.value[0]
        else:
            factor = edit.value
        return LossTried({"total": factor * float(VALUES[np.argsort(-scores)[:2]].sum())})


def test_a_function_of_what_is_only_chosen_by_is_no_evidence_and_its_sign_is() -> None:
    place = Path("nowhere")
    limit = TimeLimit()
    probe = SimpleNamespace(
        worker=Reference(), inputs=place, state=place, mode="train", scratch=place, limit=limit
    )
    trials = LossTrials(cast(ReferenceProbe, probe))
    found = loss_evidence.without_choices(trials, {"total": 4.0}, [SQUARE, NEGATED, TWICE])
    assert found == [NEGATED, TWICE]


def test_what_only_chooses_is_told_from_what_counts() -> None:
    place, limit = Path("nowhere"), TimeLimit()
    probe = SimpleNamespace(
        worker=Reference(), inputs=place, state=place, mode="train", scratch=place, limit=limit
    )
    trials = LossTrials(cast(ReferenceProbe, probe))
    operations = [LossOperation(f"{kind}.0", kind, {}, [], 1, 1, [4]) for kind in ("topk", "sum")]
    count = "", [Edit("topk.0", "argument", name="1", value=3)]
    slip = "", [Edit("code.py:1", "code", value=[[0, 1, ""]])]
    found = [
        loss_evidence.only_choose(trials, {"total": 4.0}, met, operations)
        for met in ([count], [count, TWICE], [count, slip])
    ]
    assert found == [True, False, False]


def test_what_explains_a_gradient_alone_hardly_changes_the_losses() -> None:
    reference = cast(Any, Trace(loss__total=2.0))
    assert loss_evidence.is_slight(reference, LossTried({"total": 2.01}))
    assert not loss_evidence.is_slight(reference, LossTried({"total": 2.5}))
    assert not loss_evidence.is_slight(reference, LossTried({"total": 2.0}))  # nor can a gradient change

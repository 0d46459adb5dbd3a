"""A port that computes the same by another formula is told from an error that does not show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.alignment import Alignment
from harness.comparing import compare, conclude, differs_inside, needed, needed_inputs, rejudge, trials
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy

Array = NDArray[np.float32]
RNG = np.random.default_rng(0)
U, NEW, STATE = (RNG.uniform(0.1, 0.9, (3, 4)).astype(np.float32) for _ in range(3))
SUB, ADDED = "layer:cell/sub.0#0:out", "layer:cell/add.0#0:in.0"


def written(path: Path, sub: Array, terms: tuple[Array, Array], out: Array) -> Trace:
    """A cell that mixes two values: a difference, a sum of two terms, and what it returns."""
    with TraceWriter(path, {"side": path.stem, "layers": "all"}) as trace:
        trace.add("input:u", U)
        trace.add("input:new", NEW)
        trace.alias("layer:cell#0:in.0", "input:u", "Cell")
        trace.add(SUB, sub, "sub")
        products = [term for term in terms if term is not NEW]
        for place, product in enumerate(products):
            trace.add(f"layer:cell/mul.{place}#0:out", product, "mul")
        for place, term in enumerate(terms):
            made = next((i for i, product in enumerate(products) if product is term), None)
            name = "input:new" if made is None else f"layer:cell/mul.{made}#0:out"
            trace.alias(f"layer:cell/add.0#0:in.{place}", name, "add")
        trace.add("layer:cell/add.0#0:out", out, "add")
        trace.alias("layer:cell#0:out", "layer:cell/add.0#0:out", "Cell")
        trace.alias("output:0", "layer:cell/add.0#0:out")
    return Trace.open(path)


def reference(folder: Path) -> Trace:
    return written(folder / "torch.h5", 1 - U, ((1 - U) * NEW, U * STATE), (1 - U) * NEW + U * STATE)


def port(folder: Path, sub: Array = STATE - NEW) -> Trace:
    return written(folder / "jittor.h5", sub, (NEW, U * (STATE - NEW)), NEW + U * (STATE - NEW))


def judged(ours: Trace, its: Trace) -> Alignment:
    return compare(ours, its, policy=FixedPolicy())


def test_what_the_port_needs_as_it_is_is_an_inner_difference(tmp_path: Path) -> None:
    with reference(tmp_path) as ours, port(tmp_path) as its:
        alignment = judged(ours, its)
        assert alignment.verdict == "diverged"
        assert differs_inside(alignment.rows)
        (trial,) = trials(alignment, ours)
        assert list(trial.tried) == [SUB]
        # with the reference's difference, the port's sum is wrong
        broken = written(tmp_path / "forced.h5", STATE - NEW, (NEW, U * (1 - U)), NEW + U * (1 - U))
        with broken as forced:
            found = needed(trial, ours, forced)
        assert found == [SUB]
        found += needed_inputs(alignment.rows, its, ours)
        assert found == [SUB, ADDED, "layer:cell/add.0#0:in.1"]
    alignment.coverage.needed = found
    conclude(alignment, FixedPolicy())
    assert alignment.verdict == "aligned"
    assert alignment.row(SUB).verdict.status == "inner"
    assert "the port's formula needs its own" in alignment.row(SUB).verdict.reason
    stored = Alignment.from_json(alignment.to_json())
    assert rejudge(stored, FixedPolicy()).verdict == "aligned"


def test_a_wrong_value_that_nothing_depends_on_stays_diverged(tmp_path: Path) -> None:
    with reference(tmp_path) as ours, port(tmp_path) as its:
        alignment = judged(ours, its)
        (trial,) = trials(alignment, ours)
        with written(
            tmp_path / "forced.h5", 1 - U, (NEW, U * (STATE - NEW)), NEW + U * (STATE - NEW)
        ) as forced:
            assert "layer:cell#0:out" in trial.seen
            assert needed(trial, ours, forced) == []
    alignment.coverage.needed = [ADDED, "layer:cell/add.0#0:in.1"]
    conclude(alignment, FixedPolicy())
    assert alignment.verdict == "diverged"
    assert alignment.row(ADDED).verdict.status == "diverged"


def test_nothing_is_asked_where_an_output_differs(tmp_path: Path) -> None:
    wrong = NEW + U * (STATE - NEW) + 1
    other = written(tmp_path / "jittor.h5", STATE - NEW, (NEW, U * (STATE - NEW)), wrong)
    with reference(tmp_path) as ours, other as its:
        assert not differs_inside(judged(ours, its).rows)


def operation(path: Path, name: str, given: tuple[Array, ...], out: Array) -> Trace:
    """One operation whose inputs come from layers before it."""
    with TraceWriter(path, {"side": path.stem, "layers": "all"}) as trace:
        for place, array in enumerate(given):
            trace.add(f"layer:made{place}#0:out", array, "Made")
            trace.alias(f"layer:(model)/{name}.0#0:in.{place}", f"layer:made{place}#0:out", name)
        trace.add(f"layer:(model)/{name}.0#0:out", out, name)
        trace.alias("output:0", f"layer:(model)/{name}.0#0:out")
    return Trace.open(path)


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


DEAD = np.where(U > 0.5, U, 0).astype(np.float32)
CASES = {
    "regrouped factors": ("mul", (U, NEW * STATE), (U * NEW, STATE), U * NEW * STATE, ["in.0", "in.1"]),
    "a factor where the other is zero": ("mul", (DEAD, NEW), (DEAD, NEW + (DEAD == 0)), DEAD * NEW, []),
    "a softmax of moved scores": ("softmax", (NEW,), (NEW + 3,), softmax(NEW), ["in.0"]),
    "a ReLU of other negative values": ("relu", (-U,), (-NEW,), np.zeros_like(U), []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_an_operation_that_returns_the_same_of_other_things_needs_them_where_nothing_hides(
    case: tuple[str, tuple[Array, ...], tuple[Array, ...], Array, list[str]], tmp_path: Path
) -> None:
    name, right, given, out, wanted = case
    other = operation(tmp_path / "jittor.h5", name, given, out)
    with operation(tmp_path / "torch.h5", name, right, out) as ours, other as its:
        found = needed_inputs(judged(ours, its).rows, its, ours)
    assert [address.partition(":")[2].partition(":")[2] for address in found] == wanted

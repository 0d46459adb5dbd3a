"""The order in which both sides call two layers tells which of them comes at another place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows import call_orders
from harness.trace import Record
from tests.unit.flows.forced import flow_of

OURS = ["layer:conv#0:out", "layer:norm#0:out", "layer:act#0:out", "layer:head#0:out"]
ITS = ["layer:conv#0:out", "layer:act#0:out", "layer:norm#0:out", "layer:head#0:out"]


def told(
    folder: Path,
    sources: Sequence[Source],
    causes: Sequence[Cause],
    ours: Mapping[str, Record],
    its: Iterable[str],
    **given: str,
) -> list[Cause]:
    """What is told where layers run alone are given what the causes say, and some more by path."""
    alone = {
        source.address: cause.taken for source, cause in zip(sources, causes, strict=True) if cause.taken
    }
    alone |= {f"layer:{path}#0:in.0": taken for path, taken in given.items()}
    flow = flow_of(folder, ours, {name: taken for name, taken in alone.items() if taken in ours})
    return call_orders.told(sources, causes, ours, its, flow)


def chain(results: Sequence[str]) -> dict[str, Record]:
    """Layers that each take the result of the one before, as the reference records them."""
    found: dict[str, str | None] = {}
    for before, result in zip(["input:x", *results], results, strict=False):
        found[result.replace(":out", ":in.0")] = before
        found[result] = None
    return {name: Record(name, (2, 3), "float32", "", alias) for name, alias in found.items()}


def source(address: str) -> Source:
    return Source(address, "forward", [], "text")


def skipped(path: str) -> Cause:
    taken = f"layer:{path}#0:in.0"
    return Cause(True, f"what it is given is {taken}, which {path} is given: {path} is skipped.", taken=taken)


def test_two_layers_that_the_port_calls_the_other_way_round_are_one_cause(tmp_path: Path) -> None:
    sources = [source("layer:act#0:in.0"), source("layer:head#0:in.0"), source("layer:other#0:out")]
    first, second, third = told(
        tmp_path,
        sources,
        [skipped("norm"), skipped("act"), Cause(False, "none of 3")],
        chain(OURS),
        ITS,
        norm="layer:act#0:out",
    )
    assert first.sentence == "the order of norm and act is exchanged: the port calls act before norm."
    assert second.sentence == first.sentence
    assert third.sentence == "none of 3"


def test_what_the_port_never_calls_is_skipped(tmp_path: Path) -> None:
    causes = [skipped("norm")]
    assert (
        told(
            tmp_path,
            [source("layer:act#0:in.0")],
            causes,
            chain(OURS),
            [name for name in ITS if "norm" not in name],
        )
        == causes
    )


def test_what_the_port_calls_in_the_same_order_is_not_skipped_but_passed_by(tmp_path: Path) -> None:
    (cause,) = told(tmp_path, [source("layer:head#0:in.0")], [skipped("act")], chain(OURS), OURS)
    assert cause.sentence.endswith(
        "act is not applied here, and the port calls it elsewhere, or for nothing."
    )


def test_the_same_order_tells_nothing_of_another_one(tmp_path: Path) -> None:
    causes = [Cause(True, "it is layer:conv#0:out.", taken="layer:conv#0:out")]
    assert told(tmp_path, [source("layer:head#0:in.0")], causes, chain(OURS), OURS) == causes


def test_a_layer_is_called_where_the_first_operation_in_it_is(tmp_path: Path) -> None:
    sources = [Source("layer:act#0:in.0", "forward", [], "")]
    causes = [
        Cause(True, "given.", taken="layer:bn#0:out", also_taken=("layer:(model)/interpolate.0#0:out",))
    ]
    ours = ["layer:bn#0:out", "layer:act/div.0#0:out", "layer:act#0:out", "layer:(model)/interpolate.0#0:out"]
    its = ["layer:bn#0:out", "layer:(model)/interpolate.0#0:out", "layer:act/div.0#0:out"]
    moved = {"act": "layer:(model)/interpolate.0#0:out", "(model)/interpolate.0": "layer:bn#0:out"}
    (cause,) = told(tmp_path, sources, causes, chain(ours), its, **moved)
    assert "the order of act and (model)/interpolate.0 is exchanged" in cause.sentence
    assert cause.culprits == ("act", "(model)/interpolate.0")


def test_a_layer_that_takes_nothing_of_the_other_may_come_before_it(tmp_path: Path) -> None:
    """A pool and a refinement of one map: the port goes on from the refined one."""
    ours = {
        **chain(["layer:conv#0:out", "layer:pool#0:out"]),
        "layer:refine#0:in.0": Record("layer:refine#0:in.0", (2, 3), "float32", "", "layer:conv#0:out"),
        "layer:refine#0:out": Record("layer:refine#0:out", (2, 3), "float32"),
    }
    its = ["layer:conv#0:out", "layer:refine#0:out", "layer:pool#0:out"]
    sources, causes = [source("layer:pool#0:in.0")], [Cause(True, "given.", taken="layer:refine#0:out")]
    assert told(tmp_path, sources, causes, ours, its) == causes
    between = Record("layer:refine#0:in.0", (2, 3), "float32")  # it comes of something that is not recorded
    unknown = {**ours, "layer:refine#0:in.0": between}
    assert told(tmp_path, sources, causes, unknown, its) == causes
    both = [*sources, source("layer:refine#0:in.0")]
    (first, _) = told(
        tmp_path, both, [*causes, Cause(False, "none of 3")], unknown, its, refine="layer:conv#0:out"
    )
    assert "the order of pool and refine" in first.sentence


def test_modules_in_another_order_are_told_wherever_their_results_are_taken(tmp_path: Path) -> None:
    """A block of three modules that each end with an activation; the port calls the last two exchanged."""
    ours = chain(["layer:b.one.act#0:out", "layer:b.two.act#0:out", "layer:b.three.act#0:out"])
    for name, given in (
        ("one", "input:x"),
        ("two", "layer:b.one.act#0:out"),
        ("three", "layer:b.two.act#0:out"),
    ):
        for role, alias in (("in.0", given), ("out", f"layer:b.{name}.act#0:out")):
            address = f"layer:b.{name}#0:{role}"
            ours[address] = Record(address, (2, 3), "float32", "", alias)
    ours["layer:head#0:in.0"] = Record("layer:head#0:in.0", (2, 3), "float32", "", "layer:b.three.act#0:out")
    ours["layer:head#0:out"] = Record("layer:head#0:out", (2, 3), "float32")
    its = [f"layer:b.{name}{act}#0:out" for name in ("one", "three", "two") for act in (".act", "")]
    taken = {"b.two": "b.three.act", "b.three": "b.one.act", "head": "b.two.act"}
    sources = [source(f"layer:{path}#0:in.0") for path in taken]
    causes = [Cause(True, "given.", taken=f"layer:{path}#0:out") for path in taken.values()]
    found = told(tmp_path, sources, causes, ours, its)
    words = "the order of b.two and b.three is exchanged: the port calls b.three before b.two."
    assert [cause.sentence for cause in found] == [words] * 3
    assert {cause.culprits for cause in found} == {("b.two", "b.three")}


@pytest.mark.parametrize("taken", ["parameter head.weight", "input:x", ""])
def test_what_no_layer_makes_tells_of_no_order(taken: str, tmp_path: Path) -> None:
    causes = [Cause(True, "given.", taken=taken)]
    assert told(tmp_path, [source("layer:act#0:in.0")], causes, chain(OURS), ITS) == causes


def test_operations_whose_numbers_have_moved_are_in_no_order(tmp_path: Path) -> None:
    """The port leaves the first product out: what it calls mul.0 is what the reference calls mul.1."""
    ours = chain(
        ["layer:conv#0:out", "layer:(model)/mul.0#0:out", "layer:ref#0:out", "layer:(model)/mul.1#0:out"]
    )
    its = ["layer:conv#0:out", "layer:ref#0:out", "layer:(model)/mul.0#0:out"]
    causes = [Cause(True, "given.", taken="layer:(model)/mul.0#0:in.0")]
    assert told(tmp_path, [source("layer:ref#0:in.0")], causes, ours, its) == causes
    as_many = [
        "layer:conv#0:out",
        "layer:ref#0:out",
        "layer:(model)/mul.0#0:out",
        "layer:(model)/mul.1#0:out",
    ]
    after = {"(model)/mul.0": "layer:ref#0:out", "(model)/mul.1": "layer:(model)/mul.0#0:out"}
    (cause,) = told(tmp_path, [source("layer:ref#0:in.0")], causes, ours, as_many, **after)
    assert "the order of (model)/mul.0 and ref is exchanged" in cause.sentence


def test_a_layer_that_is_left_out_and_one_that_is_called_later_are_in_no_order(tmp_path: Path) -> None:
    """The port goes on without a layer, and calls it on something else: its place alone tells nothing."""
    causes = [skipped("norm")]
    (cause,) = told(tmp_path, [source("layer:act#0:in.0")], causes, chain(OURS), ITS)
    assert cause.sentence.endswith(
        "norm is not applied here, and the port calls it elsewhere, or for nothing."
    )


def test_an_operation_that_the_port_runs_fewer_times_is_skipped_whatever_its_number(tmp_path: Path) -> None:
    """Of two products one is left out: the other one has its number in the port."""
    ours = chain(
        ["layer:conv#0:out", "layer:(model)/mul.0#0:out", "layer:ref#0:out", "layer:(model)/mul.1#0:out"]
    )
    its = ["layer:conv#0:out", "layer:ref#0:out", "layer:(model)/mul.0#0:out"]
    words = "given: (model)/mul.0 is skipped (a product is left out)."
    causes = [Cause(True, words, taken="layer:(model)/mul.0#0:in.0")]
    assert told(tmp_path, [source("layer:ref#0:in.0")], causes, ours, its) == causes
    its.append("layer:(model)/mul.1#0:out")
    (cause,) = told(tmp_path, [source("layer:ref#0:in.0")], causes, ours, its)
    said = "(model)/mul.0 (a product) is not applied here, and the port calls it elsewhere, or for nothing."
    assert cause.sentence == f"given: {said}"


def test_what_nothing_recorded_makes_in_a_module_may_come_of_what_that_is_given(tmp_path: Path) -> None:
    """A norm behind an attention and its sum, not before both; heads are put together in the attention."""
    rows: dict[str, str | None] = {
        "layer:embed#0:out": None,
        "layer:norm#0:in.0": "layer:embed#0:out",
        "layer:norm#0:out": None,
        "layer:attn#0:in.0": "layer:norm#0:out",
        "layer:attn.query#0:in.0": "layer:norm#0:out",
        "layer:attn.query#0:out": None,
        "layer:attn.out#0:in.0": None,
        "layer:attn.out#0:out": None,
        "layer:attn#0:out": "layer:attn.out#0:out",
        "layer:(model)/add.0#0:in.0": "layer:embed#0:out",
        "layer:(model)/add.0#0:in.1": "layer:attn.out#0:out",
        "layer:(model)/add.0#0:out": None,
        "layer:head#0:in.0": "layer:(model)/add.0#0:out",
        "layer:head#0:out": None,
    }
    ours = {name: Record(name, (2, 3), "float32", "", alias) for name, alias in rows.items()}
    its = [f"layer:{path}#0:out" for path in ("embed", "attn.query", "attn", "(model)/add.0", "norm", "head")]
    sources = [source(f"layer:{path}#0:in.0") for path in ("norm", "attn", "head")]
    taken = ("layer:(model)/add.0#0:out", "layer:norm#0:in.0", "layer:norm#0:out")
    found = told(tmp_path, sources, [Cause(True, "given.", taken=one) for one in taken], ours, its)
    assert "the order of norm and (model)/add.0 is exchanged" in found[0].sentence

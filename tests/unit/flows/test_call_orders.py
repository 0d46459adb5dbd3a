"""The order in which both sides call two layers tells which of them comes at another place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.call_orders import told
from harness.trace import Record

OURS = ["layer:conv#0:out", "layer:norm#0:out", "layer:act#0:out", "layer:head#0:out"]
ITS = ["layer:conv#0:out", "layer:act#0:out", "layer:norm#0:out", "layer:head#0:out"]


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


def test_two_layers_that_the_port_calls_the_other_way_round_are_one_cause() -> None:
    sources = [source("layer:act#0:in.0"), source("layer:head#0:in.0"), source("layer:other#0:out")]
    first, second, third = told(
        sources, [skipped("norm"), skipped("act"), Cause(False, "none of 3")], chain(OURS), ITS
    )
    assert first.sentence == "the order of norm and act is exchanged: the port calls act before norm."
    assert second.sentence == first.sentence
    assert third.sentence == "none of 3"


def test_what_the_port_never_calls_is_skipped() -> None:
    causes = [skipped("norm")]
    assert (
        told([source("layer:act#0:in.0")], causes, chain(OURS), [name for name in ITS if "norm" not in name])
        == causes
    )


def test_what_the_port_calls_in_the_same_order_is_not_skipped_but_passed_by() -> None:
    (cause,) = told([source("layer:head#0:in.0")], [skipped("act")], chain(OURS), OURS)
    assert cause.sentence.endswith("act is not applied here, and the port calls it elsewhere.")


def test_the_same_order_tells_nothing_of_another_one() -> None:
    causes = [Cause(True, "it is layer:conv#0:out.", taken="layer:conv#0:out")]
    assert told([source("layer:head#0:in.0")], causes, chain(OURS), OURS) == causes


def test_a_layer_is_called_where_the_first_operation_in_it_is() -> None:
    sources = [Source("layer:act#0:in.0", "forward", [], "")]
    causes = [
        Cause(True, "given.", taken="layer:bn#0:out", also_taken=("layer:(model)/interpolate.0#0:out",))
    ]
    ours = ["layer:bn#0:out", "layer:act/div.0#0:out", "layer:act#0:out", "layer:(model)/interpolate.0#0:out"]
    its = ["layer:bn#0:out", "layer:(model)/interpolate.0#0:out", "layer:act/div.0#0:out"]
    (cause,) = told(sources, causes, chain(ours), its)
    assert "the order of act and (model)/interpolate.0 is exchanged" in cause.sentence
    assert cause.culprits == ("act", "(model)/interpolate.0")


def test_a_layer_that_takes_nothing_of_the_other_may_come_before_it() -> None:
    """A pool and a refinement of one map: the port goes on from the refined one."""
    ours = {
        **chain(["layer:conv#0:out", "layer:pool#0:out"]),
        "layer:refine#0:in.0": Record("layer:refine#0:in.0", (2, 3), "float32", "", "layer:conv#0:out"),
        "layer:refine#0:out": Record("layer:refine#0:out", (2, 3), "float32"),
    }
    its = ["layer:conv#0:out", "layer:refine#0:out", "layer:pool#0:out"]
    sources, causes = [source("layer:pool#0:in.0")], [Cause(True, "given.", taken="layer:refine#0:out")]
    assert told(sources, causes, ours, its) == causes
    between = Record("layer:refine#0:in.0", (2, 3), "float32")  # it comes of something that is not recorded
    unknown = {**ours, "layer:refine#0:in.0": between}
    assert told(sources, causes, unknown, its) == causes
    both = [*sources, source("layer:refine#0:in.0")]
    (first, _) = told(both, [*causes, Cause(False, "none of 3")], unknown, its)
    assert "the order of pool and refine" in first.sentence


def test_modules_in_another_order_are_told_wherever_their_results_are_taken() -> None:
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
    found = told(sources, causes, ours, its)
    words = "the order of b.two and b.three is exchanged: the port calls b.three before b.two."
    assert [cause.sentence for cause in found] == [words] * 3
    assert {cause.culprits for cause in found} == {("b.two", "b.three")}


@pytest.mark.parametrize("taken", ["parameter head.weight", "input:x", ""])
def test_what_no_layer_makes_tells_of_no_order(taken: str) -> None:
    causes = [Cause(True, "given.", taken=taken)]
    assert told([source("layer:act#0:in.0")], causes, chain(OURS), ITS) == causes


def test_operations_whose_numbers_have_moved_are_in_no_order() -> None:
    """The port leaves the first product out: what it calls mul.0 is what the reference calls mul.1."""
    ours = chain(
        ["layer:conv#0:out", "layer:(model)/mul.0#0:out", "layer:ref#0:out", "layer:(model)/mul.1#0:out"]
    )
    its = ["layer:conv#0:out", "layer:ref#0:out", "layer:(model)/mul.0#0:out"]
    causes = [Cause(True, "given.", taken="layer:(model)/mul.0#0:in.0")]
    assert told([source("layer:ref#0:in.0")], causes, ours, its) == causes
    as_many = [
        "layer:conv#0:out",
        "layer:ref#0:out",
        "layer:(model)/mul.0#0:out",
        "layer:(model)/mul.1#0:out",
    ]
    (cause,) = told([source("layer:ref#0:in.0")], causes, ours, as_many)
    assert "the order of (model)/mul.0 and ref is exchanged" in cause.sentence

"""A layer that the port calls fewer times, and calls that are given what others should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows import call_counts
from harness.flows.call_counts import calls
from harness.flows.call_orders import told as told_of_orders
from harness.trace import Record
from tests.unit.flows.forced import flow_of

MAKERS = ("first", "second", "third")


def records(makers: tuple[str, ...] = MAKERS) -> dict[str, Record]:
    """An activation that is called after each of some layers, and what takes each result of it."""
    found: dict[str, str | None] = {}
    for call, maker in enumerate(makers):
        found[f"layer:{maker}#0:out"] = None
        found[f"layer:act#{call}:in.0"] = f"layer:{maker}#0:out"
        found[f"layer:act#{call}:out"] = None
        found[f"layer:after_{maker}#0:in.0"] = f"layer:act#{call}:out"
        found[f"layer:after_{maker}#0:out"] = None
    return {name: Record(name, (2, 3), "float32", "", alias) for name, alias in found.items()}


def source(address: str) -> Source:
    return Source(address, "forward", [], "text")


def given(taken: str, words: str = "") -> Cause:
    return Cause(True, words or f"what it is given is {taken}.", taken=taken)


def told(
    folder: Path,
    sources: Sequence[Source],
    causes: Sequence[Cause],
    ours: Mapping[str, Record],
    its: Mapping[str, Record],
    returned: Mapping[int, int] | None = None,
    complete: bool = True,
) -> list[Cause]:
    """What is told; calls of the activation return what those do whose input they are given, or as said."""
    alone = {
        source.address: cause.taken for source, cause in zip(sources, causes, strict=True) if cause.taken
    }
    by_maker = {record.alias: name for name, record in ours.items() if name.startswith("layer:act#")}
    if returned is None:
        for name, taken in list(alone.items()):
            if name.startswith("layer:act#") and taken in by_maker:
                alone[name.replace(":in.0", ":out")] = by_maker[taken].replace(":in.0", ":out")
    for call, other in (returned or {}).items():
        alone[f"layer:act#{call}:out"] = f"layer:act#{other}:out"
    flow = flow_of(folder, ours, {name: taken for name, taken in alone.items() if taken in ours})
    return call_counts.told(sources, causes, ours, its, flow, complete)


def test_calls_are_counted_by_what_they_return() -> None:
    assert calls(records()) == {"act": 3, **{name: 1 for m in MAKERS for name in (m, f"after_{m}")}}


def test_the_call_that_is_missing_is_named_wherever_it_shows(tmp_path: Path) -> None:
    sources = [source("layer:act#1:in.0"), source("layer:after_second#0:in.0"), source("layer:head#0:in.0")]
    causes = [given("layer:third#0:out"), given("layer:second#0:out"), Cause(False, "none of 3")]
    first, second, third = told(tmp_path, sources, causes, records(), records(("first", "third")))
    assert first.sentence.startswith("act is called fewer times in the port (2) than in the reference (3)")
    assert "call number 1, which is given layer:second#0:out, is missing" in first.sentence
    assert second == first or second.sentence == first.sentence
    assert first.culprits == second.culprits == ("act",)
    assert third.sentence == "none of 3"


def test_of_a_port_that_stopped_no_call_is_missing(tmp_path: Path) -> None:
    sources, causes = [source("layer:act#1:in.0")], [given("layer:third#0:out")]
    its = records(("first", "third"))
    assert told(tmp_path, sources, causes, records(), its) != causes
    assert told(tmp_path, sources, causes, records(), its, complete=False) == causes


def test_the_first_and_the_last_call_may_be_missing(tmp_path: Path) -> None:
    sources = [source("layer:act#0:in.0"), source("layer:act#1:in.0")]
    causes = [given("layer:second#0:out"), given("layer:third#0:out")]
    found = told(tmp_path, sources, causes, records(), records(("second", "third")))
    assert all("call number 0, which is given layer:first#0:out" in cause.sentence for cause in found)
    skipped = [given("layer:third#0:out", "it is skipped")]
    last = told(
        tmp_path, [source("layer:after_third#0:in.0")], skipped, records(), records(("first", "second"))
    )
    assert last == skipped  # nothing is given to a wrong call


def test_what_else_makes_the_result_of_the_missing_call_keeps_its_cause(tmp_path: Path) -> None:
    sources = [source("layer:act#0:in.0"), source("layer:after_first#0:in.0")]
    causes = [given("layer:second#0:out"), Cause(True, "what comes of another activation.")]
    found = told(tmp_path, sources, causes, records(), records(("second", "third")))
    assert found[1] == causes[1]


def test_as_many_calls_or_calls_of_nothing_known_tell_nothing(tmp_path: Path) -> None:
    sources, causes = [source("layer:act#1:in.0")], [given("layer:third#0:out")]
    assert told(tmp_path, sources, causes, records(), records()) == causes
    assert told(tmp_path, sources, causes, records(), {}) == causes
    unknown = [Cause(False, "none of 3")]
    assert told(tmp_path, sources, unknown, records(), records(("first", "third"))) == unknown


def test_calls_that_are_all_given_the_next_ones_input_are_shifted(tmp_path: Path) -> None:
    sources = [source(f"layer:act#{call}:in.0") for call in range(3)]
    causes = [given(f"layer:{MAKERS[(call + 1) % 3]}#0:out") for call in range(3)]
    found = told(tmp_path, sources, causes, records(), records())
    assert all("the calls of act are shifted by 1" in cause.sentence for cause in found)
    assert "off by one" in found[0].sentence
    mixed = [given("layer:third#0:out"), given("layer:first#0:out"), given("layer:first#0:out")]
    assert told(tmp_path, sources, mixed, records(), records()) == mixed
    assert told(tmp_path, sources[:2], causes[:2], records(), records()) == causes[:2]  # too few to tell


def test_calls_that_run_from_the_other_end_are_told_as_that(tmp_path: Path) -> None:
    makers = ("first", "second", "third", "fourth")
    sources = [source(f"layer:act#{call}:in.0") for call in range(4)]
    causes = [given(f"layer:{makers[3 - call]}#0:out") for call in range(4)]
    found = told(tmp_path, sources, causes, records(makers), records(makers))
    assert {cause.sentence for cause in found} == {
        "the calls of act run in the opposite order: the first is given what the last should be."
    }


def test_what_the_port_runs_in_the_place_of_a_missing_call_is_told(tmp_path: Path) -> None:
    """A loss of likelihoods in the place of one layer of cross entropy; elsewhere is not there."""
    port = records(("second",))
    for name in ("layer:(model)/nll_loss.0#0:out", "layer:block/relu.0#0:out"):
        port[name] = Record(name, (), "float32")
    sources, causes = [source("layer:act#0:in.0")], [given("layer:second#0:out")]
    (found,) = told(tmp_path, sources, causes, records(("first", "second")), port)
    assert "is missing (the port runs (model)/nll_loss.0 there), and later calls" in found.sentence


def test_the_order_of_a_layer_with_fewer_calls_tells_nothing(tmp_path: Path) -> None:
    sources, causes = [source("layer:act#0:in.0")], [given("layer:second#0:out")]
    ours, its = records(), list(records(("second", "first")))
    assert told_of_orders(sources, causes, ours, its, flow_of(tmp_path, ours, {})) == causes


def test_a_call_that_returns_something_else_is_not_the_one_whose_input_it_is_given(tmp_path: Path) -> None:
    """A layer that takes two tensors may be given one of another call's alone: no call is missing then."""
    sources, causes = [source("layer:act#0:in.0")], [given("layer:second#0:out")]
    ours, its = records(("first", "second")), records(("second",))
    assert told(tmp_path, sources, causes, ours, its, {0: 0}) == causes
    (found,) = told(tmp_path, sources, causes, ours, its, {0: 1})
    assert "the call number 0, which is given layer:first#0:out, is missing" in found.sentence

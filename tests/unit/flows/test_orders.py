"""Two layers in the other order are one cause; a layer that is skipped stays one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.forced_flow import ForcedFlow
from harness.flows.orders import applied_before, exchanged, given_crosswise
from harness.trace import Record
from tests.unit.flows.forced import flow_of


def source(address: str) -> Source:
    return Source(address, "forward", [], "text")


def given(taken: str) -> Cause:
    return Cause(True, f"what it is given is {taken}.", taken=taken)


def flow(folder: Path, given: Mapping[str, str]) -> ForcedFlow:
    """A resizing, what mixes its result, and what takes that; and what the port gives to some of them."""
    rows = {
        "layer:resize#0:in.0": None,
        "layer:resize#0:out": None,
        "layer:mix#0:in.0": "layer:resize#0:out",
        "layer:mix#0:out": None,
        "layer:join#0:in.0": "layer:mix#0:out",
    }
    records = {name: Record(name, (2, 3), "float32", "", alias) for name, alias in rows.items()}
    return flow_of(folder, records, given)


def test_two_layers_that_take_each_others_place_are_one_cause(tmp_path: Path) -> None:
    sources = [source("layer:norm#0:in.0"), source("layer:act#0:in.0"), source("layer:other#0:in.0")]
    causes = [given("layer:act#0:out"), given("layer:norm#0:in.0"), Cause(False, "none of 3")]
    first, second, third = exchanged(sources, causes, flow(tmp_path, {}))
    assert first.sentence == second.sentence
    assert first.sentence.startswith("the order of norm and act is exchanged")
    assert third.sentence == "none of 3"


def test_a_layer_that_is_called_for_nothing_on_the_result_of_a_later_one_is_in_no_order(
    tmp_path: Path,
) -> None:
    sources = [source("layer:mix#0:in.0"), source("layer:resize#0:in.0")]
    causes = [given("layer:resize#0:in.0"), given("layer:mix#0:out")]
    given_so = {"layer:mix#0:in.0": "layer:resize#0:in.0", "layer:resize#0:in.0": "layer:mix#0:out"}
    assert exchanged(sources, causes, flow(tmp_path, given_so)) == causes
    after = flow(tmp_path, {**given_so, "layer:join#0:in.0": "layer:resize#0:out"})
    assert all("the order of resize and mix" in cause.sentence for cause in exchanged(sources, causes, after))


def test_a_layer_that_comes_later_is_told_by_what_takes_its_result(tmp_path: Path) -> None:
    sources = [source("layer:mix#0:in.0"), source("layer:join#0:in.0")]
    causes = [given("layer:resize#0:in.0"), given("layer:resize#0:out")]
    given_so = {"layer:mix#0:in.0": "layer:resize#0:in.0", "layer:join#0:in.0": "layer:resize#0:out"}
    beside = flow(tmp_path, given_so)  # the resizing is given what it should be: it runs beside the mixing
    assert exchanged(sources, causes, beside) == causes
    after = flow(tmp_path, {**given_so, "layer:resize#0:in.0": "layer:mix#0:out"})
    assert all("the order of resize and mix" in cause.sentence for cause in exchanged(sources, causes, after))


def test_a_layer_that_is_skipped_is_in_no_other_order(tmp_path: Path) -> None:
    causes = [given("layer:norm#0:in.0")]
    assert exchanged([source("layer:act#0:in.0")], causes, flow(tmp_path, {})) == causes


def test_what_takes_its_result_before_tells_of_no_other_order(tmp_path: Path) -> None:
    sources = [source("layer:add#0:in.0"), source("layer:scores#0:in.0")]
    causes = [given("layer:act#0:out"), given("layer:act#0:in.0")]
    assert exchanged(sources, causes, flow(tmp_path, {})) == causes


def test_two_layers_that_are_given_each_others_inputs_are_one_cause() -> None:
    sources = [source("layer:gelu#0:in.0"), source("layer:mul#0:in.1"), source("layer:other#0:in.0")]
    causes = [given("layer:mul#0:in.1"), given("layer:gelu#0:in.0"), given("layer:mul#0:in.1")]
    first, second, third = given_crosswise(sources, causes, {})
    assert first.sentence == second.sentence
    assert first.sentence.startswith("what gelu and mul are given is exchanged")
    assert third == causes[2]


def test_what_an_input_should_be_may_have_another_name() -> None:
    records = {
        name: Record(name, (2, 3), "float32", "", alias)
        for name, alias in {
            "layer:keep#0:in.0": "layer:gate#0:out",
            "layer:renew#0:in.0": "layer:rest#0:out",
            "layer:rest#0:in.0": "layer:gate#0:out",
        }.items()
    }
    sources = [source("layer:keep#0:in.0"), source("layer:renew#0:in.0")]
    causes = [given("layer:rest#0:out"), given("layer:rest#0:in.0")]
    first, second = given_crosswise(sources, causes, records)
    assert first.sentence == second.sentence
    assert first.sentence == (
        "what keep and renew are given is exchanged: each is given what the other should be given "
        "(these are layer:gate#0:out and layer:rest#0:out)."
    )


def test_calls_of_one_layer_and_inputs_of_one_call_are_told_by_their_numbers() -> None:
    sources = [source("layer:cell#0:in.0"), source("layer:cell#1:in.0")]
    first, _ = given_crosswise(sources, [given("layer:cell#1:in.0"), given("layer:cell#0:in.0")], {})
    assert first.sentence.startswith("what calls 0 and 1 of cell are given is exchanged")
    sources = [source("layer:mix#0:in.0"), source("layer:mix#0:in.1")]
    first, _ = given_crosswise(sources, [given("layer:mix#0:in.1"), given("layer:mix#0:in.0")], {})
    assert first.sentence.startswith("what the inputs 0 and 1 of mix are given is exchanged")


def test_a_tie_may_tell_that_two_inputs_are_exchanged_and_one_alone_does_not() -> None:
    sources = [source("layer:gelu#0:in.0"), source("layer:mul#0:in.1")]
    tied = Cause(True, "it is some part.", taken="input:x", also_taken=("layer:mul#0:in.1",))
    first, _ = given_crosswise(sources, [tied, given("layer:gelu#0:in.0")], {})
    assert first.sentence.startswith("what gelu and mul are given is exchanged")
    assert given_crosswise(sources, [tied, given("input:x")], {}) == [tied, given("input:x")]


def recorded(sigmoid_of: str = "layer:add#0:out") -> dict[str, Record]:
    """A sum of two branches, and a sigmoid of it."""
    rows = {
        "layer:add#0:in.0": "layer:one#0:out",
        "layer:add#0:in.1": "layer:two#0:out",
        "layer:add#0:out": None,
        "layer:gate/sigmoid.0#0:in.0": sigmoid_of,
        "layer:gate/sigmoid.0#0:out": None,
        "layer:mul#0:in.0": "layer:gate/sigmoid.0#0:out",
    }
    kinds = {"layer:add#0:out": "add", "layer:gate/sigmoid.0#0:out": "sigmoid"}
    return {name: Record(name, (2, 3), "float32", kinds.get(name, ""), alias) for name, alias in rows.items()}


def of_right(function: str) -> Cause:
    words = f"{function} of the reference's output"
    return Cause(True, f"what it is given is {words}.", words)


def test_a_function_of_each_input_in_the_place_of_one_of_the_result_is_another_order(tmp_path: Path) -> None:
    sources = [source("layer:add#0:in.0"), source("layer:add#0:in.1"), source("layer:mul#0:in.0")]
    causes = [of_right("sigmoid"), of_right("Sigmoid"), given("layer:add#0:out")]
    unchanged = applied_before(sources, causes, recorded(), flow_of(tmp_path, recorded(), {}))
    assert unchanged == causes  # it is applied to the result as well
    as_it_is = flow_of(tmp_path, recorded(), {"layer:mul#0:in.0": "layer:add#0:out"})
    found = applied_before(sources, causes, recorded(), as_it_is)
    assert {cause.sentence for cause in found} == {
        "the order of add and gate/sigmoid.0 is exchanged: the port applies sigmoid before add, "
        "to each of its inputs, and not after it, to its result."
    }
    assert found[0].culprits == ("add", "gate/sigmoid.0")


def test_a_function_of_one_input_or_one_that_is_not_applied_after_is_no_other_order(tmp_path: Path) -> None:
    both = [source("layer:add#0:in.0"), source("layer:add#0:in.1")]
    one_alone = [of_right("sigmoid"), of_right("tanh")]
    taken = flow_of(tmp_path, recorded(), {"layer:mul#0:in.0": "layer:add#0:out"})
    assert applied_before(both, one_alone, recorded(), taken) == one_alone
    assert applied_before(both[:1], one_alone[:1], recorded(), taken) == one_alone[:1]
    twice = [of_right("sigmoid"), of_right("sigmoid")]
    assert applied_before(both, twice, recorded("layer:one#0:out"), taken) == twice

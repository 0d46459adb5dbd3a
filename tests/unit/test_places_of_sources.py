"""Which layers a source names: what takes a wrong tensor, and an operation that the port lacks."""

from __future__ import annotations

from harness.alignment_rows import Isolated, Obstacle, Row
from harness.comparing._isolated import _unknown, sources
from harness.verdict import Verdict

WRONG, RIGHT = Verdict("diverged", "noise", "off"), Verdict("aligned", "noise", "")
LACKS = Obstacle("torch runs 2 times maximum in (model), jittor once")
LARGER, CONV = "layer:(model)/maximum.0#0", "layer:conv#0"


def row(address: str, order: int, *inputs: str, wrong: bool = False, obstacle: Obstacle | None = None) -> Row:
    made = Row(address, "", (4, 4), "float32", order, None, RIGHT, inputs=list(inputs), obstacle=obstacle)
    if wrong:
        made.isolated = Isolated(_unknown(made), WRONG)
    return made


def of_larger(obstacle: Obstacle | None) -> list[Row]:
    return [
        row("layer:stem#0:out", 0),
        row(f"{LARGER}:in.0", 1, "layer:stem#0:out", obstacle=obstacle),
        row(f"{LARGER}:out", 2, "layer:stem#0:out", obstacle=obstacle),
        row(f"{CONV}:in.0", 3, f"{LARGER}:out", wrong=True),
        row(f"{CONV}:out", 4, f"{LARGER}:out"),
    ]


def test_an_operation_without_a_counterpart_is_named_beside_what_takes_its_result() -> None:
    (found,) = sources(of_larger(LACKS))
    assert found.address == f"{CONV}:in.0"
    assert found.layers == ["conv", "(model)/maximum.0"]
    assert "(model)/maximum.0, which makes that, has no counterpart in the port" in found.text


def test_one_that_both_have_is_not() -> None:
    (found,) = sources(of_larger(None))
    assert found.layers == ["conv"]
    assert "something between the layers before it" in found.text


def of_gradient(wrong: bool) -> list[Row]:
    """A head of two layers; what the first one returns is cut and concatenated with something else."""
    return [
        row("layer:head.one#0:out", 0),
        row("layer:head.one#0:grad", 0, wrong=True),
        row("layer:head/cat.0#0:in.0", 1, wrong=wrong),
        row("layer:head/cat.0#0:out", 2, "layer:head/cat.0#0:in.0", wrong=wrong),
        row("layer:head#0:out", 3, "layer:head/cat.0#0:out"),
    ]


def test_a_gradient_that_nobody_knows_the_taker_of_is_named_by_the_module_around_it() -> None:
    (found,) = sources(of_gradient(wrong=False))
    assert found.layers == ["head"]
    assert "the gradient that what takes it should give back" in found.text


def test_it_follows_from_what_may_take_it_and_is_given_something_wrong() -> None:
    assert [source.address for source in sources(of_gradient(wrong=True))] == ["layer:head/cat.0#0:in.0"]

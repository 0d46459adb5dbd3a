"""Two operations of a loss that differ at once: measures of overlap, and what is next to each other."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_neighbours
from harness.requests import Edit


def scalar(kind: str, number: int, *given: str, **arguments: float) -> LossOperation:
    plain = {name.removeprefix("of"): value for name, value in arguments.items()}
    tensors = [LossTensor(name, []) for name in given]
    path = f"{kind}.{number}"
    return LossOperation(path, kind, plain, [], len(given), 0, [], {}, tensors, LossTensor(path, []))


IOU = [
    scalar("add", 0, "sum.1", "sum.2"),
    scalar("sub", 0, "add.0", "sum.0"),
    scalar("add", 1, "sum.0", of1=1.0),
    scalar("div", 0, "add.1", "sub.0"),
]
DICE = [
    scalar("mul", 0, "sum.0", of1=2.0),
    scalar("add", 0, "sum.1", "sum.2"),
    scalar("div", 0, "mul.0", "add.0"),
]


def test_what_is_taken_off_once_counts_twice_elsewhere() -> None:
    ((words, edits),) = loss_neighbours.overlaps(IOU)
    assert "Dice" in words
    assert edits == [
        Edit("add.1", "before", function="mul", value=[2.0]),
        Edit("sub.0", "input", place=0),
    ]


def test_what_counts_twice_is_taken_off_once_elsewhere() -> None:
    ((_, edits),) = loss_neighbours.overlaps(DICE)
    assert edits == [
        Edit("mul.0", "input"),
        Edit("add.0", "combined", name="sum.0", function="sub"),
    ]


def test_only_operations_next_to_each_other_differ_together() -> None:
    far = [scalar("exp", 0, "a"), scalar("exp", 1, "b")]
    assert list(loss_neighbours.neighbours(far)) == []
    near = {tuple(edit.path for edit in edits) for _, edits in loss_neighbours.neighbours(IOU)}
    assert near == {("add.0", "sub.0"), ("sub.0", "add.1"), ("sub.0", "div.0"), ("add.1", "div.0")}


def test_their_number_is_bounded() -> None:
    many = [scalar("add", number, "x", "y") for number in range(40)]
    assert len(list(loss_neighbours.neighbours(many))) == 6000

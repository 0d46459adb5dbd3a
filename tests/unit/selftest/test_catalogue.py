"""The catalogue of mistakes, where each applies, and how an outcome is judged; no framework needed."""

from __future__ import annotations

import pytest

from harness.alignment_rows import Source
from harness.layer_note import LayerNote
from harness.selftest import KINDS, FaultResult, Kind, Mistake, places, sample, score
from harness.selftest._score import judge_fault
from harness.sides.faults import BUFFERS, FROZEN, GIVEN, LOSSES, OTHER_MODE, RESULTS, STATES

LAYERS = {
    "(model)": LayerNote("Net", {}),
    "body": LayerNote("Sequential", {}),
    "body.0": LayerNote("Conv2d", {"padding_mode": "zeros"}),
    "body.1": LayerNote("BatchNorm2d", {"eps": 1e-5, "momentum": 0.1}),
    "body.2": LayerNote("ReLU", {}),
    "up": LayerNote("Upsample", {"mode": "bilinear", "align_corners": False}),
}
NORM = ("weight", "bias", "running_mean", "running_var")
KEYS = frozenset(["body.0.weight", "body.0.bias", *(f"body.1.{name}" for name in NORM)])


def kind(name: str) -> Kind:
    return next(item for item in KINDS if item.name == name)


def test_the_catalogue_is_large_and_every_kind_can_be_planted() -> None:
    assert len(KINDS) >= 40
    assert len({item.name for item in KINDS}) == len(KINDS)
    known = {*RESULTS, *GIVEN, *STATES, *FROZEN, *LOSSES, *BUFFERS, OTHER_MODE}
    assert {item.name for item in KINDS if not item.attribute} == known


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eps x 100", ["body.1"]),
        ("align_corners", ["up"]),
        ("kernel transposed", ["body.0"]),
        ("bias missing", ["body.0", "body.1"]),
        ("leaky", ["body.2"]),
        ("loss scaled", ["(loss)"]),
        ("ceil_mode", []),
    ],
)
def test_kinds_apply_where_they_make_sense(name: str, expected: list[str]) -> None:
    assert [mistake.path for mistake in places(kind(name), LAYERS, KEYS)] == expected


def test_attributes_get_another_value() -> None:
    (mistake,) = places(kind("eps x 100"), LAYERS, KEYS)
    assert mistake.attributes == {"eps": pytest.approx(1e-3)}


def test_sample_is_seeded_and_takes_every_kind_first() -> None:
    first = sample(LAYERS, KEYS, 20, seed=5)
    assert first == sample(LAYERS, KEYS, 20, seed=5)
    assert len({mistake.kind for mistake in first}) == 20
    everything = sample(LAYERS, KEYS, None)
    assert len(everything) > 40
    assert sorted(map(repr, everything)) == sorted(
        repr(mistake) for item in KINDS for mistake in places(item, LAYERS, KEYS)
    )


MISTAKE = Mistake("eps x 100", "attribute", "body.1", "eval", ("eps",))


def source(*layers: str) -> Source:
    return Source("layer:body.1#0:out", "forward", list(layers), "text")


@pytest.mark.parametrize(
    ("sources", "cause", "located", "named"),
    [
        ([source("body.1")], "computed with eps=0.001", True, True),
        ([source("body.1")], "times one number a channel", True, False),
        ([source("body.0")], "computed with eps=0.001", False, False),
        ([source("body.1"), source("body.0")], "computed with eps=0.001", False, False),
        ([], "", False, False),
    ],
)
def test_only_the_place_itself_counts(sources: list[Source], cause: str, located: bool, named: bool) -> None:
    outcome = judge_fault(MISTAKE, True, sources, cause, bool(cause))
    assert (outcome.located, outcome.named) == (located, named)


def test_score_is_of_what_ran() -> None:
    rows = [
        FaultResult(MISTAKE, True, True, True),
        FaultResult(MISTAKE, True, False, False),
        FaultResult(MISTAKE, False, False, False, ran=False),
    ]
    found = score(rows, 1, 7)
    assert found.to_dict() == {
        "detected": 1.0, "located": 0.5, "named": 0.5, "false_alarms": 1, "planted": 2, "correct": 7,
    }  # fmt: skip
    assert score([], 0, 0).detected == 0.0

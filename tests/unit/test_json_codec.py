"""The codec: dataclasses that data may give in part, and tables whose entries stand among the fields."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import pytest

from harness import json_codec
from harness.costs import Costs, SideCosts, Spent


class Point(NamedTuple):
    """A named tuple is a list in JSON."""

    x: float
    name: str = ""


@dataclass(frozen=True)
class Whole:
    """Every field has to be there."""

    points: list[Point]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part(json_codec.Partial):
    """Fields may be missing."""

    rest: ClassVar[str] = "others"

    own: int | None = None
    longer: int | None = field(default=None, metadata={"json": "longer name"})
    others: dict[str, Whole] = field(default_factory=dict)


def again(value: Any) -> Any:
    """A value through JSON and back."""
    return json_codec.from_plain(type(value), json.loads(json.dumps(json_codec.to_plain(value))))


def test_what_is_not_known_is_left_out_and_comes_back_as_it_was() -> None:
    whole = Whole([Point(math.inf, "a")], {"eps": -math.inf})
    part = Part(longer=2, others={"left": whole})
    plain = json_codec.to_plain(part)
    assert plain == {
        "left": {"points": [["Infinity", "a"]], "options": {"eps": {"$float": "-Infinity"}}},
        "longer name": 2,
    }
    assert again(part) == part
    assert again(Part()) == Part()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"own": "1"}, "^own is '1', it should be a whole number"),
        ({"left": 3}, "^left is 3, it should be an object"),
        ({"left": {"points": []}}, "^left.options is missing"),
        (
            {"left": {"points": [[1.0]], "options": {}}},
            r"^left.points\[0\] is \[1.0\], it should be a list of 2",
        ),
        ([], r"^the whole is \[\], it should be an object"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place_in_the_data(data: Any, words: str) -> None:
    with pytest.raises(json_codec.Unfit, match=words):
        json_codec.from_plain(Part, data)


def test_costs_look_as_they_always_did() -> None:
    stored = {
        "torch": {"start": 1.5, "bare": {"wall": 0.5, "cpu": 1.0, "peak_bytes": 7}, "compiled": 0},
        "truth": {"cached": True},
        "isolated truth": {"wall": 1.0, "cpu": 2.0, "cached": False},
        "ratio": 2.5,
    }
    costs = json_codec.from_plain(Costs, stored)
    bare = Spent(wall=0.5, cpu=1.0, peak_bytes=7)
    assert costs.sides == {"torch": SideCosts(start=1.5, bare=bare, compiled=0)}
    assert costs.isolated_truth == Spent(wall=1.0, cpu=2.0, cached=False)
    assert json_codec.to_plain(costs) == stored


def test_numbers_of_older_files_are_read_in_both_spellings() -> None:
    for spelt in ("Infinity", {"$float": "Infinity"}):
        assert json_codec.from_plain(Costs, {"ratio": spelt}).ratio == math.inf

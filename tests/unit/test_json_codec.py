"""The codec: dataclasses that data may give in part, and tables whose entries stand among the fields."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pytest

from harness import json_codec
from harness.costs import Costs, SideCosts, Spent
from harness.json_codec import Unfit, from_plain, tidy, to_plain


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


@dataclass(frozen=True)
class Inner:
    value: float
    place: tuple[int, ...] | None = None


@dataclass
class Outer:
    name: str
    kind: Literal["a", "b"]
    flag: bool
    count: int
    inner: Inner | None
    pairs: tuple[tuple[float, float], ...] = ()
    many: list[Inner] = field(default_factory=list)
    named: dict[str, Inner] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)


FULL = Outer(
    "x",
    "b",
    True,
    7,
    Inner(0.1, (1, 2)),
    ((1e-4, math.inf), (0.3, 0.0)),
    [Inner(-math.inf), Inner(5e-324)],
    {"k": Inner(1 / 3)},
    {"nan-text": "NaN", "inf": math.inf, "deep": [{"x": -math.inf}], "none": None, "true": True},
)


def sent(value: Any) -> Any:
    """Through strict JSON."""
    return json.loads(json.dumps(to_plain(value), allow_nan=False))


def test_everything_comes_back_exactly() -> None:
    assert from_plain(Outer, sent(FULL)) == FULL


def test_nan_comes_back_as_nan() -> None:
    assert math.isnan(from_plain(Inner, sent(Inner(math.nan))).value)
    free = from_plain(Outer, sent(Outer("x", "a", False, 0, None, free={"x": math.nan}))).free
    assert math.isnan(free["x"])


def test_floats_in_typed_places_are_texts_that_javascript_reads() -> None:
    assert sent(Inner(math.inf))["value"] == "Infinity"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 1.5}, "count is 1.5, it should be a whole number"),
        ({"count": True}, "count is True, it should be a whole number"),
        ({"flag": 1}, "flag is 1, it should be true or false"),
        ({"name": None}, "name is None, it should be a text"),
        ({"kind": "c"}, "kind is 'c', it should be one of a, b"),
        ({"inner": {"value": "x", "place": None}}, "inner.value is 'x', it should be a number"),
        ({"inner": {"value": 1}}, "inner.place is missing"),
        ({"inner": {"value": 1, "place": [1, "y"]}}, "inner.place[1] is 'y', it should be a whole number"),
        ({"inner": 3}, "inner is 3, it should be an object"),
        ({"pairs": [[1, 2, 3]]}, "pairs[0] is [1, 2, 3], it should be a list of 2"),
        ({"many": {}}, "many is {}, it should be a list"),
        ({"named": []}, "named is [], it should be an object"),
        ({"stranger": 1}, "stranger is unknown"),
        ({"name": ["z" * 100]}, "..., it should be a text"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Unfit) as caught:
        from_plain(Outer, sent(FULL) | change)
    assert words in str(caught.value)


def test_tidy_gives_what_json_would_give_back() -> None:
    given = {1: (1, 2), "x": np.float32(0.5), "y": [np.int64(3), (None,)]}
    assert tidy(given) == {"1": [1, 2], "x": 0.5, "y": [3, [None]]}


def test_tidy_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(Unfit, match="cannot be written as JSON"):
        tidy({"x": object()})
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Unfit, match="deep"):
        tidy(deep)


@dataclass(frozen=True)
class Named(json_codec.Partial):
    """One field has no default."""

    name: str
    more: int = 0


def test_a_field_without_a_default_must_be_there() -> None:
    assert json_codec.from_plain(Named, {"name": "a"}) == Named("a")
    with pytest.raises(json_codec.Unfit, match=r"^name is missing"):
        json_codec.from_plain(Named, {"more": 1})

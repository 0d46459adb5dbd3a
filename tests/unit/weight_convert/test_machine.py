"""The pickle machine beside Python's own, and what it refuses."""

from __future__ import annotations

import pickle
import random
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from weight_convert.pickles import instructions
from weight_convert.pickles.arrays import ArrayDraft
from weight_convert.pickles.machine import PickleError
from weight_convert.pickles.names import Names
from weight_convert.pickles.values import OddKey, Thing


def load(raw: bytes) -> Any:
    """What the machine makes of a pickle, views as bytes."""
    value, end = instructions.load(memoryview(raw), Names(len(raw)))
    assert end == len(raw)
    return plain(value)


def plain(value: Any) -> Any:
    """The same value with views as bytes, and with every key as a text."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {key_text(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return set(map(key_text, value))
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return value


def key_text(key: Any) -> str:
    """A key as Python spells it, with the kind of value that it is."""
    if isinstance(key, OddKey):
        return f"{key.what} {key.text}"
    return f"{type(key).__name__} {key if isinstance(key, str) else repr(key)}"


def random_value(rng: random.Random, depth: int = 0) -> Any:
    """A value of plain containers, numbers and texts."""
    leaves = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.choice([0, 1, 255, 256, 65535, 65536, -1, 2**31, -(2**31), 2**63, -(2**70)]),
        lambda: rng.choice([0.0, -1.5, 1e300, float("inf")]),
        lambda: complex(rng.random(), 1.5),
        lambda: rng.choice(["", "a", "weight", "Gewicht ä", "重", "x" * 300]),
        lambda: rng.choice([b"", b"\x00\xff", b"y" * 300]),
    ]
    if depth > 3 or rng.random() < 0.4:
        return rng.choice(leaves)()
    size = rng.randrange(6)
    items = [random_value(rng, depth + 1) for _ in range(size)]
    keys = [rng.choice(["k", "conv.weight", 7, 2.5, None, True, ("a", 1)]) for _ in range(size)]
    kinds = [
        lambda: items,
        lambda: tuple(items),
        lambda: dict(zip(keys, items, strict=True)),
        lambda: {1, "two"},
    ]
    return rng.choice(kinds)()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("seed", range(20))
def test_plain_values_are_those_of_pythons_unpickler(protocol: int, seed: int) -> None:
    value = random_value(random.Random(seed))
    raw = pickle.dumps(value, protocol)
    assert load(raw) == plain(pickle.loads(raw))


@pytest.mark.parametrize("protocol", range(6))
def test_containers_of_the_library(protocol: int) -> None:
    value = {
        "ordered": OrderedDict(b=1, a=2),
        "default": defaultdict(list, {"x": [1]}),
        "counter": Counter("aab"),
        "frozen": frozenset({1, 2}),
        "bytes": b"\x00\x80",
        "bytearray": bytearray(b"\x00\x80"),
    }
    found = load(pickle.dumps(value, protocol))
    assert list(found["str ordered"]) == ["str b", "str a"]
    assert found == plain(value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(3.5),
        np.empty((0, 4), np.int8),
        np.arange(4, dtype=">f8"),
        np.array([True, False]),
        np.arange(3, dtype=np.float16),
        np.arange(4, dtype=np.complex64),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_arrays_are_views_with_the_same_bits(array: Any, protocol: int) -> None:
    draft = load(pickle.dumps(array, protocol))
    assert isinstance(draft, ArrayDraft)
    found = draft.tensor()
    assert found is not None
    assert found.values().dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found.values(), array)


@pytest.mark.parametrize("scalar", [np.float32(2.5), np.int64(-3), np.bool_(True)])
def test_numpy_scalars_are_arrays_without_dimensions(scalar: Any) -> None:
    found = load(pickle.dumps(scalar, 4)).tensor()
    assert found.shape == ()
    assert found.values() == scalar


def test_an_array_of_texts_or_objects_holds_no_tensor() -> None:
    for array in (np.array(["a"]), np.array([None], dtype=object), np.zeros(1, [("x", "f4")])):
        draft = load(pickle.dumps(array, 4))
        assert draft.tensor() is None
        assert "no numbers" in draft.problem


def test_strings_of_python_2_are_texts_where_they_are_plain() -> None:
    assert load(b"U\x03abc.") == "abc"
    assert load(b"S'abc'\n.") == "abc"
    assert load(b"U\x02\x80\x81.") == b"\x80\x81"


def test_what_is_remembered_is_the_same_object() -> None:
    raw = pickle.dumps([shared := [1], shared, shared], 4)
    found, _ = instructions.load(memoryview(raw), Names(len(raw)))
    assert found[0] is found[1] is found[2]


def test_unknown_classes_stay_inert_and_are_counted() -> None:
    names = Names(0)
    found, _ = instructions.load(memoryview(b"\x80\x02cmy.models\nNet\n)\x81}X\x01\0\0\0aK\x05sb."), names)
    assert isinstance(found, Thing)
    assert str(found.name) == "my.models.Net"
    assert found.attributes == {"a": 5}
    assert names.unknown == {"my.models.Net": 1}


def test_a_key_that_is_no_plain_value_is_stood_for() -> None:
    found = load(b"\x80\x02}cmy\nKey\n)\x81K\x01s.")
    assert list(found) == ["Thing 1"]


REFUSED = {
    "stack": (b"\x80\x02R.", "stack"),
    "mark": (b"t.", "stack"),
    "underflow": (b"(0\x85.", "stack"),
    "memo": (b"h\x05.", "never made"),
    "instruction": (b"\xfe.", "no pickle instruction"),
    "end": (b"\x80\x02}", "cut short"),
    "argument": (b"\x80\x04\x8c\x05ab", "the data ends before"),
    "protocol": (b"\x80\x09N.", "protocol 9"),
    "odd-pairs": (b"}(K\x01u.", "without a value"),
    "entry": (b"](K\x01K\x02u.", "is put into a list"),
    "append": (b"}K\x01a.", "appended to a dict"),
    "add": (b"](K\x01\x90.", "added to a list"),
    "name": (b"K\x01K\x02\x93.", "no text"),
    "call": (b"K\x01)R.", "cannot be called"),
    "arguments": (b"cmy\nf\nK\x01R.", "without a tuple"),
    "persistent": (b"K\x01Q.", "outside itself"),
    "text": (b"X\x02\0\0\0\xff\xfe.", "damaged"),
    "float": (b"Fabc\n.", "damaged"),
    "extension": (b"\x82\x01.", "extension registry"),
    "buffer": (b"\x97.", "buffers outside"),
    "quotes": (b"Sabc\n.", "quotes"),
    "state": (b"K\x01K\x02b.", "state of a int"),
    "arity": (b"cnumpy\ndtype\n)R.", "damaged"),
    "dictionary-of-lists": (b"ccollections\nOrderedDict\n(](]K\x01ea\x85R.", "damaged"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_damaged_pickles_are_refused_with_the_reason(name: str) -> None:
    raw, word = REFUSED[name]
    with pytest.raises((PickleError, BadInput), match=word):
        load(raw)

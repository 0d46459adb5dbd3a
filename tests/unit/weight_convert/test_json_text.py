"""JSON in a checkpoint: what is right is read, what would swell is refused before it does."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from harness.errors import BadInput
from tests.selection import others_slow
from weight_convert.json_text import parse_json


def test_a_document_is_read_as_python_reads_it() -> None:
    value = {"a": [1, {"b": None, 'c\\"': "d\\"}], "é": True}
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_a_long_header_is_read() -> None:
    entry = {"dtype": "F32", "shape": [64, 64, 3, 3], "data_offsets": [123456789, 123456999]}
    header = {f"backbone.stage.{index}.conv.weight": entry for index in range(20_000)}
    raw = json.dumps(header).encode()
    assert len(raw) > 2 << 20
    assert parse_json(raw) == header


PIECES = [b"[]", b"{}", b"1", b'""', b'"\\""', b'"\\\\"', b'{"a":{}}']


@pytest.mark.parametrize("piece", others_slow(PIECES, b"[]", b'"\\""', b'{"a":{}}'))
def test_many_small_values_are_refused_before_they_are_made(piece: bytes) -> None:
    raw = b"[" + b",".join([piece] * ((12 << 20) // (len(piece) + 1))) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises((BadInput, ValueError)):
            parse_json(raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 << 20


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a":1,"a":2}', b"[" * 100_000, b'"\\ud800"', b"\xff", b"NaN"])
def test_what_is_no_document_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(raw)

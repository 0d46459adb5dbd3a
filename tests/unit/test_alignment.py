"""The result of a comparison as a file: exact both ways, strict JSON, foreign files refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import alignment_rules, strict_json
from harness.alignment import Alignment
from harness.alignment_rows import Isolated, Obstacle, Row, SideReport
from harness.answers import Observer
from harness.attributes import AttributeDifference
from harness.costs import Costs, Spent
from harness.coverage import Coverage
from harness.errors import BadInput
from harness.numerics import difference
from harness.pairs.base import Override
from harness.verdict import Measured, Verdict


def small_alignment() -> Alignment:
    """Two rows, with every awkward value that a row can hold."""
    found = difference(np.array([1.0, 0.1]), np.array([1.0, math.inf]))
    measured = Measured(
        found, "samples", 900, False, 1e-7, 1 / 3, 0.1, 5.0, 2.0, math.inf, 1e-300, 64, ((1e-4, 0.1),)
    )
    return Alignment(
        case={"pair": "demo", "size": (8, 9), "seed": np.int64(3)},
        policy={"name": "noise"},
        sides={
            "torch": SideReport(versions={"torch": "2"}, layers=4, cost=Spent(wall=0.1)),
            "jittor": SideReport("failed", "boom", "SIGSEGV", "conv", "tail\n\x1b[31m", device="cpu"),
        },
        rows=[
            Row("layer:conv#0:out", "Conv2d", (30, 30), "float32", 0, measured,
                Verdict("diverged", "noise", "too far", math.inf), "a note", ["input:x"]),
            Row("output:0", "", (), "float32", 1, None, Verdict("not compared", "pairing", "gone"),
                found="reference", obstacle=Obstacle("gone")),
        ],
        verdict="failed",
        first="layer:conv#0:out",
        worst="layer:conv#0:out",
        sentence="jittor stopped short: “boom”.",
        coverage=Coverage(compared={"layer": 1}),
        attributes=[AttributeDifference("conv", "eps", math.inf, None)],
        overrides=[Override("grad:*", "absolute", "zero in theory", atol=1e-6)],
        costs=Costs(ratio=math.nan),
        observer={"jittor": Observer(bitwise=True)},
    )  # fmt: skip


def test_it_comes_back_exactly(tmp_path: Path) -> None:
    alignment = small_alignment()
    alignment.costs = Costs(ratio=math.inf)
    alignment.save(tmp_path / "alignment.json")
    assert Alignment.load(tmp_path / "alignment.json") == alignment
    assert list(tmp_path.iterdir()) == [tmp_path / "alignment.json"]


def test_the_json_is_strict_and_nan_survives(tmp_path: Path) -> None:
    text = small_alignment().to_json()
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (data["schema"], data["version"]) == ("align-alignment", 8)
    back = Alignment.from_json(text)
    assert math.isnan(back.costs.ratio)
    measured = back.rows[0].measured
    assert measured is not None
    assert measured.difference.worst_candidate == math.inf
    assert back.rows[0].verdict.ratio == math.inf


def older(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with the names that it had before version 5."""
    data = {"local" if name == "isolated" else name: value for name, value in data.items()}
    data["rows"] = [
        {"local" if name == "isolated" else name: value for name, value in row.items()}
        for row in data["rows"]
    ]
    return data


def test_an_alignment_of_version_1_is_still_read() -> None:
    data = older(small_alignment().to_dict())
    for name in ("sources", "local"):
        del data[name]
    for row in data["rows"]:
        del row["local"]
        if row["measured"]:
            del row["measured"]["typical"], row["measured"]["terms"]
    read = Alignment.from_dict({**data, "version": 1})
    assert read.version == 8
    assert read.sources == []
    assert read.isolated.ran is False
    assert [row.address for row in read.rows] == [row.address for row in small_alignment().rows]


def test_an_alignment_of_version_2_is_still_read() -> None:
    alignment = small_alignment()
    measured, verdict = alignment.rows[0].measured, alignment.rows[0].verdict
    assert measured is not None
    alignment.rows[0].isolated = Isolated(measured, verdict)
    data = older(alignment.to_dict())
    for place in (data["rows"][0], data["rows"][0]["local"]):
        del place["measured"]["typical"], place["measured"]["terms"]
    assert Alignment.from_dict({**data, "version": 2}) == alignment


def test_an_alignment_of_version_3_is_still_read() -> None:
    alignment = small_alignment()
    data = older(alignment.to_dict())
    del data["rows"][0]["measured"]["terms"]
    assert Alignment.from_dict({**data, "version": 3}) == alignment


def test_an_alignment_of_version_4_is_still_read() -> None:
    alignment = small_alignment()
    alignment.costs = Costs(isolated=Spent(cpu=1.0), isolated_truth=Spent(cpu=2.0))
    data = older(alignment.to_dict())
    data["costs"] = {"local": {"cpu": 1.0}, "local truth": {"cpu": 2.0}}
    assert Alignment.from_dict({**data, "version": 4}) == alignment


def test_free_data_is_what_json_gives_back() -> None:
    assert small_alignment().case == {"pair": "demo", "size": [8, 9], "seed": 3}


@pytest.mark.parametrize(
    ("verdict", "code"), [("aligned", 0), ("diverged", 1), ("failed", 4), ("inconclusive", 5)]
)
def test_the_exit_code_tells_the_verdict(verdict: Any, code: int) -> None:
    alignment = small_alignment()
    alignment.verdict = verdict
    assert alignment.exit_code == code


def test_names_and_rows_are_found() -> None:
    alignment = small_alignment()
    assert alignment.names == ("torch", "jittor")
    assert alignment.row("output:0") is alignment.rows[1]
    with pytest.raises(BadInput, match="no address 'output:1'"):
        alignment.row("output:1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no JSON"),
        (b"\x89HDF\r\n", "is no JSON"),
        (b"[1, 2]", "is no alignment"),
        (b'{"schema": "other"}', "is no alignment"),
        (b'{"schema": "align-alignment", "x": NaN}', "NaN"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"schema": "align-alignment", "version": 9}', "version 9"),
        (b'{"schema": "align-alignment", "version": 1}', "missing"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "alignment.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        Alignment.load(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def _set(*keys: Any, value: Any) -> Callable[[Any], None]:
    def damage(data: Any) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_set("rows", 0, "shape", value="big"), "rows[0].shape is 'big'"),
        (_set("rows", 0, "shape", value=[-1]), "shape (-1,)"),
        (_set("rows", 0, "verdict", "status", value="fine"), "rows[0].verdict.status is 'fine'"),
        (_set("rows", 0, "measured", "difference", "l2", value=None), "difference.l2 is None"),
        (_set("rows", 0, "measured", value=None), "either measures or an obstacle"),
        (_set("rows", 1, "address", value="layer:conv#0:out"), "same address"),
        (_set("rows", 0, "address", value="layer:conv"), "'layer:conv' is no layer address"),
        (_set("rows", 0, "address", value="nonsense"), "'nonsense' is no address"),
        (_set("first", value="output:9"), "first is 'output:9'"),
        (_set("sides", value={}), "sides are none"),
        (_set("verdict", value="maybe"), "verdict is 'maybe'"),
        (_set("extra", value=1), "extra is unknown"),
        (_set("coverage", "compared", value=[]), "coverage.compared is []"),
        (_set("coverage", "skipped", value=[{"address": 1}]), "coverage.skipped[0].address is 1"),
        (_set("attributes", 0, value={"layer": "x"}), "attributes[0].name is missing"),
        (_set("overrides", 0, "policy", value="ignore"), "overrides[0].policy"),
    ],
)
def test_damage_is_named(damage: Callable[[Any], None], words: str) -> None:
    data = json.loads(small_alignment().to_json())
    damage(data)
    with pytest.raises(BadInput) as caught:
        Alignment.from_dict(data, "the file")
    assert words in str(caught.value)


def test_what_is_too_large_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alignment.json"
    small_alignment().save(path)
    monkeypatch.setattr(strict_json, "MOST_BYTES", 100)
    with pytest.raises(BadInput, match="at most 100 are read"):
        Alignment.load(path)
    monkeypatch.undo()
    monkeypatch.setattr(alignment_rules, "_MOST_ROWS", 1)
    with pytest.raises(BadInput, match="at most 1"):
        Alignment.load(path)


def test_a_missing_file_and_a_missing_folder_are_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        Alignment.load(tmp_path / "none.json")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        Alignment.load(tmp_path)
    with pytest.raises(BadInput, match="cannot be written: there is no folder"):
        small_alignment().save(tmp_path / "none" / "alignment.json")

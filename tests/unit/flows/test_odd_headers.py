"""A trace with any one field of its header or notes made odd: every reader copes, or says what is wrong."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import flows, pairs
from harness.cli.show import show
from harness.errors import BadInput
from harness.flows.stored_reference import stored_reference
from harness.state_table import StateEntry
from harness.trace import Trace, TraceWriter
from harness.verdict import NoisePolicy
from reports.sheet import Sheet
from tests.unit.changed import GONE, changed

OWN: dict[str, Any] = {
    "header": {
        "case": {
            "pair": "l2sknet", "variant": "L2SKNet_UNet", "mode": "eval", "seed": 0, "weights": "seeded",
            "batch": 1, "size": [8, 8], "tag": "compare", "dtype": "float32", "device": "cpu", "name": "",
        },
        "inputs": "abc", "state": "def", "dtype": "float32", "side": "torch", "layers": "all",
    },
    "notes": {
        "layers": {"conv": {"type": "Conv2d", "attributes": {"eps": 0.5, "padding": [1]}, "origin": "torch"}},
        "side": {"versions": {"torch": "2"}, "device": "cpu"},
        "cost": {"wall": 0.1, "cpu": 0.1, "peak_bytes": 7},
        "state": [["conv.weight", [1, 2], "float32", True], ["conv.bias", [1], "float32", True]],
    },
}  # fmt: skip
UPSTREAM: dict[str, Any] = {
    "header": {
        "model": "l2sknet", "variant": "L2SKNet_UNet", "case": "eval", "mode": "eval", "seed": 0, "repo": "r",
        "commit": "c", "side": "torch", "dtype": "float32",
    },
    "notes": {"state": OWN["notes"]["state"], "noise_rel_l2": {"output:0": 1e-7}},
}  # fmt: skip
LIVE = [StateEntry("conv.weight", (1, 2), "float32", True), StateEntry("conv.bias", (1,), "float32", True)]
ODD: list[Any] = [
    None, -1, 10**19, float("inf"), "abc", "\ud800\x1b[2J", [], {}, [1, "a"], {"a": []}, [10**18] * 2, GONE,
]  # fmt: skip


def places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    items = data.items() if isinstance(data, dict) else enumerate(data[:1]) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


@pytest.fixture
def content_of_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the trace at odd.h5 holds: a test changes it, and readers get this instead of the file."""
    for name in ("odd.h5", "sound.h5"):
        with TraceWriter(tmp_path / name, OWN["header"]) as writer:
            writer.add("output:0", np.ones(3, np.float32))
            for key, value in OWN["notes"].items():
                writer.note(key, value)
    content: dict[str, Any] = {"upstream": False}
    files = {name: Trace.open(tmp_path / name) for name in ("odd.h5", "sound.h5")}

    def opened(path: Path, **_: Any) -> Trace:
        trace = files[Path(path).name]
        if Path(path).name == "odd.h5":
            trace.header, trace.notes = content["header"], content["notes"]
            trace.upstream = content["upstream"]
        return trace

    monkeypatch.setattr(Trace, "open", opened)
    monkeypatch.setattr(Trace, "close", lambda self: None)
    monkeypatch.chdir(tmp_path)
    yield content
    monkeypatch.undo()
    for trace in files.values():
        trace.close()


def use() -> list[str]:
    """Everything that reads a trace without running anything; which of it found nothing wrong."""
    odd, sound = Path("odd.h5"), Path("sound.h5")
    fine = []
    for name, reader in (
        ("show", lambda: _shown(odd)),
        ("reference", lambda: _drawn(flows.diff(odd, sound, NoisePolicy()))),
        ("candidate", lambda: _drawn(flows.diff(sound, odd, NoisePolicy()))),
        ("truth", lambda: flows.diff(sound, sound, NoisePolicy(), truth=odd)),
        ("stands in", lambda: _stands_in(odd)),
    ):
        try:
            reader()
        except BadInput:
            continue
        fine.append(name)
    return fine


def _shown(path: Path) -> None:
    outcome = show(path)
    for as_json in (True, False):
        outcome.text(io.TextIOWrapper(io.BytesIO(), "utf-8"), as_json)


def _drawn(alignment: Any) -> None:
    from reports.terminal import draw

    draw(alignment, Sheet(io.StringIO()), "")
    assert type(alignment).from_json(alignment.to_json()).to_json() == alignment.to_json()


def _stands_in(path: Path) -> None:
    request = flows.CompareRequest("l2sknet", reference=str(path))
    with stored_reference(request, pairs.find("l2sknet")) as stored:
        stored.case.request(pairs.find("l2sknet"))
        stored.state_table(LIVE)


EVERYWHERE = [(whole, at) for whole in (OWN, UPSTREAM) for at in places(whole) if len(at) > 1]
"""Header and notes themselves are seen to be tables when a file is opened. The gate tries a third of the odd
values in each field, another third in the next one."""


def name_of(item: object) -> str:
    """A field's path in the name of its test."""
    return ".".join(map(str, item)) if isinstance(item, tuple) else ""


@pytest.mark.parametrize(
    ("whole", "at", "values"),
    [
        pytest.param(whole, at, ODD[third::3], marks=[] if third == number % 3 else [pytest.mark.slow])
        for number, (whole, at) in enumerate(EVERYWHERE)
        for third in range(3)
    ],
    ids=name_of,
)
def test_one_odd_field(
    content_of_trace: dict[str, Any], whole: dict[str, Any], at: tuple[Any, ...], values: list[Any]
) -> None:
    for value in values:
        content_of_trace |= changed(whole, at, value) | {"upstream": whole is UPSTREAM}
        use()


@pytest.mark.parametrize("whole", [OWN, UPSTREAM], ids=["own", "upstream"])
def test_a_sound_trace_is_read_by_all(content_of_trace: dict[str, Any], whole: dict[str, Any]) -> None:
    content_of_trace |= copy.deepcopy(whole) | {"upstream": whole is UPSTREAM}
    assert use() == ["show", "reference", "candidate", "truth", "stands in"]


@pytest.mark.parametrize(
    "name", ["pair", "variant", "mode", "seed", "size", "batch", "weights", "dtype", "device"]
)
def test_a_case_of_odd_types_is_named(content_of_trace: dict[str, Any], name: str) -> None:
    content_of_trace |= changed(OWN, ("header", "case", name), {"a": []})
    with pytest.raises(BadInput, match=rf"the case of .*odd\.h5 is damaged: {name} is "):
        flows.diff(Path("odd.h5"), Path("sound.h5"), NoisePolicy())


def test_a_case_that_is_no_table_is_named(content_of_trace: dict[str, Any]) -> None:
    for value in (None, 3, "text", [1], [["pair", "l2sknet"]]):
        content_of_trace |= changed(OWN, ("header", "case"), value)
        with pytest.raises(BadInput, match=r"the case of .*odd\.h5 is .*, and a case is a table"):
            flows.diff(Path("odd.h5"), Path("sound.h5"), NoisePolicy())


@pytest.mark.parametrize(
    "rows", [[["w", [10**9, 10**9]]], [["w", [-1]]], [[1, [1]]], [["w"]], ["w"], {"w": [1]}]
)
def test_a_state_that_the_model_cannot_have_is_never_made(
    content_of_trace: dict[str, Any], rows: Any
) -> None:
    content_of_trace |= changed(OWN, ("notes", "state"), rows)
    with pytest.raises(BadInput, match=r"odd\.h5 is (damaged|of another model)"):
        _stands_in(Path("odd.h5"))


def test_what_is_nested_or_long_beyond_use_is_no_trace(tmp_path: Path) -> None:
    deep: Any = 0
    for _ in range(200):
        deep = [deep]
    for number, (value, words) in enumerate(((deep, "nested more than 64"), (10**400, "401 digits"))):
        for part in ("header", "notes"):
            path = tmp_path / f"{part}{number}.h5"
            with TraceWriter(path, {"x": value} if part == "header" else {}) as writer:
                writer.add("output:0", np.ones(3, np.float32))
                writer.note("x", value if part == "notes" else 0)
            with pytest.raises(BadInput, match=words):
                Trace.open(path)

"""Damaged and malicious files: refused in one sentence, without following links or allocating much."""

from __future__ import annotations

import json
import shutil
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.errors import BadInput
from harness.hdf5 import asking
from harness.trace import Trace
from tests.unit.trace.samples import write, write_upstream

A = "layer:encoder.0#0:out"
Edit = Callable[[Any], Any]


def use(path: Path) -> None:
    """Read all that there is to read."""
    with Trace.open(path) as trace:
        assert isinstance(trace.compact, bool)
        for address in trace.records:
            trace.array(address)
            trace.truth_array(address)
            trace.sample(address)
            trace.stats(address)
        trace.inputs()


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A trace of whole tensors."""
    write(tmp_path / "whole.h5")
    return tmp_path / "whole.h5"


@pytest.fixture
def compact(tmp_path: Path) -> Path:
    """A compact trace."""
    write(tmp_path / "compact.h5", compact=True)
    return tmp_path / "compact.h5"


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A small trace like those of the upstream models."""
    path = tmp_path / "upstream.h5"
    write_upstream(path)
    return path


def refused(path: Path, saying: str) -> None:
    """The file is refused with these words, cheaply."""
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match=saying) as caught:
            use(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 64 << 20


def test_they_are_sound_to_begin_with(whole: Path, compact: Path, upstream: Path) -> None:
    for path in (whole, compact, upstream):
        use(path)


@pytest.mark.parametrize("kind", ["whole", "compact", "upstream"])
def test_a_truncated_file(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    data = request.getfixturevalue(kind).read_bytes()
    short = tmp_path / "short.h5"
    for length in {*range(0, 200, 7), *np.linspace(0, len(data) - 1, 60).astype(int).tolist()}:
        short.write_bytes(data[:length])
        with pytest.raises(BadInput, match=r"short\.h5"):
            use(short)


@pytest.mark.parametrize("kind", ["whole", "compact", "upstream"])
def test_flipped_bytes_end_in_a_trace_or_a_refusal(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    data = request.getfixturevalue(kind).read_bytes()
    rng = np.random.default_rng(1)
    odd = tmp_path / "odd.h5"
    refusals = 0
    for _ in range(150):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 9)):
            changed[place] = rng.integers(256)
        odd.write_bytes(changed)
        try:
            use(odd)
        except BadInput:
            refusals += 1
    assert refusals > 20


@pytest.mark.parametrize("content", [b"", b"address,l2\n", b"\x89HDF\r\n\x1a\n", bytes(5000)])
def test_what_is_no_hdf5_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    refused(tmp_path / "a.h5", r"not a trace of a run: it is no HDF5 file|damaged")


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.h5", "does not exist")
    refused(tmp_path, "is a folder; name a file in it")


def test_hdf5_of_something_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["weights"] = np.ones(3)
    refused(tmp_path / "a.h5", "not a trace of a run: it holds weights")
    with h5py.File(tmp_path / "b.h5", "w"):
        pass
    refused(tmp_path / "b.h5", "not a trace of a run: it holds nothing")


@pytest.mark.parametrize(
    ("version", "saying"),
    [
        (2, r"version 2 of the trace format.* up to 1\. Read it with a newer"),
        ("1", "its version is '1'"),
        (None, "None"),
    ],
)
def test_other_versions(whole: Path, version: Any, saying: str) -> None:
    with h5py.File(whole, "r+") as file:
        del file.attrs["version"]
        if version is not None:
            file.attrs["version"] = version
    refused(whole, saying)


def set_index(path: Path, data: bytes) -> None:
    """Give a trace another index."""
    with h5py.File(path, "r+") as file:
        del file["index"]
        file["index"] = np.frombuffer(data, np.uint8)


def edit_index(path: Path, edit: Edit) -> None:
    """Change a trace's index."""
    with h5py.File(path) as file:
        index = json.loads(zlib.decompress(file["index"][()].tobytes()))
    edit(index)
    set_index(path, zlib.compress(json.dumps(index).encode()))


@pytest.mark.parametrize(
    "text",
    [
        lambda: b'{"header":"' + b" " * (80 << 20) + b'"}',
        lambda: b"[" + b"[]," * (5 << 20) + b"0]",
        lambda: b"[" * 100_000,
        lambda: b"[1, 2",
        lambda: b"7",
    ],
    ids=["large", "many", "deep", "broken", "number"],
)
def test_an_index_that_is_a_bomb_or_nonsense(whole: Path, text: Callable[[], bytes]) -> None:
    set_index(whole, zlib.compress(text()))
    refused(whole, "damaged or no trace")


def test_an_index_that_is_not_deflated(whole: Path) -> None:
    set_index(whole, b"{}" * 100)
    refused(whole, "damaged or no trace")


def entry(place: int, field: int, value: Any) -> Edit:
    """Change one field of one record."""

    def edit(index: Any) -> None:
        index["records"][place][field] = value

    return edit


EDITS: dict[str, Edit] = {
    "a shape beyond all bounds": entry(1, 2, [1 << 25, 1 << 25]),
    "a shape beyond all numbers": entry(1, 2, [1 << 40, 1 << 40]),
    "a negative shape": entry(1, 2, [-2, -600]),
    "a shape of fractions": entry(1, 2, [2.5]),
    "a shape of truth values": entry(1, 2, [True]),
    "another shape": entry(1, 2, [3, 2, 4, 50]),
    "another dtype": entry(1, 3, "float64"),
    "a dtype of objects": entry(1, 3, "object"),
    "a dtype that is a list": entry(1, 3, []),
    "an address that is none": entry(1, 0, "secrets"),
    "an address that is a number": entry(1, 0, 7),
    "an address without a tensor": entry(1, 0, "layer:gone#0:out"),
    "an address twice": entry(1, 0, "output:0"),
    "a type that is a list": entry(1, 1, [[]]),
    "an alias of a later record": entry(1, 4, 9),
    "an alias from the end": entry(1, 4, -1),
    "an alias of an alias": lambda index: index["records"].append(
        ["output:z", "", [1], "int8", len(index["records"]) - 1]
    ),
    "a record too short": lambda index: index["records"][1].pop(),
    "a record that is an object": lambda index: index["records"].append({}),
    "no records": lambda index: index.pop("records"),
    "a header that is a list": lambda index: index.update(header=[]),
    "notes that are a text": lambda index: index.update(notes=""),
    "samples below zero": lambda index: index.update(samples=-1),
    "samples beyond all bounds": lambda index: index.update(samples=1 << 50),
    "another number of samples": lambda index: index.update(samples=63),
}


@pytest.mark.parametrize("what", list(EDITS))
@pytest.mark.parametrize("kind", ["whole", "compact"])
def test_an_index_that_lies(what: str, kind: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(kind)
    edit_index(path, EDITS[what])
    if kind == "compact" and what in ("another shape", "an address without a tensor"):
        use(path)  # of sampled tensors only the count of elements can be held against the file
    else:
        refused(path, "damaged or no trace")


def replace_dataset(path: Path, name: str, make: Callable[[h5py.Group, str], None]) -> None:
    """Put something else in the place of a dataset; the old one stays at `/moved` and in other.h5."""
    shutil.copy(path, path.with_name("other.h5"))
    with h5py.File(path, "r+") as file:
        file.move(name, "moved")
        group, _, leaf = name.rpartition("/")
        make(file[group or "/"], leaf)


def _external_storage(group: h5py.Group, name: str) -> None:
    group.create_dataset(name, (2, 3, 4, 50), "f4", external=[("/etc/passwd", 0, 4800)])


def _virtual(group: h5py.Group, name: str) -> None:
    layout = h5py.VirtualLayout((2, 3, 4, 50), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2, 3, 4, 50))
    group.create_virtual_dataset(name, layout)


IMPOSTORS: dict[str, Callable[[h5py.Group, str], None]] = {
    "nothing": lambda group, name: None,
    "a group": lambda group, name: group.create_group(name),
    "a soft link": lambda group, name: group.__setitem__(name, h5py.SoftLink("/moved")),
    "an external link": lambda group, name: group.__setitem__(
        name, h5py.ExternalLink("other.h5", f"{group.name}/{name}")
    ),
    "external storage": _external_storage,
    "a virtual dataset": _virtual,
    "texts": lambda group, name: group.__setitem__(name, ["a", "b"]),
    "a table": lambda group, name: group.__setitem__(name, np.zeros(3, [("a", "i4"), ("b", "f4")])),
    "long doubles": lambda group, name: group.__setitem__(name, np.zeros((2, 3, 4, 50), np.longdouble)),
    "terabytes never written": lambda group, name: group.create_dataset(name, (1 << 30, 1 << 10), "f4"),
    "terabytes never written, in chunks": lambda group, name: group.create_dataset(
        name, (1 << 30, 1 << 10), "f4", chunks=(1 << 10, 1 << 10)
    ),
    "a chunk larger than itself": lambda group, name: group.create_dataset(
        name, (10,), "f4", chunks=(1 << 29,), maxshape=(None,), compression="gzip"
    ),
    "an unusual filter": lambda group, name: group.create_dataset(
        name, data=np.ones((2, 3, 4, 50), "f4"), compression="lzf"
    ),
    "one number": lambda group, name: group.__setitem__(name, np.float32(1)),
}


@pytest.mark.parametrize("what", list(IMPOSTORS))
@pytest.mark.parametrize(
    ("kind", "name"),
    [("whole", f"tensors/{A}"), ("whole", "index"), ("compact", "samples/float32"), ("compact", "stats"),
     ("compact", "noise"), ("upstream", "outputs/0"), ("upstream", "modules/conv/0/index")],
)  # fmt: skip
def test_something_else_in_the_place_of_a_dataset(
    what: str, kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(kind)
    replace_dataset(path, name, IMPOSTORS[what])
    if (what, name) == ("nothing", "noise") or (what, name) == ("one number", "outputs/0"):
        use(path)  # neither is missed
    elif (what, name) == ("nothing", "outputs/0"):
        assert "output:0" not in Trace.open(path).records
    else:
        refused(path, "damaged or no trace|not a trace of a run")


@pytest.mark.parametrize("name", ["tensors", "samples"])
def test_a_missing_group(name: str, whole: Path, compact: Path) -> None:
    path = whole if name == "tensors" else compact
    with h5py.File(path, "r+") as file:
        del file[name]
    refused(path, "damaged or no trace")


def _set(place: str, name: str, value: Any) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        file[place].attrs[name] = value

    return edit


def _text(name: str, value: str) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return edit


UPSTREAM_EDITS: dict[str, Callable[[h5py.File], None]] = {
    "samples beyond the shape": _set("modules/conv/0", "shape", [2]),
    "a shape that is a text": _set("modules/conv/0", "shape", "4x5"),
    "statistics that are texts": _set("modules/conv/0", "mean", "one"),
    "a mode that is an empty space": lambda file: file.attrs.update(mode=h5py.Empty("f4")),
    "a call that is no number": lambda file: file.move("modules/conv/0", "modules/conv/first"),
    "a table that is a list": _text("grads_table", "[1, 2]"),
    "a table with short rows": _text("grads_table", '{"a": [[1], 2]}'),
    "a table that is no JSON": _text("grads_table", "{"),
    "a state that is a bomb": _text("state/table", "[" + "[]," * (3 << 20) + "0]"),
}


@pytest.mark.parametrize("what", list(UPSTREAM_EDITS))
def test_an_upstream_trace_that_lies(what: str, upstream: Path) -> None:
    with h5py.File(upstream, "r+") as file:
        UPSTREAM_EDITS[what](file)
    refused(upstream, "damaged or no trace")


def test_an_attribute_larger_than_any(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file.attrs["mode"] = np.zeros(20_000)
    refused(tmp_path / "a.h5", "attribute 'mode' is larger")


def test_a_heap_of_texts_in_which_hdf5_goes_round_in_circles(
    upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_SECONDS", 1)
    data = bytearray(upstream.read_bytes())
    start = data.find(b"GCOL") + 16
    while data[start : start + 2] != b"\0\0":
        start += 16 + (int.from_bytes(data[start + 8 : start + 16], "little") + 7) // 8 * 8
    free = int.from_bytes(data[start + 8 : start + 16], "little")
    data[start + 8 : start + 16] = (free - 26).to_bytes(8, "little")
    upstream.write_bytes(data)
    refused(upstream, "does not end: 1 seconds of processor time were not enough")

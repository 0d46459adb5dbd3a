"""What is listed of an HDF5 file, held against what h5py reads."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.hdf5.contents import list_file
from harness.hdf5.listing import Contents

ALLOWED = 1 << 20


def listed(path: Path, allowed: int = ALLOWED) -> tuple[Contents, bytes]:
    """The contents of a file, and what was copied from it."""
    scratch = io.BytesIO()
    return list_file(path, scratch, allowed), scratch.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of everything that is listed."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs.update(
            {"name": "n", "bytes": b"b\xff", "side": np.float32(0.5), "sides": [[1, 2], [3, 4]]}
        )
        file.attrs["nothing"] = h5py.Empty("f4")
        file.attrs.create("flags", [True, False])
        group = file.create_group("one/two")
        group.attrs["nan"] = np.nan
        group["whole"] = np.arange(6, dtype=">i4").reshape(2, 3)
        group["empty"] = np.empty((0, 3), np.float16)
        group["number"] = np.complex64(1 + 2j)
        group.create_dataset("packed", data=np.arange(100.0).reshape(4, 25), compression="gzip", shuffle=True)
        group.create_dataset("fast", data=np.arange(100.0), compression="lzf")
        file["text"], file["texts"] = "schön", ["a", "b"]
        file["table"] = np.zeros(3, [("a", "i4"), ("b", "f4")])
        file["one/same"] = group["whole"]
        file["one/circle"] = file["one"]
        file["soft"], file["far"] = h5py.SoftLink("/text"), h5py.ExternalLink("b.h5", "/x")
    return path


def test_every_number_is_found_where_it_lies(path: Path) -> None:
    contents, copied = listed(path)
    raw = path.read_bytes()
    with h5py.File(path) as file:
        for name in ("whole", "empty", "number", "packed", "fast"):
            found, wanted = contents.datasets[f"one/two/{name}"], file[f"one/two/{name}"][()]
            held = copied if found.spilled else raw
            array = np.frombuffer(held[found.place : found.place + found.nbytes], found.dtype)
            np.testing.assert_array_equal(array.reshape(found.shape), wanted, strict=True)
    assert contents.datasets["one/same"] == contents.datasets["one/two/whole"]


def test_what_else_there_is_is_reported(path: Path) -> None:
    contents, copied = listed(path)
    text = contents.datasets["text"]
    assert copied[text.place : text.place + text.nbytes].decode() == "schön"
    assert (text.dtype, contents.datasets["texts"].dtype) == ("text", "texts")
    assert contents.datasets["table"].dtype.startswith("[('a'")
    assert set(contents.links) == {"soft", "far"}
    assert list(contents.groups) == ["", "one", "one/two"]
    assert contents.groups[""].unread == ["nothing"]
    assert contents.groups[""].attributes == {
        "name": "n", "bytes": "b?", "side": 0.5, "sides": [[1, 2], [3, 4]], "flags": [True, False],
    }  # fmt: skip


def test_only_what_traces_never_have_is_odd(path: Path) -> None:
    contents, _ = listed(path)
    odd = {name: dataset.odd for name, dataset in contents.datasets.items() if dataset.odd}
    assert odd == {"one/two/fast": "it is packed in a way that traces are not"}


def test_it_survives_being_spelt_as_json(path: Path) -> None:
    contents, _ = listed(path)
    again = Contents.from_json(json.loads(json.dumps(contents.to_json())))
    assert (again.datasets, again.links) == (contents.datasets, contents.links)
    assert np.isnan(again.groups["one/two"].attributes["nan"])
    assert again.groups[""] == contents.groups[""]


def _external(file: h5py.File) -> None:
    file.create_dataset("x", (10,), "f4", external=[("/etc/passwd", 0, 40)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
    file.create_virtual_dataset("x", layout)


def _long_text(file: h5py.File) -> None:
    file["x"] = "a" * (2 << 20)


def _many_attributes(file: h5py.File) -> None:
    for number in range(20):
        file.attrs[str(number)] = "a" * (1 << 20)


REFUSED: dict[str, tuple[Any, str]] = {
    "elements in another file": (_external, "'x' keeps its elements in another file"),
    "elements of another dataset": (_virtual, "'x' keeps its elements in another file"),
    "a bomb": (
        lambda file: file.create_dataset("x", (1 << 20,), "f8", compression="gzip"),
        "'x' unpacks to 8,388,608 bytes",
    ),
    "huge chunks": (
        lambda file: file.create_dataset("x", (10,), "f8", chunks=(1 << 28,), maxshape=(None,)),
        "too large to read safely",
    ),
    "a long text": (_long_text, "a text unpacks to 2,097,152 bytes"),
    "attributes without end": (_many_attributes, "texts of more than"),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_asks_for_too_much_is_refused(what: str, tmp_path: Path) -> None:
    make, saying = REFUSED[what]
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        make(file)
    with pytest.raises(ValueError, match=saying):
        listed(tmp_path / "a.h5")


def test_a_large_attribute_is_named_and_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file.attrs["large"] = np.zeros(20_000)
    assert listed(tmp_path / "a.h5")[0].groups[""] == ({}, ["large"])

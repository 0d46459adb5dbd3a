"""A format is recognised by its structure: by one recogniser, whatever its first bytes look like."""

from __future__ import annotations

import bisect
import io
import json
import pickle
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load as safetensors_load
from safetensors.numpy import save as safetensors_save

from harness.errors import BadInput
from harness.trace import TraceWriter
from tests.faults.checkpoints.case import torch_tar
from tests.unit.weight_convert.samples import network
from weight_convert import State, read_state, write_state
from weight_convert.formats import detect, npz, torch_zip
from weight_convert.formats.zip_directory import read_directory
from weight_convert.mapped import MappedFile

Making = Callable[[Path], object]
PICKLE_HEADS = [protocol << 8 | 0x80 for protocol in range(2, 6)]
"""Lengths whose two lowest bytes are a pickle's first instruction."""


def torch_saves(path: Path, new: bool) -> None:
    """Let torch write its own file."""
    torch = pytest.importorskip("torch")
    arrays = {key: torch.from_numpy(np.array(array)) for key, array in network().items()}
    torch.save(arrays, path, _use_new_zipfile_serialization=new)


def behind_a_block(path: Path, size: int) -> None:
    """An HDF5 file behind a block of the user's own."""
    with h5py.File(path, "w", userblock_size=size) as file:
        file["a"] = np.arange(3.0)


def trace(path: Path) -> None:
    """A trace of one tensor."""
    with TraceWriter(path, {}) as writer:
        writer.add("output:out", np.arange(3.0))


def numpy_saves(path: Path, save: Callable[..., None]) -> None:
    """An archive of numpy's own."""
    with path.open("wb") as file:
        save(file, **network())


FILES: dict[str, tuple[str, Making]] = {
    "torch": ("zips", lambda path: torch_saves(path, True)),
    "torch before 1.6": ("torch_legacy", lambda path: torch_saves(path, False)),
    "torch's first releases": ("torch_tar", lambda path: path.write_bytes(torch_tar(network()))),
    "numpy": ("zips", lambda path: numpy_saves(path, np.savez)),
    "numpy, compressed": ("zips", lambda path: numpy_saves(path, np.savez_compressed)),
    "h5py": ("hdf5", lambda path: behind_a_block(path, 0)),
    "h5py behind 512 bytes": ("hdf5", lambda path: behind_a_block(path, 512)),
    "h5py behind 8192 bytes": ("hdf5", lambda path: behind_a_block(path, 8192)),
    "trace": ("hdf5", trace),
    "safetensors": ("safetensors", lambda path: path.write_bytes(safetensors_save(network()))),
    **{
        f"pickle {protocol}": (
            "jittor_pickle",
            lambda path, protocol=protocol: path.write_bytes(pickle.dumps(network(), protocol)),  # type: ignore[misc]
        )
        for protocol in range(2, 6)
    },
    "ours as torch": ("zips", lambda path: write_ours(path, "pt")),
    "ours as npz": ("zips", lambda path: write_ours(path, "npz")),
    "ours as Jittor": ("jittor_pickle", lambda path: write_ours(path, "pkl")),
    "ours as safetensors": ("safetensors", lambda path: write_ours(path, "safetensors")),
    "ours as HDF5": ("hdf5", lambda path: write_ours(path, "h5")),
}


def write_ours(path: Path, suffix: str) -> None:
    """A file that we write."""
    write_state(State.of(network()), path.with_suffix(f".{suffix}"))
    path.with_suffix(f".{suffix}").rename(path)


def recognised(path: Path) -> list[str]:
    """Every recogniser that says yes."""
    file = MappedFile(path)
    return [form.__name__.rpartition(".")[2] for form in detect.FORMATS if form.recognises(file)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", FILES)
def test_exactly_one_recogniser_says_yes_to_a_real_file(what: str, tmp_path: Path) -> None:
    form, make = FILES[what]
    make(tmp_path / "file")
    assert recognised(tmp_path / "file") == [form]
    assert len(read_state(tmp_path / "file")) >= 1


@pytest.mark.parametrize("what", FILES)
def test_every_beginning_of_a_file_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    FILES[what][1](tmp_path / "file")
    raw = (tmp_path / "file").read_bytes()
    for length in (*range(1, 40), 128, 257, 511, 512, 513):
        (tmp_path / "cut").write_bytes(raw[:length])
        with pytest.raises(BadInput) as expected:
            read_state(tmp_path / "cut")
        assert "\n" not in str(expected.value)


@pytest.mark.parametrize("what", [what for what, (form, _) in FILES.items() if form == "zips"])
def test_an_archive_is_torch_s_or_numpy_s(what: str, tmp_path: Path) -> None:
    FILES[what][1](tmp_path / "file")
    members = read_directory(MappedFile(tmp_path / "file"))
    assert [torch_zip.is_torch_zip(members), npz.is_npz(members)] == ["torch" in what, "torch" not in what]


def safetensors_of(length: int) -> bytes:
    """A file whose header has this length, which safetensors' own library reads."""
    one = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    header, data = (one, b"\0\0\x80\x3f") if len(one) <= length else (b"{}", b"")
    return length.to_bytes(8, "little") + header.ljust(length) + data


def test_safetensors_headers_of_every_length_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for length in range(8, 4097):
        path.write_bytes(safetensors_of(length))
        assert recognised(path) == ["safetensors"], length
        if length >= 64:
            assert list(detect.open_content(path).root) == ["a"], length


@pytest.mark.parametrize("length", [*PICKLE_HEADS, 8, 4096, 0x8B1F])
def test_they_are_what_the_library_reads(length: int) -> None:
    assert len(safetensors_load(safetensors_of(length))) == (length >= 64)


@pytest.mark.parametrize("head", PICKLE_HEADS)
def test_a_length_that_reads_as_pickle_instructions_makes_no_pickle(head: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for instruction in (0, *(ord(known.code) for known in pickletools.opcodes)):
        length = instruction << 16 | head
        with path.open("wb") as file:  # zeros instead of blanks take no room on the disk
            file.write(length.to_bytes(8, "little") + b'{"0NaI.":1}')
            file.seek(8 + length - 1)
            file.write(b"}")
        assert recognised(path) == ["safetensors"], hex(length)


def header_length(size: int, path: Path) -> int:
    """The length of the header that we write for a key of this size."""
    write_state(State.of({"k" * size: np.ones(1, np.float32)}), path, replace=True)
    return int.from_bytes(path.read_bytes()[:8], "little")


@pytest.mark.parametrize("length", PICKLE_HEADS)
def test_our_own_header_may_have_any_length(length: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    size = bisect.bisect_left(range(1000), length, 1, key=lambda size: header_length(size, path))
    assert header_length(size, path) == length
    assert len(read_state(path)) == 1


def with_word_at(word: bytes, place: int) -> bytes:
    """A safetensors file with a word at a place of its header."""
    for size in range(300):
        key = "k" * size + word.decode()
        header = json.dumps({key: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
        if 8 + header.find(word) == place:
            return len(header).to_bytes(8, "little") + header + b"\0" * 4
    raise AssertionError("the word cannot lie there")


def test_a_name_that_looks_like_a_tar_s_mark_makes_no_tar(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(with_word_at(b"ustar", 257))
    assert path.read_bytes()[257:262] == b"ustar"
    assert recognised(path) == ["safetensors"]
    raw = b""
    for size in range(300):
        raw = pickle.dumps({"k" * size + "ustar": np.zeros(3)}, 2)
        if raw[257:262] == b"ustar":
            break
    assert raw[257:262] == b"ustar"
    path.write_bytes(raw)
    assert recognised(path) == ["jittor_pickle"]
    assert len(read_state(path)) == 1


def damaged_tar() -> bytes:
    """A tar whose first header was changed."""
    raw = bytearray(torch_tar(network()))
    raw[100] ^= 1
    return bytes(raw)


def cut_zip() -> bytes:
    """A zip archive without its end."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 100)
    return made.getvalue()[:120]


DAMAGED = {
    "a tar archive whose first header does not fit its checksum": damaged_tar(),
    "a zip archive without its directory": cut_zip(),
    "a safetensors file whose header does not fit": safetensors_of(640)[:600],
    "a pickle with something else among its first instructions": b"\x80\x04\x00.",
    "of no known format": b"\x00" * 100,
    "a single numpy array": b"\x93NUMPY\x01\x00",
}


@pytest.mark.parametrize("words", DAMAGED)
def test_what_is_damaged_is_named(words: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DAMAGED[words])
    assert recognised(tmp_path / "a") == []
    with pytest.raises(BadInput, match=f"a is {words}"):
        read_state(tmp_path / "a")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x80\x02",  # nothing after the protocol
        b"\x80\x02.",  # the end at once
        b"\x80\x02}",  # no end
        b"\x80\x06}.",  # a protocol that is not known
        b"\x80\x04\x95\xff\xff\0\0\0\0\0\0}.",  # a frame longer than the file
        b"\x80\x02X\xff\0\0\0a.",  # a text longer than the file
        b"\x80\x02cmodule\nname",  # a name without its end
        b"\x80\x02\xff.",  # no instruction
    ],
)
def test_what_only_begins_like_a_pickle_is_none(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(raw)
    assert recognised(tmp_path / "a") == []

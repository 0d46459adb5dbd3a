"""The proof: what is written is read back, listed in the manifest, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BadInput
from tests.unit.weight_convert.samples import assert_same, network
from weight_convert import State, read_state, write_state
from weight_convert.formats import hdf5, jittor_pickle, npz, safetensors, torch_zip
from weight_convert.formats.sink import FileSink
from weight_convert.manifest import Manifest, parse_manifest
from weight_convert.tensor import BLOCK, Tensor
from weight_convert.writing import _same_bytes

WRITTEN = ("pt", "pkl", "npz", "safetensors", "h5")


@pytest.mark.parametrize("suffix", WRITTEN)
def test_the_manifest_travels_with_the_file(suffix: str, tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "source.npz")
    expected = write_state(read_state(tmp_path / "source.npz"), tmp_path / f"a.{suffix}")
    found = read_state(tmp_path / f"a.{suffix}").manifest
    assert found is not None
    assert found.source == expected.source
    assert found.source["sha256"] == hashlib.sha256((tmp_path / "source.npz").read_bytes()).hexdigest()
    assert found.source["name"] == "source.npz"
    for key, array in network().items():
        assert found.entries[key].crc32 == f"{zlib.crc32(array.tobytes()):08x}"
        assert found.entries[key].dtype == array.dtype.name
    assert list(found.entries) == list(network())


def test_what_jittor_cannot_hold_is_reported_with_the_reason(tmp_path: Path) -> None:
    expected = write_state(State.of(network()), tmp_path / "a.pkl")
    assert expected.dropped == []
    assert "its own BatchNorm ignores" in expected.entries["stem.bn.num_batches_tracked"].reason
    assert expected.entries["scale"].was == ("float32", ())
    assert "without dimensions" in expected.entries["scale"].reason


def test_and_it_comes_back_in_its_place(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.pkl")
    assert_same(read_state(tmp_path / "a.pkl"), State.of(network()))
    assert read_state(tmp_path / "a.pkl")["stem.bn.num_batches_tracked"] == 7


def test_a_manifest_beside_an_npz_of_other_keys_is_ignored(tmp_path: Path) -> None:
    write_state(State({"a": Tensor.of(np.zeros(2, np.uint16), "bfloat16")}), tmp_path / "a.npz")
    assert read_state(tmp_path / "a.npz").dtype("a") == "bfloat16"
    np.savez(tmp_path / "a.npz", b=np.zeros(2))
    assert read_state(tmp_path / "a.npz").dtype("b") == "float64"


def test_values_that_are_no_longer_bfloat16_are_not_cut(tmp_path: Path) -> None:
    write_state(State({"a": Tensor.of(np.zeros(2, np.uint16), "bfloat16")}), tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", a=np.full(2, np.pi, np.float32))
    with pytest.raises(BadInput, match="was bfloat16 holds other values now"):
        read_state(tmp_path / "a.npz")["a"]


def corrupting(write: Any) -> Any:
    """A writer that loses a bit of the last tensor's bytes."""

    def corrupted(sink: FileSink, tensors: dict[str, Tensor], manifest: Any) -> None:
        key = list(tensors)[-1]
        bits = np.array(tensors[key].bits())
        bits.reshape(-1).view(np.uint8)[-1] ^= 1
        write(sink, {**tensors, key: Tensor.of(bits)}, manifest)

    return corrupted


LARGE = np.arange(BLOCK // 2, dtype=np.float64)
WRITERS = {"pt": torch_zip, "pkl": jittor_pickle, "npz": npz, "safetensors": safetensors, "h5": hdf5}


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_bit_lost_in_writing_is_found_and_nothing_is_kept(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weight_convert import writing

    form = writing.format_for(Path(f"a.{suffix}"))
    monkeypatch.setitem(writing._WRITERS, form, corrupting(WRITERS[suffix].write))
    (tmp_path / f"a.{suffix}").write_bytes(b"the file that was there before")
    with pytest.raises(BadInput, match=r"'head\.bias' was read back with other bits"):
        write_state(State.of(network()), tmp_path / f"a.{suffix}", replace=True)
    assert (tmp_path / f"a.{suffix}").read_bytes() == b"the file that was there before"
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{suffix}"]


@pytest.mark.parametrize("lost", ["small", "large"])
@pytest.mark.parametrize("suffix", ["pt", "pkl", "npz", "safetensors", "h5"])
def test_what_the_disk_loses_is_found_and_nothing_is_kept(
    suffix: str, lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = {"small": np.full(3, np.pi), "large": LARGE}
    wanted = arrays[lost].tobytes()[-BLOCK:]
    wrong = wanted[:-1] + bytes([wanted[-1] ^ 4])
    put = FileSink._put

    def losing(self: FileSink, data: bytes | bytearray | memoryview) -> None:
        put(self, bytes(data).replace(wanted, wrong))

    monkeypatch.setattr(FileSink, "_put", losing)
    with pytest.raises(BadInput, match=f"'{lost}' was read back with other bits"):
        write_state(State.of(arrays), tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


def _array(data: bytes | bytearray) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


@pytest.mark.parametrize("length", [0, 7, 8, 4096, 4097])
def test_bytes_are_the_same_or_not(length: int) -> None:
    one = bytes(range(256)) * 20
    assert _same_bytes(memoryview(one[:length]), _array(one[:length]))
    assert not _same_bytes(memoryview(one[: length + 1]), _array(one[:length] + b"\x00\x01"))
    if length:
        other = bytearray(one[:length])
        other[-1] ^= 1
        assert not _same_bytes(memoryview(one[:length]), _array(other))


def test_a_key_lost_in_writing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weight_convert import writing

    def losing(sink: FileSink, tensors: dict[str, Tensor], manifest: Any) -> None:
        torch_zip.write(sink, dict(list(tensors.items())[1:]), manifest)

    monkeypatch.setitem(writing._WRITERS, "torch", losing)
    with pytest.raises(BadInput, match="keys read back are not those written"):
        write_state(State.of(network()), tmp_path / "a.pt")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere/a\.pt cannot be written: there is no folder"):
        write_state(State.of(network()), tmp_path / "nowhere" / "a.pt")


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: FileSink, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    write_state(State.of(network()), tmp_path / "source.npz")
    source = read_state(tmp_path / "source.npz")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(FileSink, "write", full)
    with pytest.raises(BadInput, match="cannot be written: No space left") as expected:
        write_state(source, tmp_path / "a.pt")
    assert str(expected.value).startswith(f"{tmp_path / 'a.pt'} cannot")  # the source is not to blame
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("suffix", ["pt", "pkl"])
def test_tensors_that_were_tied_and_differ_now_stay_apart(suffix: str, tmp_path: Path) -> None:
    expected = Manifest(tied={"b": "a"})
    from weight_convert.adapt import restore

    state = restore(State.of({"a": np.zeros(2), "b": np.ones(2)}), expected)
    write_state(state, tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_state(tmp_path / f"a.{suffix}")["b"], np.ones(2))


def edited(manifest: dict[str, Any], tmp_path: Path) -> Path:
    """A checkpoint of one array with this manifest."""
    path = tmp_path / "a.pt"
    write_state(State.of({"a": np.zeros(4, np.float32)}), path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["archive/.data/manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    return path


RIGHT: dict[str, Any] = {
    "kind": "weight-manifest",
    "version": 1,
    "entries": {},
    "dropped": [],
    "made": [],
    "tied": {},
}
ENTRY = {"dtype": "float32", "shape": [4], "crc32": ""}
DROPPED = {"key": "n", "reason": "", "dtype": "int64", "shape": []}
WRONG = {
    "kind": ({"kind": "other"}, "manifest is damaged"),
    "newer": ({"version": 9}, "newer release"),
    "entries": ({"entries": [1]}, "manifest is damaged"),
    "shape": ({"entries": {"a": {**ENTRY, "shape": "x"}}}, "manifest is damaged"),
    "was": ({"entries": {"a": {**ENTRY, "was": ["float32", [5]]}}}, "does not fit its tensors"),
    "was-dtype": ({"entries": {"a": {**ENTRY, "was": ["int64", [4]]}}}, "which no conversion does"),
    "dropped": ({"dropped": [{**DROPPED, "reason": 3}]}, "manifest is damaged"),
    "field": ({"dropped": [{**DROPPED, "more": 3}]}, "manifest is damaged"),
    "tied": ({"tied": {"a": 3}}, "manifest is damaged"),
    "made": ({"made": [3]}, "manifest is damaged"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_manifest_that_makes_no_sense_is_refused(name: str, tmp_path: Path) -> None:
    change, word = WRONG[name]
    with pytest.raises(BadInput, match=word):
        dict(read_state(edited({**RIGHT, **change}, tmp_path)))


def test_a_right_manifest_of_another_hand_is_followed(tmp_path: Path) -> None:
    manifest = {
        **RIGHT,
        "entries": {"a": {**ENTRY, "was": ["float32", [2, 2]]}},
        "dropped": [DROPPED],
        "more": 1,
    }
    state = read_state(edited(manifest, tmp_path))
    assert state.shapes() == {"a": (2, 2)}


def test_a_manifest_survives_json() -> None:
    expected = Manifest(source={"name": "x"}, tied={"b": "a"})
    assert parse_manifest(expected.to_json()) == expected
    assert parse_manifest(None) is None

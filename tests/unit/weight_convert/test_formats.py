"""Every format that is written: read back here, and by the program it belongs to."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import NoReturn

import h5py
import numpy as np
import pytest
from safetensors import numpy as safetensors

from harness.errors import BadInput, NoEnvironment
from harness.hdf5.asking import Unreadable
from tests.unit.weight_convert.samples import assert_same, every_dtype, network
from weight_convert import State, read_state, write_state
from weight_convert.formats import hdf5
from weight_convert.formats.sink import FileSink
from weight_convert.formats.zip_directory import read_directory
from weight_convert.formats.zip_writer import ZipWriter
from weight_convert.mapped import MappedFile
from weight_convert.tensor import Tensor
from weight_convert.writing import SUFFIXES, format_for

WRITTEN = ("pt", "pkl", "npz", "safetensors", "h5")


@pytest.mark.parametrize("suffix", WRITTEN)
def test_every_kind_of_number_comes_back(suffix: str, tmp_path: Path) -> None:
    state = every_dtype()
    write_state(state, tmp_path / f"a.{suffix}")
    assert_same(read_state(tmp_path / f"a.{suffix}"), state)


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_is_kept_where_a_format_has_it(suffix: str, dtype: str, tmp_path: Path) -> None:
    state = State({"a": Tensor.of(np.arange(100, dtype=np.uint8), dtype)})
    write_state(state, tmp_path / f"a.{suffix}")
    assert_same(read_state(tmp_path / f"a.{suffix}"), state)


@pytest.mark.parametrize("suffix", ["pkl", "npz", "h5"])
def test_float8_is_refused_where_a_format_has_it_not(suffix: str, tmp_path: Path) -> None:
    state = State({"a": Tensor.of(np.arange(3, dtype=np.uint8), "float8_e5m2")})
    with pytest.raises(BadInput, match=r"float8_e5m2.*choose \.pt or \.safetensors"):
        write_state(state, tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_complex128_is_refused_by_safetensors(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"complex128.*choose \.pt$"):
        write_state(State.of({"a": np.zeros(2, np.complex128)}), tmp_path / "a.safetensors")


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("order", ["transposed", "strided", "offset", "large"])
def test_layouts_in_memory_do_not_matter(suffix: str, order: str, tmp_path: Path) -> None:
    base = np.random.default_rng(0).standard_normal((1200, 1000)).astype(np.float32)
    views = {
        "transposed": base[:9, :7].T,
        "strided": base[::3, 1::2],
        "offset": base[5:9, 3:8],
        "large": base.T,
    }
    write_state(State.of({"a": views[order]}), tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_state(tmp_path / f"a.{suffix}")["a"], views[order])


@pytest.mark.parametrize("suffix", WRITTEN)
def test_tied_tensors_stay_tied(suffix: str, tmp_path: Path) -> None:
    shared = Tensor.of(np.arange(4.0), memory="shared")
    state = State({"a": shared, "b": Tensor.of(np.arange(4.0)), "c": shared})
    write_state(state, tmp_path / f"a.{suffix}")
    assert read_state(tmp_path / f"a.{suffix}").tied() == {"c": "a"}


@pytest.mark.parametrize("suffix", ["pt", "pkl", "h5"])
def test_tied_tensors_are_stored_once_where_that_is_possible(suffix: str, tmp_path: Path) -> None:
    shared = Tensor.of(np.zeros(100_000), memory="shared")
    write_state(State({"a": shared, "b": shared}), tmp_path / f"a.{suffix}")
    assert (tmp_path / f"a.{suffix}").stat().st_size < 900_000


@pytest.mark.parametrize("suffix", WRITTEN)
def test_the_same_state_makes_the_same_file(suffix: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_state(State.of(network()), tmp_path / f"{name}.{suffix}")
    if suffix != "h5":  # HDF5 keeps times
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_numpy_reads_an_npz(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found.files == list(network())
        for key, array in network().items():
            np.testing.assert_array_equal(found[key], array)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert archive.testzip() is None


def test_h5py_reads_an_h5(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as found:
        assert list(found) == list(network())
        for key, array in network().items():
            np.testing.assert_array_equal(found[key][()], array)


def test_an_hdf5_of_groups_and_compressed_datasets_is_read(tmp_path: Path) -> None:
    data = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("model/a", data=data, compression="gzip", chunks=(7, 100))
        file.create_dataset("model/b", data=data[0])
        file.create_dataset("model/flag", data=np.array([True, False]))
        file.create_dataset("scalar", data=np.float64(2))
        file["name"] = "a text"
    state = read_state(tmp_path / "a.h5")
    assert set(state) == {"model/a", "model/b", "model/flag", "scalar"}
    np.testing.assert_array_equal(state["model/a"], data)
    assert state["model/flag"].dtype == np.bool_
    assert state["scalar"] == 2.0


def test_python_reads_a_pkl_as_a_plain_dictionary(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.pkl")
    raw = (tmp_path / "a.pkl").read_bytes()
    assert raw.endswith(b"HCAJSLHD")
    assert hashlib.sha1(raw[:-28]).digest() == raw[-28:-8]
    found = pickle.loads(raw)
    assert list(found) == list(network())
    assert found["scale"].shape == found["stem.bn.num_batches_tracked"].shape == (1,)
    np.testing.assert_array_equal(found["head.weight"], network()["head.weight"])


def test_the_safetensors_library_reads_ours_and_ours_reads_its(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "ours.safetensors")
    found = safetensors.load_file(tmp_path / "ours.safetensors")
    safetensors.save_file(network(), tmp_path / "theirs.safetensors")
    again = read_state(tmp_path / "theirs.safetensors")
    for key, array in network().items():
        np.testing.assert_array_equal(found[key], array)
        np.testing.assert_array_equal(again[key], array)


def test_tensors_in_a_safetensors_file_are_aligned(tmp_path: Path) -> None:
    state = State.of({"odd": np.zeros(3, np.int8), "wide": np.zeros(3), "half": np.zeros(3, np.float16)})
    write_state(state, tmp_path / "a.safetensors")
    raw = (tmp_path / "a.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    assert length % 8 == 0
    assert header["wide"]["data_offsets"][0] % 8 == 0
    assert header["half"]["data_offsets"][0] % 2 == 0
    assert list(read_state(tmp_path / "a.safetensors")) == ["odd", "wide", "half"]


def test_members_of_archives_are_aligned_for_mapping(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive, (tmp_path / "a.pt").open("rb") as file:
        for member in archive.infolist():
            file.seek(member.header_offset + 26)
            name, extra = np.frombuffer(file.read(4), np.uint16)
            assert (member.header_offset + 30 + int(name) + int(extra)) % 64 == 0


@pytest.mark.parametrize("limit", [0, 100, 1 << 40])
def test_wide_archives_are_what_zipfile_reads(limit: int, tmp_path: Path) -> None:
    members = {"a": b"", "b": b"x" * 99, "c/ü": b"y" * 3000, "d": b"z"}
    with FileSink(tmp_path / "a.zip") as sink:
        writer = ZipWriter(sink, limit)
        for name, data in members.items():
            writer.add(name, data)
        writer.close()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members
    found = read_directory(MappedFile(tmp_path / "a.zip"))
    assert {name: member.size for name, member in found.items()} == {n: len(d) for n, d in members.items()}


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_the_name_tells_what_to_write(suffix: str) -> None:
    assert format_for(Path(f"best{suffix}")) == SUFFIXES[suffix]
    assert format_for(Path(f"BEST{suffix.upper()}")) == SUFFIXES[suffix]


def test_a_name_that_tells_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match=r"best\.bin.*end it with one of \.pt"):
        format_for(Path("best.bin"))


@pytest.mark.parametrize("name", ["renamed.pkl", "renamed.pt", "renamed", "renamed.safetensors"])
@pytest.mark.parametrize("suffix", WRITTEN)
def test_the_content_tells_what_to_read(suffix: str, name: str, tmp_path: Path) -> None:
    state = State.of({"a": np.arange(3.0)})
    written = tmp_path / f"written.{suffix}"
    write_state(state, written)
    renamed = written.rename(tmp_path / name)
    assert_same(read_state(renamed), state)


@pytest.mark.parametrize("key", ["../a", "/a", "C:a"])
def test_npz_refuses_names_that_lead_elsewhere(key: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="npz cannot name"):
        write_state(State.of({key: np.zeros(1)}), tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("problem", "error"),
    [(Unreadable("it was killed by signal 11"), BadInput), (NoEnvironment("it is stopped"), NoEnvironment)],
)
def test_what_the_hdf5_reader_says_is_reported(
    problem: Exception, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(path: Path, size: int) -> NoReturn:
        raise problem

    write_state(State.of({"a": np.zeros(1)}), tmp_path / "a.h5")
    monkeypatch.setattr(hdf5, "ask", ask)
    with pytest.raises(error, match=str(problem)):
        read_state(tmp_path / "a.h5")


@pytest.mark.parametrize("key", ["a//b", ".", "../a"])
def test_hdf5_refuses_names_it_cannot_hold(key: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="HDF5 cannot name"):
        write_state(State.of({key: np.zeros(1)}), tmp_path / "a.h5")

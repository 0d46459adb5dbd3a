"""Tensors read back behind the writer: what is equal is told, what is not is left to the final proof."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from tests.unit.weight_convert.samples import network
from weight_convert import State, write_state
from weight_convert.formats.read_back import ReadBack, same_bytes
from weight_convert.formats.sink import Sink
from weight_convert.mapped import MappedFile
from weight_convert.tensor import BLOCK, Tensor

LARGE = np.arange(BLOCK // 2, dtype=np.float64)


@pytest.mark.parametrize("wrong", [None, 0, BLOCK - 1, BLOCK, LARGE.nbytes - 1])
def test_one_wrong_byte_anywhere_is_seen(wrong: int | None, tmp_path: Path) -> None:
    stored = bytearray(b"head" + LARGE.tobytes())
    if wrong is not None:
        stored[4 + wrong] ^= 1
    (tmp_path / "a").write_bytes(stored)
    tensor, read_back = Tensor.of(LARGE), ReadBack(tmp_path / "a")
    read_back.add(4, tensor)
    assert read_back.places() == ({4: tensor} if wrong is None else {})
    read_back.close()


def test_a_file_that_ends_too_early_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(LARGE.tobytes()[:-1])
    read_back = ReadBack(tmp_path / "a")
    read_back.add(0, Tensor.of(LARGE))
    assert read_back.places() == {}
    read_back.close()


@pytest.mark.parametrize("lost", ["small", "large"])
@pytest.mark.parametrize("suffix", ["pt", "pkl", "npz", "safetensors", "h5"])
def test_what_the_disk_loses_is_found_and_nothing_is_kept(
    suffix: str, lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = {"small": np.full(3, np.pi), "large": LARGE}
    wanted = arrays[lost].tobytes()[-BLOCK:]
    wrong = wanted[:-1] + bytes([wanted[-1] ^ 4])
    put = Sink._put

    def losing(self: Sink, data: bytes | bytearray | memoryview) -> None:
        put(self, bytes(data).replace(wanted, wrong))

    monkeypatch.setattr(Sink, "_put", losing)
    with pytest.raises(BadInput, match=f"'{lost}' was read back with other bits"):
        write_state(State.of(arrays), tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["pt", "pkl", "npz", "safetensors", "h5"])
def test_the_final_proof_compares_what_was_not_read_back(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weight_convert import writing

    compared: list[str] = []
    compare = writing._compare

    def noted(key: str, wanted: Tensor, found: Tensor) -> None:
        compared.append(key)
        compare(key, wanted, found)

    monkeypatch.setattr(writing, "_compare", noted)
    write_state(State.of({**network(), "large": LARGE}), tmp_path / f"a.{suffix}")
    assert set(compared) == set(network())


def test_where_an_array_lies_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(64)))
    file = MappedFile(tmp_path / "a")
    whole = np.frombuffer(file.data, np.uint8)
    assert file.place(whole[5:9]) == 5
    assert file.place(whole[::2]) is None
    assert file.place(whole[:0]) is None
    assert file.place(np.ones(4, np.uint8)) is None


@pytest.mark.parametrize("length", [0, 7, 8, 4096, 4097])
def test_bytes_are_the_same_or_not(length: int) -> None:
    one = bytes(range(256)) * 20
    assert same_bytes(memoryview(one[:length]), memoryview(bytearray(one[:length])))
    assert not same_bytes(memoryview(one[: length + 1]), memoryview(one[:length] + b"\x00\x01"))
    if length:
        other = bytearray(one[:length])
        other[-1] ^= 1
        assert not same_bytes(memoryview(one[:length]), memoryview(other))

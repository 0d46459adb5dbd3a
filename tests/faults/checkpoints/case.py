"""One file of the corpus, and the parts that all of them are made of."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
PLAIN = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "bn.running_mean": np.ones(2, np.float32),
    "steps": np.arange(3),
}


@dataclass(frozen=True)
class Case:
    """A file: its bytes or how to make it, and what it must be read as. None: it must be refused."""

    name: str
    make: bytes | Callable[[Path], None]
    read_as: Arrays | None = None
    or_refused: bool = False
    word: str = ""
    """What the refusal must mention."""

    def write(self, path: Path) -> None:
        """Put the file there."""
        if isinstance(self.make, bytes):
            path.write_bytes(self.make)
        else:
            self.make(path)


def later(build: Callable[[], bytes]) -> Callable[[Path], None]:
    """How to make a large file when it is needed."""

    def make(path: Path) -> None:
        path.write_bytes(build())

    return make


def jittor(body: bytes) -> bytes:
    """A pickle as Jittor stores it."""
    return body + hashlib.sha1(body).digest() + b"HCAJSLHD"


def torch_zip(
    body: bytes, storages: Mapping[str, bytes] | None = None, more: Mapping[str, bytes] | None = None
) -> bytes:
    """A torch archive around a pickle."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", body)
        archive.writestr("archive/version", "3\n")
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def legacy(body: bytes, storages: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """A torch file of the older layout around a pickle."""
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    parts += [body, pickle.dumps(list(storages or {}), 2)]
    for data in (storages or {}).values():
        parts.append(struct.pack("<q", data.size) + data.tobytes())
    return b"".join(parts)


def storage(key: str, count: int, kind: str = "FloatStorage") -> bytes:
    """Instructions that refer to a storage."""
    return (
        b"(X\x07\0\0\0storage"
        + f"ctorch\n{kind}\n".encode()
        + text(key)
        + text("cpu")
        + integer(count)
        + b"tQ"
    )


def text(value: str) -> bytes:
    """Instructions that make a text."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value: int) -> bytes:
    """Instructions that make an integer."""
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def integers(values: tuple[int, ...]) -> bytes:
    """Instructions that make a tuple of integers."""
    return b"(" + b"".join(map(integer, values)) + b"t"


def tensor(key: str, count: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """Instructions that make a tensor over a storage."""
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage(key, count)
        + integer(offset)
        + integers(shape)
        + integers(stride)
        + b"\x89}tR"
    )


def state(entries: Mapping[str, bytes]) -> bytes:
    """A pickle of a dictionary whose values are made by the given instructions."""
    return b"\x80\x02}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u."


def ones(count: int) -> bytes:
    """The bytes of float32 ones."""
    return np.ones(count, np.float32).tobytes()


def safetensors(header: Any, data: bytes = b"", *, raw: bytes | None = None) -> bytes:
    """A safetensors file with any header."""
    head = json.dumps(header).encode() if raw is None else raw
    return struct.pack("<Q", len(head)) + head + data


def npz(arrays: Arrays, compressed: bool = False) -> bytes:
    """An npz."""
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)
    return out.getvalue()


def npy(head: str, data: bytes = b"") -> bytes:
    """An npy with any header."""
    raw = head.encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(raw)) + raw + data


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Any zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tar(members: Mapping[str, bytes]) -> bytes:
    """A tar archive, written by its rules."""
    parts = []
    for name, data in members.items():
        head = bytearray(512)
        head[: len(name)] = name.encode()
        head[124:136] = b"%011o\0" % len(data)
        head[156:157] = b"0"
        head[100:108] = b"0000644\0"
        head[257:265] = b"ustar\x0000"
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        parts += [bytes(head), data, bytes(-len(data) % 512)]
    return b"".join([*parts, bytes(1024)])


def torch_tar(arrays: Arrays, body: bytes | None = None) -> bytes:
    """A torch file of the first releases."""
    storages = [pickle.dumps(len(arrays), 2)]
    tensors = [pickle.dumps(len(arrays), 2)]
    kinds = {"float32": "Float", "int64": "Long"}
    for index, array in enumerate(arrays.values()):
        kind = kinds[array.dtype.name]
        root, own = 2 * index, 2 * index + 1
        storages.append(b"\x80\x02(" + integer(root) + text("cpu") + f"ctorch\n{kind}Storage\nt.".encode())
        storages.append(struct.pack("<q", array.size) + array.tobytes())
        tensors.append(b"\x80\x02(" + integer(own) + integer(root) + f"ctorch\n{kind}Tensor\nt.".encode())
        strides = [stride // array.itemsize for stride in array.strides]
        tensors.append(struct.pack(f"<ii{2 * array.ndim + 1}q", array.ndim, 0, *array.shape, *strides, 0))
    storages.append(pickle.dumps([], 2))
    references = {key: integer(2 * index + 1) + b"Q" for index, key in enumerate(arrays)}
    return tar(
        {
            "sys_info": pickle.dumps({}, 2),
            "pickle": body or state(references),
            "tensors": b"".join(tensors),
            "storages": b"".join(storages),
        }
    )

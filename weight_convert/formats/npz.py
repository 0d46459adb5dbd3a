"""numpy's archives: a zip of arrays, stored (mapped) or compressed (unpacked one at a time, with limits)."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from isal.isal_zlib import crc32
from numpy.typing import NDArray

from harness.errors import BadInput
from weight_convert.budget import PAIR, TENSOR, VIEW
from weight_convert.formats.content import Content
from weight_convert.formats.npy import NpyHeader, npy_head
from weight_convert.formats.sink import FileSink
from weight_convert.formats.zip_directory import STORED, Member, leads_elsewhere, read_directory
from weight_convert.formats.zip_writer import ZipWriter
from weight_convert.limits import INFLATED_FACTOR, MEBIBYTE, TENSOR_SLACK, TEXT, check_tensor_size
from weight_convert.manifest import Manifest, UnfinishedManifest, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.shown import shown
from weight_convert.tensor import Tensor

_HEAD = 16384


def is_npz(members: dict[str, Member]) -> bool:
    """Whether an archive holds arrays."""
    return any(name.endswith(".npy") for name in members)


def read(file: MappedFile) -> Content:
    """The arrays of an npz by name, in the archive's order."""
    members = read_directory(file)
    packed = sum(member.size for member in members.values() if member.method != STORED)
    if packed > INFLATED_FACTOR * file.size + TENSOR_SLACK:
        raise BadInput(
            f"{file.size:,} bytes claim to unpack to {packed:,}: a zip bomb. "
            "If the arrays are honest, save them with np.savez, without compression"
        )
    file.budget.spend(sum((TENSOR + VIEW + PAIR) + sys.getsizeof(name) for name in members))
    root = {
        name.removesuffix(".npy"): _tensor(file, member)
        for name, member in members.items()
        if name.endswith(".npy")
    }
    return Content(file, "npz", root, _manifest_beside(file.path, set(root)))


def sidecar(path: Path) -> Path:
    """Where the manifest of an npz lies."""
    return path.with_name(path.name + ".manifest.json")


def _manifest_beside(path: Path, keys: set[str]) -> Manifest | None:
    """The manifest beside the file, if it is about these keys."""
    beside = sidecar(path)
    if not beside.is_file() or beside.stat().st_size > TEXT:
        return None
    manifest = parse_manifest(beside.read_bytes())
    return manifest if manifest is not None and set(manifest.entries) == keys else None


def _tensor(file: MappedFile, member: Member) -> Tensor:
    what = shown(member.name)
    raw = member.bytes(file)
    head = (
        raw[:_HEAD] if member.method == STORED else memoryview(_inflate(what, raw, min(member.size, _HEAD)))
    )
    header = NpyHeader(what, head)
    if header.start + header.nbytes != member.size:
        raise BadInput(
            f"{what}: an array of shape {header.shape} and {header.dtype} needs {header.nbytes:,} bytes "
            f"and has {member.size - header.start:,}"
        )
    check_tensor_size(what, header.nbytes, file.size)

    def load() -> NDArray[Any]:
        data = raw if member.method == STORED else memoryview(_inflate(what, raw, member.size))
        if not file.trusted and crc32(data) != member.crc:
            raise BadInput(
                f"{what}: its checksum does not fit its content: the file is damaged; copy it again"
            )
        body = data[header.start :]
        flat = np.frombuffer(body, header.dtype) if len(body) else np.empty(0, header.dtype)
        array = flat.reshape(header.shape, order="F" if header.fortran else "C")
        return array.astype(header.kind.storage) if header.dtype.byteorder == ">" else array

    return Tensor(header.kind.name, header.shape, load)


def _inflate(what: str, raw: memoryview, size: int) -> bytearray:
    """The first `size` bytes of a compressed member, all of which must be there."""
    unpacker = zlib.decompressobj(-15)
    unpacked = bytearray(size)
    filled = position = 0
    pending: bytes | memoryview = b""
    try:
        while filled < size and not unpacker.eof:
            if not pending:
                pending = raw[position : position + MEBIBYTE]
                position += MEBIBYTE
            part = unpacker.decompress(pending, min(4 * MEBIBYTE, size - filled))
            if not part and not len(pending):
                break
            pending = unpacker.unconsumed_tail
            unpacked[filled : filled + len(part)] = part
            filled += len(part)
    except zlib.error as error:
        raise BadInput(f"{what}: the compressed data is damaged ({error})") from error
    if filled < size:
        raise BadInput(f"{what}: unpacks to {filled:,} bytes instead of {size:,}: the file is damaged")
    return unpacked


def write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    """Write an uncompressed npz. It has no room for a manifest, which therefore lies beside it."""
    archive = ZipWriter(sink)
    for key, tensor in tensors.items():
        if leads_elsewhere(key):
            raise BadInput(f"npz cannot name an array {key!r}; choose .safetensors or .pt")
        head = npy_head(tensor.kind.storage.str, tensor.shape)
        archive.add_tensor(f"{key}.npy", tensor, head)
    archive.close()

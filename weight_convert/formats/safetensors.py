"""safetensors: a length, a JSON header, then the tensors one after the other. Read and written here.

The package of that name copies every tensor: to read and write 306 MB took it 1.7 s and 646 MiB of memory,
and 0.9 s and 343 MiB here (medians of three in turns). The tests hold both against each other.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from weight_convert.budget import PAIR, TENSOR, VIEW
from weight_convert.dtypes import BY_SAFETENSORS, DType
from weight_convert.formats.content import Content
from weight_convert.formats.sink import FileSink
from weight_convert.json_text import parse_json
from weight_convert.limits import DIMENSIONS, TEXT, check_shape, is_count
from weight_convert.manifest import UnfinishedManifest, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.shown import shown
from weight_convert.tensor import Tensor

METADATA = "__metadata__"
MANIFEST = "weight-manifest"


def recognises(file: MappedFile) -> bool:
    """Whether a file begins with the length of a header that fits into it and has braces around it."""
    length = int.from_bytes(file.data[:8], "little")
    if not 2 <= length <= file.size - 8 or file.data[8] != ord("{"):
        return False
    end = 8 + length
    return bytes(file.data[max(9, end - TEXT) : end]).rstrip(b" ").endswith(b"}")


def read(file: MappedFile) -> Content:
    """The tensors of a safetensors file, in the order of its header."""
    length = int.from_bytes(file.view(0, 8, "the length of the header"), "little")
    if length > TEXT:
        raise BadInput(f"a safetensors header of {length:,} bytes; at most {TEXT:,} are read")
    header = _header(bytes(file.view(8, length, "the header")))
    metadata = header.pop(METADATA, None) or {}
    if not isinstance(metadata, dict) or any(not isinstance(value, str) for value in metadata.values()):
        raise BadInput(f"{METADATA} should map texts to texts")
    spans = [_span(file, name, entry) for name, entry in header.items()]
    end = _check_no_gaps(file, spans)
    file.budget.spend((TENSOR + VIEW + PAIR) * len(spans))
    root = {
        name: _tensor(file.view(8 + length + start, stop - start, shown(name)), kind, shape)
        for name, start, stop, kind, shape in spans
    }
    if 8 + length + end != file.size:
        raise BadInput(f"the header describes {end:,} bytes, the file has {file.size - 8 - length:,}")
    manifest = parse_manifest(metadata[MANIFEST].encode()) if MANIFEST in metadata else None
    return Content(file, "safetensors", root, manifest)


def _header(raw: bytes) -> dict[str, object]:
    try:
        header = parse_json(raw)
    except ValueError as error:
        raise BadInput(f"the safetensors header is no valid JSON: {error!s:.200}") from error
    if not isinstance(header, dict):
        raise BadInput("the safetensors header is no JSON object")
    return header


def _span(file: MappedFile, name: str, entry: Any) -> tuple[str, int, int, DType, tuple[int, ...]]:
    what = shown(name)
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise BadInput(f"{what} should have dtype, shape and data_offsets, and nothing else")
    kind = BY_SAFETENSORS.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if kind is None:
        raise BadInput(
            f"{what} has the dtype {shown(entry['dtype'])}; known are {', '.join(map(str, BY_SAFETENSORS))}"
        )
    shape, offsets = entry["shape"], entry["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or len(numbers) > DIMENSIONS or not all(map(is_count, numbers)):
            raise BadInput(f"{what} has a shape or offsets that are no lists of counts")
    check_shape(what, shape)
    if len(offsets) != 2 or offsets[1] - offsets[0] != prod(shape) * kind.size:
        raise BadInput(f"{what}: shape {shape} of {kind.name} does not fit the offsets {offsets}")
    return name, offsets[0], offsets[1], kind, tuple(shape)


def _check_no_gaps(file: MappedFile, spans: list[tuple[str, int, int, DType, tuple[int, ...]]]) -> int:
    """The end of the data, which the tensors must fill without gaps or overlaps."""
    end = 0
    for name, start, stop, _, _ in sorted(spans, key=lambda span: span[1:3]):
        if start != end:
            raise BadInput(f"{shown(name)} begins at byte {start:,} of the data, where {end:,} is next")
        end = stop
    return end


def _tensor(data: memoryview, kind: DType, shape: tuple[int, ...]) -> Tensor:
    def load() -> NDArray[Any]:
        flat = np.frombuffer(data, kind.storage) if len(data) else np.empty(0, kind.storage)
        return flat.reshape(shape)

    return Tensor(kind.name, shape, load)


def write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    """Write a safetensors file: wide numbers lie first, so that every tensor is aligned.

    The tensors come in their own order, which is the one in which the source is read from the disk.
    """
    places = _places(tensors)
    draft = _spell(tensors, places, manifest.draft())
    sink.write(draft)
    for key, tensor in tensors.items():
        sink.seek(len(draft) + places[key])
        sink.tensor(tensor)
    final = _spell(tensors, places, manifest.finished())
    assert len(final) == len(draft), "a manifest's length must not depend on its digests"
    sink.seek(0)
    sink.write(final)


def _places(tensors: dict[str, Tensor]) -> dict[str, int]:
    """Where in the data each tensor begins."""
    places: dict[str, int] = {}
    end = 0
    for key in sorted(tensors, key=lambda key: -tensors[key].kind.size):
        places[key] = end
        end += tensors[key].nbytes
    return places


def _spell(tensors: dict[str, Tensor], places: dict[str, int], manifest: bytes) -> bytes:
    header: dict[str, object] = {METADATA: {"format": "pt", MANIFEST: manifest.decode()}}
    for key, tensor in tensors.items():
        header[key] = {
            "dtype": tensor.kind.safetensors,
            "shape": list(tensor.shape),
            "data_offsets": [places[key], places[key] + tensor.nbytes],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text

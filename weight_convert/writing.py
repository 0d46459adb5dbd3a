"""From a state to a file, which takes its name when it was read back and compared bit for bit."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import files
from harness.errors import BadInput
from weight_convert.adapt import Adapted, adapt, restore
from weight_convert.candidate import as_tensor
from weight_convert.digests import PENDING_FILE, PENDING_TENSOR, tensor_digest
from weight_convert.formats import hdf5, jittor_pickle, npz, safetensors, torch_zip
from weight_convert.formats.content import Content
from weight_convert.formats.detect import open_content
from weight_convert.formats.sink import FileSink
from weight_convert.manifest import Manifest, UnfinishedManifest, WrittenTensor
from weight_convert.naming import naming
from weight_convert.source_digest import sha256
from weight_convert.state import State
from weight_convert.tensor import Tensor

SUFFIXES = {
    ".pt": "torch", ".pth": "torch", ".ckpt": "torch", ".pth.tar": "torch", ".pt.tar": "torch",
    ".tar": "torch", ".pkl": "jittor", ".npz": "npz", ".safetensors": "safetensors",
    ".h5": "hdf5", ".hdf5": "hdf5",
}  # fmt: skip
_WRITERS: dict[str, Callable[[FileSink, dict[str, Tensor], UnfinishedManifest], None]] = {
    "torch": torch_zip.write,
    "jittor": jittor_pickle.write,
    "npz": npz.write,
    "safetensors": safetensors.write,
    "hdf5": hdf5.write,
}

_HELD = 16 << 20  # bytes that are compared before the memory they take is given back


def format_for(path: Path) -> str:
    """The format that a file's name asks for."""
    name = path.name.lower()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return SUFFIXES[suffix]
    raise BadInput(
        f"{path}: the name does not say which format to write; end it with one of {', '.join(SUFFIXES)}"
    )


def outputs(path: Path) -> tuple[Path, ...]:
    """The files that a state is written to: an npz has its manifest beside it."""
    return (path, npz.sidecar(path)) if format_for(path) == "npz" else (path,)


def write_state(
    state: State,
    path: str | Path,
    manifest: Manifest | None = None,
    *,
    float32: bool = False,
    replace: bool = False,
) -> Manifest:
    """Write a state in the format that the name asks for, with its proof, completely or not at all.

    `manifest` may say more about the origin. `float32` widens half and bfloat16, which loses nothing. A file
    that is there already is refused, unless `replace` lets it go.
    """
    path, manifest = Path(path), manifest or Manifest()
    form = format_for(path)
    with files.new_files(*outputs(path), replace=replace) as drafts:
        try:
            with naming(state.origin.path) if state.origin is not None else contextlib.nullcontext():
                adapted = adapt(state, form, float32=float32)
                with FileSink(drafts[0]) as sink:
                    _write_and_prove(form, state, adapted, manifest, sink)
            for beside in drafts[1:]:
                beside.write_bytes(manifest.to_json())
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror or error}") from error
    return manifest


def _write_and_prove(form: str, state: State, adapted: Adapted, manifest: Manifest, sink: FileSink) -> None:
    """Write, and read back. The digests are needed only where the manifest is finished, at the end."""
    manifest.dropped = [*state.dropped, *manifest.dropped]
    manifest.made = [*state.made, *manifest.made]
    manifest.tied = state.tied()
    _describe(state, adapted, manifest, {}, None)

    @functools.cache
    def finished() -> bytes:
        source = sha256(state.file.path) if state.file is not None else None
        _describe(state, adapted, manifest, _digests(adapted), source)
        return manifest.to_json()

    _WRITERS[form](sink, adapted.tensors, UnfinishedManifest(manifest.to_json, finished))
    sink.finish()
    finished()
    _prove(state, adapted, manifest, sink)
    if state.file is not None:
        state.file.require_unchanged()


def _digests(adapted: Adapted) -> dict[str, str]:
    known: dict[object, str] = {}
    digests: dict[str, str] = {}
    for key, tensor in adapted.tensors.items():
        same = key if tensor.memory is None else (tensor.memory, tensor.dtype, tensor.shape)
        if same not in known:
            known[same] = tensor_digest(tensor)
        digests[key] = known[same]
    return digests


def _describe(
    state: State, adapted: Adapted, manifest: Manifest, digests: dict[str, str], source: str | None
) -> None:
    """Fill in what is known; digests that are not known yet are stood for."""
    origin = state.origin
    if origin is not None:
        manifest.source = {
            "name": os.fsencode(origin.path.name).decode("utf-8", "replace"),
            "format": origin.format,
            "bytes": origin.path.stat().st_size,
            "sha256": source or PENDING_FILE,
            "selected": origin.selected,
            "stripped": list(origin.stripped),
        }
    manifest.entries = {
        key: WrittenTensor(
            tensor.dtype,
            tensor.shape,
            digests.get(key, PENDING_TENSOR),
            state.sources.get(key, ""),
            adapted.was.get(key),
            adapted.reasons.get(key, ""),
        )
        for key, tensor in adapted.tensors.items()
    }


def _prove(state: State, adapted: Adapted, manifest: Manifest, sink: FileSink) -> None:
    """Read the new file and compare every element, as stored and as it will be brought back."""
    state.release()
    content = _read_back(sink.path)
    written = {key: as_tensor(value) for key, value in content.root.items()}
    if list(written) != list(adapted.tensors):
        raise BadInput("the keys read back are not those written; nothing was kept")

    held = 0

    def compare(key: str, wanted: Tensor, found: Tensor) -> None:
        nonlocal held
        _compare(key, wanted, found)
        held += wanted.nbytes + found.nbytes
        if held > _HELD:
            state.release()
            content.file.release()
            held = 0

    for key, tensor in adapted.tensors.items():
        compare(key, tensor, _of_the_same_form(key, tensor, written[key]))
    back = restore(State({key: t for key, t in written.items() if t is not None}), manifest)
    for key in adapted.was:
        compare(key, state.tensors[key], _of_the_same_form(key, state.tensors[key], back.tensors.get(key)))


def _read_back(draft: Path) -> Content:
    try:
        return open_content(draft, trusted=True)
    except BadInput as error:
        raise BadInput(f"what was written cannot be read back: {error}; nothing was kept") from error


def _of_the_same_form(key: str, wanted: Tensor, found: Tensor | None) -> Tensor:
    if found is None or (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
        raise BadInput(f"{key!r} was read back in another form than it was written; nothing was kept")
    return found


def _compare(key: str, wanted: Tensor, found: Tensor) -> None:
    flat = np.ascontiguousarray(found.bits()).reshape(-1).view(np.uint8)
    position = 0
    for block in wanted.blocks():
        if not _same_bytes(block, flat[position : position + len(block)]):
            raise BadInput(f"{key!r} was read back with other bits than were written; nothing was kept")
        position += len(block)


def _same_bytes(one: memoryview, other: NDArray[np.uint8]) -> bool:
    """Whether two runs of bytes are the same, compared eight at a time where that is possible."""
    wide = np.uint64 if len(one) == len(other) and len(one) % 8 == 0 else np.uint8
    return np.array_equal(np.frombuffer(one, wide), np.frombuffer(other, wide))

"""Finds the format of a file from its content; its name plays no part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from harness.errors import BadInput
from weight_convert.formats import (
    hdf5,
    jittor_pickle,
    npy,
    safetensors,
    torch_legacy,
    torch_tar,
    zips,
)
from weight_convert.formats.content import Content
from weight_convert.mapped import MappedFile
from weight_convert.naming import naming

READABLE = (
    "torch (.pt .pth .ckpt .pth.tar), Jittor (.pkl), .npz, .safetensors, .h5 and traces of this harness"
)


class Format(Protocol):
    """A module that reads files of one structure, or of one container for several."""

    def recognises(self, file: MappedFile) -> bool:
        """Whether a file has this structure."""

    def read(self, file: MappedFile) -> Content:
        """What the file holds."""


# A file has one of these structures at most; the last looks for its own behind anything.
FORMATS: tuple[Format, ...] = (zips, torch_legacy, torch_tar, safetensors, jittor_pickle, hdf5)
_DAMAGED: dict[str, Callable[[bytes], bool]] = {
    "a zip archive without its directory": lambda head: head.startswith(b"PK\x03\x04"),
    "a tar archive whose first header does not fit its checksum": lambda head: head[257:262] == b"ustar",
    "a safetensors file whose header does not fit": lambda head: head[4:9] == b"\0\0\0\0{",
    "a pickle with something else among its first instructions": lambda head: (
        head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    ),
}
_STRANGERS = {
    b"\x1f\x8b": "packed with gzip; unpack it first (gzip -d)",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a rar archive; unpack it first",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; run `git lfs pull`",
    b"<": "a web page or XML, probably the answer of a failed download; fetch the file again",
    b"{": "JSON, not a checkpoint",
    b"GGUF": "a GGUF model, which holds quantised weights; convert from the original checkpoint",
    b"\x08": "perhaps an ONNX model; convert from the original checkpoint",
}


def open_content(path: Path, *, trusted: bool = False) -> Content:
    """Read the file's structure; BadInput in one line where it is no checkpoint."""
    file = MappedFile(path, trusted=trusted)
    if file.size == 0:
        raise BadInput(f"{path} is empty")
    with naming(path):
        return _read(file)


def _read(file: MappedFile) -> Content:
    for form in FORMATS:
        if form.recognises(file):
            return form.read(file)
    raise BadInput(f"{file.path} is {_stranger(file)}. Read are: {READABLE}")


def _stranger(file: MappedFile) -> str:
    head = bytes(file.data[:512])
    if head.startswith(npy.MAGIC):
        return "a single numpy array without a name; save a dictionary with np.savez"
    for what, looks in _DAMAGED.items():
        if looks(head):
            return f"{what}: it is cut short or damaged; copy it again"
    for start, what in _STRANGERS.items():
        if head.lstrip().startswith(start) if start == b"<" else head.startswith(start):
            return what
    return f"of no known format (it begins with {head[:8].hex(' ')})"

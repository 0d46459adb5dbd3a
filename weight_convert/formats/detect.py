"""Which format a file has, told by its content; its name plays no part."""

from __future__ import annotations

from pathlib import Path

from harness.errors import BadInput
from weight_convert.formats import (
    hdf5,
    jittor_pickle,
    npy,
    npz,
    safetensors,
    torch_legacy,
    torch_tar,
    torch_zip,
)
from weight_convert.formats.content import Content
from weight_convert.formats.zip_directory import read_directory
from weight_convert.mapped import MappedFile
from weight_convert.naming import naming

READABLE = (
    "torch (.pt .pth .ckpt .pth.tar), Jittor (.pkl), .npz, .safetensors, .h5 and traces of this harness"
)
_ZIP = b"PK\x03\x04"
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
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the checkpoint file in it")
    if not path.exists():
        raise BadInput(f"{path} does not exist")
    if not path.is_file():
        raise BadInput(f"{path} is no regular file")
    file = MappedFile(path, trusted=trusted)
    if file.size == 0:
        raise BadInput(f"{path} is empty")
    with naming(path):
        return _read(file)


def _read(file: MappedFile) -> Content:
    head = bytes(file.data[:512])
    if head.startswith(_ZIP):
        members = read_directory(file)
        if torch_zip.is_torch_zip(members):
            return torch_zip.read(file)
        if npz.is_npz(members):
            return npz.read(file)
        held = ", ".join(list(members)[:5]) or "nothing"
        raise BadInput(f"{file.path} is a zip archive, but neither torch's nor numpy's; it holds {held}")
    if head.startswith(hdf5.MAGIC):
        return hdf5.read(file)
    if torch_legacy.recognises(head):
        return torch_legacy.read(file)
    if torch_tar.recognises(head):
        return torch_tar.read(file)
    if jittor_pickle.recognises(head):
        return jittor_pickle.read(file)
    if safetensors.recognises(head, file.size):
        return safetensors.read(file)
    raise BadInput(f"{file.path} is {_stranger(head)}. Read are: {READABLE}")


def _stranger(head: bytes) -> str:
    if head.startswith(npy.MAGIC):
        return "a single numpy array without a name; save a dictionary with np.savez"
    for start, what in _STRANGERS.items():
        if head.lstrip().startswith(start) if start == b"<" else head.startswith(start):
            return what
    return f"of no known format (it begins with {head[:8].hex(' ')})"

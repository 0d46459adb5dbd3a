"""Zip archives: torch's files since 1.6 and numpy's. Its members show which one it is."""

from __future__ import annotations

from harness.errors import BadInput
from weight_convert.formats import npz, torch_zip
from weight_convert.formats.content import Content
from weight_convert.formats.zip_directory import read_directory, recognises
from weight_convert.mapped import MappedFile

__all__ = ["read", "recognises"]


def read(file: MappedFile) -> Content:
    """What torch's or numpy's archive holds."""
    members = read_directory(file)
    if torch_zip.is_torch_zip(members):
        return torch_zip.read(file)
    if npz.is_npz(members):
        return npz.read(file)
    held = ", ".join(list(members)[:5]) or "nothing"
    raise BadInput(f"{file.path} is a zip archive, but neither torch's nor numpy's; it holds {held}")

"""Torch files before 1.6: pickles one after the other, then the storages."""

from __future__ import annotations

from typing import Any

from harness.errors import BadInput
from weight_convert.budget import STORAGE
from weight_convert.formats.content import Content
from weight_convert.limits import LONGEST_KEY, is_count
from weight_convert.mapped import MappedFile
from weight_convert.pickles import instructions
from weight_convert.pickles.names import Names
from weight_convert.pickles.tensors import Storage, storage_kind
from weight_convert.shown import shown, shown_name

MAGIC = 0x1950A86A20F9469CFC6C
HEAD = b"\x8a\x0a" + MAGIC.to_bytes(10, "little")
_PROTOCOL = 1001
_MOST_PARTS = 16


def recognises(file: MappedFile) -> bool:
    """Whether a file begins with torch's number, as a pickle."""
    head = bytes(file.data[:14])
    return head[:1] == b"\x80" and head[2:] == HEAD


def read(file: MappedFile) -> Content:
    """The tree of a torch file of the older layout."""
    names = Names(file.size, file.budget)
    storages = _Storages(file)

    def load(position: int, persistent: Any = None) -> tuple[Any, int]:
        return instructions.load(file.data, names, persistent, position)

    _, position = load(0)
    protocol, position = load(position)
    if protocol != _PROTOCOL:
        raise BadInput(f"torch's older file format in its version {shown(protocol)}; only 1001 is known")
    _, position = load(position)
    root, position = load(position, storages.persistent)
    keys, position = load(position)
    storages.fill(keys, position)
    return Content(file, "torch-legacy", root, None, dict(names.unknown))


class _Storages:
    """The storages of one file: named by the pickle first, filled from what follows it after."""

    def __init__(self, file: MappedFile) -> None:
        self._file = file
        self._roots: dict[str, Storage] = {}
        self._views: list[tuple[Storage, Storage, int]] = []

    def persistent(self, identifier: Any) -> Any:
        """The storage, or the object whose source code was stored beside it."""
        if not isinstance(identifier, tuple) or not 0 < len(identifier) <= _MOST_PARTS:
            raise BadInput("the pickle refers to something that is no storage")
        if identifier[0] == "module" and len(identifier) >= 2:
            return identifier[1]
        if identifier[0] != "storage" or len(identifier) < 5:
            raise BadInput("the pickle refers to something that is no storage")
        _, cls, key, _, count, *rest = identifier
        if not isinstance(key, str) or len(key) > LONGEST_KEY or not is_count(count):
            raise BadInput("the pickle refers to a storage without a key or size")
        if key not in self._roots:
            self._file.budget.spend(STORAGE)
            self._roots[key] = Storage(key, storage_kind(cls), count)
        root = self._roots[key]
        return self._view(root, rest[0]) if rest and rest[0] is not None else root

    def _view(self, root: Storage, view: Any) -> Storage:
        """A part of a storage, which very old files treat as a storage of its own."""
        if not isinstance(view, tuple) or len(view) != 3 or not all(map(is_count, view[1:])):
            raise BadInput("a part of a storage without offset and size")
        key, offset, count = view
        if offset + count > root.count:
            raise BadInput("a part of a storage reaches beyond it")
        self._file.budget.spend(STORAGE + len(root.key))
        part = Storage(f"{root.key}/{shown(key)}", root.kind, count)
        self._views.append((part, root, offset))
        return part

    def fill(self, keys: Any, position: int) -> None:
        """Hand the bytes from `position` on to the storages, in the order of `keys`."""
        if not isinstance(keys, list) or any(not isinstance(key, str) for key in keys):
            raise BadInput("the list of storages is damaged")
        for key in keys:
            storage = self._roots.get(key)
            if storage is None:
                raise BadInput(f"storage {shown(key)} is in the file, yet no tensor uses it")
            if storage.data is not None:
                raise BadInput(f"storage {shown(key)} is in the file twice; which one to take is unknown")
            count = int.from_bytes(self._file.view(position, 8, "a storage's size"), "little")
            if count != storage.count:
                raise BadInput(
                    f"storage {shown(key)} has {count:,} elements and should have {storage.count:,}"
                )
            storage.fill(self._file.view(position + 8, storage.nbytes, f"storage {shown(key)}"))
            position += 8 + storage.nbytes
        for part, root, offset in self._views:
            if root.data is not None:
                size = root.kind.size if root.kind else 1
                part.fill(root.data[offset * size : (offset + part.count) * size])
        if lacking := [
            shown_name(key) for key, storage in self._roots.items() if storage.data is None and storage.count
        ]:
            raise BadInput(f"storages are missing from the file: {', '.join(lacking[:10])}")

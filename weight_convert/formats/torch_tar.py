"""Torch files of the first releases: a tar of `storages`, `tensors` and `pickle`."""

from __future__ import annotations

import struct
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import MEMBER, PAIR, STORAGE, TENSOR, Budget
from weight_convert.dtypes import BY_TORCH_STORAGE
from weight_convert.formats.content import Content
from weight_convert.limits import DIMENSIONS, LONGEST_KEY, is_count
from weight_convert.mapped import MappedFile
from weight_convert.pickles import instructions
from weight_convert.pickles.names import Names
from weight_convert.pickles.tensors import Storage, storage_kind, view
from weight_convert.pickles.values import Name, shown_or_named
from weight_convert.shown import shown, shown_name
from weight_convert.tensor import Tensor

_RECORD = 512
_CHECKSUM = slice(148, 156)  # of all other bytes of the header, as if these were blanks
_NEEDED = ("storages", "tensors", "pickle")


def recognises(file: MappedFile) -> bool:
    """Whether a file begins with a tar header whose checksum fits."""
    head = bytes(file.data[:_RECORD])
    if len(head) < _RECORD or head[257:262] != b"ustar":
        return False
    written = head[_CHECKSUM].strip(b" \0").lstrip(b"0")
    return written == b"%o" % (sum(head) - sum(head[_CHECKSUM]) + 8 * ord(" "))


def read(file: MappedFile) -> Content:
    """The tree of a torch tar."""
    members = _members(file)
    if lacking := [name for name in _NEEDED if name not in members]:
        held = ", ".join(shown_name(name) for name in list(members)[:5]) or "nothing"
        raise BadInput(
            f"{file.path} is a tar archive without {', '.join(lacking)}, so no checkpoint of torch's first "
            f"releases; it holds {held}. If a checkpoint lies in it, unpack it first"
        )
    names = Names(file.size, file.budget)
    objects = _Objects(file.budget)
    _read_storages(members["storages"], names, objects)
    _read_tensors(members["tensors"], names, objects, file.size)

    def persistent(identifier: Any) -> Any:
        if isinstance(identifier, tuple) and identifier:
            return identifier[0]
        found = objects.get(identifier)
        if found is None:
            raise BadInput(f"the pickle refers to object {shown(identifier)}, which is not in the file")
        return found

    root, _ = instructions.load(members["pickle"], names, persistent)
    return Content(file, "torch-tar", root, None, dict(names.unknown))


def _members(file: MappedFile) -> dict[str, memoryview]:
    members: dict[str, memoryview] = {}
    position = 0
    while position + _RECORD <= file.size:
        header = bytes(file.data[position : position + _RECORD])
        if not header.strip(b"\0"):
            break
        name = header[:100].split(b"\0")[0].decode("utf-8", "replace")
        size = _octal(file, header[124:136])
        if name in members:
            raise BadInput(f"the tar archive holds {shown(name)} twice")
        content = file.view(position + _RECORD, size, f"{shown(name)} of the tar archive")
        if header[156:157] in (b"0", b"\0"):
            file.budget.spend(MEMBER)
            members[name] = content
        position += _RECORD + -(-size // _RECORD) * _RECORD
    return members


def _octal(file: MappedFile, digits: bytes) -> int:
    text = digits.strip(b" \0")
    if not text.isdigit() or b"8" in text or b"9" in text:
        raise BadInput(f"a size in the tar archive is {digits[:12]!r}, no octal number")
    return int(text, 8)


class _Objects:
    """The storages and tensors of one file by their numbers."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._by_key: dict[str, Storage | Tensor] = {}

    def get(self, key: Any) -> Storage | Tensor | None:
        """The object of a number, which may be spelled as a text."""
        return self._by_key.get(str(key)) if _is_key(key) else None

    def remember(self, key: str, made: Storage | Tensor) -> None:
        """Keep an object, which the file has once."""
        if key in self._by_key:
            raise BadInput(f"a torch tar is damaged: it holds object {shown_name(key)} twice")
        self._budget.spend(PAIR + STORAGE)
        self._by_key[key] = made


def _is_key(value: Any) -> bool:
    return (
        len(value) <= LONGEST_KEY if isinstance(value, str) else type(value) is int and abs(value) < 1 << 64
    )


class _Reader:
    """Pickles and plain numbers taken in turn from one member."""

    def __init__(self, data: memoryview, names: Names) -> None:
        self._data, self._names, self.position = data, names, 0

    def pickle(self) -> Any:
        value, self.position = instructions.load(self._data, self._names, None, self.position)
        return value

    def numbers(self, layout: str) -> tuple[int, ...]:
        try:
            values = struct.unpack_from(layout, self._data, self.position)
        except struct.error as error:
            raise BadInput(f"a torch tar is cut short or damaged ({error})") from error
        self.position += struct.calcsize(layout)
        return values

    def take(self, count: int) -> memoryview:
        if count < 0 or self.position + count > len(self._data):
            raise BadInput(f"a torch tar is cut short: {count:,} bytes are missing")
        self.position += count
        return self._data[self.position - count : self.position]

    def counted(self) -> range:
        count = self.pickle()
        if type(count) is not int or not 0 <= count <= len(self._data):
            raise BadInput("a torch tar is damaged: a count is no number")
        return range(count)


def _read_storages(data: memoryview, names: Names, objects: _Objects) -> None:
    reader = _Reader(data, names)
    for _ in reader.counted():
        key, _, cls = _parts(reader.pickle(), 3)
        kind = storage_kind(cls)
        (count,) = reader.numbers("<q")
        storage = Storage(_key(key), kind, count)
        storage.fill(reader.take(storage.nbytes))
        objects.remember(storage.key, storage)
    views = reader.pickle()
    for entry in views if isinstance(views, list) else ():
        key, root_key, offset, count = _parts(entry, 4)
        objects.remember(_key(key), _part(objects.get(root_key), _key(key), offset, count))


def _part(root: Any, key: str, offset: Any, count: Any) -> Storage:
    if not isinstance(root, Storage) or root.data is None or not is_count(offset) or not is_count(count):
        raise BadInput("a torch tar is damaged: a part of a storage that is not there")
    if offset + count > root.count:
        raise BadInput("a torch tar is damaged: a part of a storage reaches beyond it")
    size = root.kind.size if root.kind else 1
    part = Storage(key, root.kind, count)
    part.fill(root.data[offset * size : (offset + count) * size])
    return part


def _read_tensors(data: memoryview, names: Names, objects: _Objects, file_size: int) -> None:
    reader = _Reader(data, names)
    for _ in reader.counted():
        key, storage_key, cls = _parts(reader.pickle(), 3)
        storage = objects.get(storage_key)
        (rank, _) = reader.numbers("<ii")
        if not 0 <= rank <= DIMENSIONS or not isinstance(storage, Storage):
            raise BadInput("a torch tar is damaged: a tensor without a storage or with an absurd rank")
        shape, stride = reader.numbers(f"<{rank}q"), reader.numbers(f"<{rank}q")
        (offset,) = reader.numbers("<q")
        kind = BY_TORCH_STORAGE.get(cls.name.replace("Tensor", "Storage")) if isinstance(cls, Name) else None
        if kind is None:
            raise BadInput(
                f"a torch tar holds a tensor of the class {shown_or_named(cls)}, which is not known"
            )
        names.budget.spend(TENSOR)
        objects.remember(_key(key), view(storage, kind, offset, shape, stride, file_size))


def _parts(value: Any, count: int) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or len(value) != count:
        raise BadInput(f"a torch tar is damaged: {count} values were expected")
    return value


def _key(value: Any) -> str:
    if not _is_key(value):
        raise BadInput(f"a torch tar is damaged: an object's key is {shown(value)}, no number")
    return str(value)

"""Torch files since 1.6: a zip archive with one pickle and one stored member for every storage."""

from __future__ import annotations

import io
from math import prod
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import STORAGE
from weight_convert.formats.content import Content
from weight_convert.formats.sink import FileSink
from weight_convert.formats.zip_directory import STORED, Member, read_directory
from weight_convert.formats.zip_writer import ZipWriter
from weight_convert.limits import LONGEST_KEY, is_count
from weight_convert.manifest import UnfinishedManifest, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.pickles import instructions
from weight_convert.pickles.emit import Emitter
from weight_convert.pickles.names import Names
from weight_convert.pickles.tensors import Storage, Stored, storage_kind
from weight_convert.shown import shown
from weight_convert.tensor import Tensor

PICKLE = "data.pkl"
MANIFEST = ".data/manifest.json"
_FOLDER = "archive"


def is_torch_zip(members: dict[str, Member]) -> bool:
    """Whether an archive is laid out as torch does it."""
    return any(name == PICKLE or name.endswith("/" + PICKLE) for name in members)


def read(file: MappedFile) -> Content:
    """The tree of a torch file; its tensors are views of the file."""
    archive = _Archive(file, read_directory(file))
    names = Names(file.size, file.budget)
    root, _ = instructions.load(archive.bytes(PICKLE), names, archive.persistent)
    manifest = archive.bytes(MANIFEST) if archive.has(MANIFEST) else None
    return Content(file, "torch", root, parse_manifest(manifest), dict(names.unknown))


class _Archive:
    """The members of one torch archive, under their common folder."""

    def __init__(self, file: MappedFile, members: dict[str, Member]) -> None:
        self._file, self._members = file, members
        pickles = [name for name in members if name == PICKLE or name.endswith("/" + PICKLE)]
        if len(pickles) != 1:
            raise BadInput(f"the archive holds {len(pickles)} members {PICKLE}; a checkpoint has one")
        self._folder = pickles[0].removesuffix(PICKLE)
        if f"{self._folder}constants.pkl" in members:
            raise BadInput(
                f"{file.path} is a TorchScript program, not a checkpoint: "
                "save torch.jit.load(FILE).state_dict() instead"
            )
        order = self.bytes("byteorder") if self.has("byteorder") else b"little"
        if order not in (b"little", b"big"):
            raise BadInput(f"the byte order is {shown(order)}; it should be little or big")
        self._big_endian = order == b"big"
        self._storages: dict[str, Storage] = {}
        self._stored: dict[str, Stored] = {}

    def has(self, name: str) -> bool:
        return self._folder + name in self._members

    def bytes(self, name: str) -> memoryview:
        return self._member(name).bytes(self._file)

    def _member(self, name: str) -> Member:
        member = self._members.get(self._folder + name)
        if member is None:
            raise BadInput(f"the archive lacks its member {name}: it is damaged")
        if member.method != STORED:
            raise BadInput(
                f"{shown(member.name)} is compressed, which torch never does: the archive was packed "
                "anew by something else. Pack it without compression (zip -0)"
            )
        return member

    def persistent(self, identifier: Any) -> Storage:
        """The storage that the pickle refers to."""
        if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":
            raise BadInput("the pickle refers to something that is no storage")
        _, cls, key, _, count = identifier[:5]
        if not isinstance(key, str) or len(key) > LONGEST_KEY or not is_count(count):
            raise BadInput("the pickle refers to a storage without a key or size")
        kind = storage_kind(cls)
        known = self._storages.get(key)
        if known is not None and known.kind is kind and known.count == count:
            return known
        self._file.budget.spend(STORAGE)
        storage = Storage(key, kind, count, big_endian=self._big_endian)
        if count:
            member = self._member(f"data/{key}")
            storage.require(member.size)
            storage.content = self._content(key, member)
        self._storages[key] = storage
        return storage

    def _content(self, key: str, member: Member) -> Stored:
        """One for each member, so that its checksum is computed once, whatever storages it is used for."""
        if key not in self._stored:
            crc = 0 if self._file.trusted else member.crc
            self._stored[key] = Stored(key, lambda: member.bytes(self._file), crc)
        return self._stored[key]


def write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    """Write a state dict as torch.save does; tied tensors share their storage."""
    pickle = io.BytesIO()
    stored = _emit_state(Emitter(pickle.write, 2), tensors)
    archive = ZipWriter(sink)
    archive.add(f"{_FOLDER}/{PICKLE}", pickle.getbuffer())
    archive.add(f"{_FOLDER}/byteorder", b"little")
    for index, tensor in enumerate(stored):
        archive.add_tensor(f"{_FOLDER}/data/{index}", tensor)
    archive.add(f"{_FOLDER}/version", b"3\n")
    archive.add(f"{_FOLDER}/{MANIFEST}", manifest.finished())
    archive.close()


def _emit_state(emit: Emitter, tensors: dict[str, Tensor]) -> list[Tensor]:
    """Spell the ordered dictionary; the tensors that need a storage of their own, in order."""
    stored: dict[object, tuple[int, Tensor]] = {}
    emit.name("collections", "OrderedDict")
    emit.raw(b")R(")
    for key, tensor in tensors.items():
        index, _ = stored.setdefault(key if tensor.memory is None else tensor.memory, (len(stored), tensor))
        emit.text(key)
        _emit_tensor(emit, tensor, str(index))
    emit.raw(b"u")
    emit.stop()
    return [tensor for _, tensor in stored.values()]


def _emit_tensor(emit: Emitter, tensor: Tensor, storage: str) -> None:
    typed = tensor.kind.torch_storage is not None
    emit.name("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
    emit.raw(b"((")
    emit.text("storage")
    if typed:
        emit.name("torch", str(tensor.kind.torch_storage))
    else:
        emit.name("torch.storage", "UntypedStorage")
    emit.text(storage)
    emit.text("cpu")
    emit.integer(tensor.size if typed else tensor.nbytes)
    emit.raw(b"tQ")
    emit.integer(0)
    emit.integers(tensor.shape)
    emit.integers(tuple(prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape))))
    emit.raw(b"\x89")
    emit.name("collections", "OrderedDict")
    emit.raw(b")R")
    if not typed:
        emit.name("torch", tensor.dtype)
    emit.raw(b"tR")

"""Jittor's own files, and plain pickles of numpy arrays: one pickle, then (by Jittor) its SHA-1 and a mark.

A manifest may lie between the pickle and the SHA-1, where every unpickler leaves it alone.
"""

from __future__ import annotations

import hashlib
import struct
from concurrent.futures import Future, ThreadPoolExecutor

from harness.errors import BadInput
from weight_convert.formats import torch_legacy
from weight_convert.formats.content import Content
from weight_convert.formats.sink import SMALL, FileSink
from weight_convert.manifest import UnfinishedManifest, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.pickles import instructions
from weight_convert.pickles.emit import Emitter
from weight_convert.pickles.names import Names
from weight_convert.pickles.recognise import begins_as_pickle
from weight_convert.tensor import BLOCK, Tensor

MARK = b"HCAJSLHD"
_TAIL = 20 + len(MARK)
MANIFEST_MARK = b"\nweight-manifest\n"


def recognises(file: MappedFile) -> bool:
    """Whether a file begins as a pickle does, and is none of torch's."""
    return begins_as_pickle(file.data) and not torch_legacy.recognises(file)


def read(file: MappedFile) -> Content:
    """The tree of a Jittor file or a plain pickle."""
    names = Names(file.size, file.budget)
    body, form = file.data, "pickle"
    if bytes(file.data[-len(MARK) :]) == MARK:
        body, form = file.data[:-_TAIL], "jittor"
        if not file.trusted and hashlib.sha1(body).digest() != bytes(file.data[-_TAIL : -len(MARK)]):
            raise BadInput("its SHA-1 does not fit its content: the file is damaged; copy it again")
        file.release()
    root, end = instructions.load(body, names)
    rest = body[end:]
    marked = bytes(rest[: len(MANIFEST_MARK)]) == MANIFEST_MARK
    manifest = parse_manifest(rest[len(MANIFEST_MARK) :]) if marked else None
    return Content(file, form, root, manifest, dict(names.unknown))


def write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    """Write a dictionary of arrays as jt.save does, so that jt.load and model.load read it."""
    with _Body(sink) as body:
        emit = Emitter(body.write, 4)
        emit.raw(b"}(")
        for key, tensor in tensors.items():
            emit.text(key)
            _emit_array(emit, body, tensor)
        emit.raw(b"u")
        emit.stop()
        body.write(MANIFEST_MARK + manifest.finished())
        digest = body.digest()
    sink.write(digest + MARK)


class _Body:
    """What the SHA-1 is about; a thread computes it behind the writer.

    It takes 0.2 s for 300 MB. Without the thread a conversion took 1.07 times as long (median of five).
    """

    def __init__(self, sink: FileSink) -> None:
        self._sink = sink
        self._sha1 = hashlib.sha1()
        self._small = bytearray()
        self._pool = ThreadPoolExecutor(1)
        self._taken: list[Future[None]] = []

    def write(self, data: bytes | memoryview) -> None:
        """Write a few bytes, together with those that follow."""
        self._small += data
        if len(self._small) >= BLOCK:
            self._write_small()

    def tensor(self, tensor: Tensor) -> None:
        """Write a tensor's bytes."""
        if tensor.nbytes < SMALL:
            for block in tensor.blocks():
                self.write(block)
            return
        self._write_small()
        self._taken.append(self._pool.submit(self._take, tensor))
        self._sink.tensor(tensor)

    def digest(self) -> bytes:
        """The digest of everything written."""
        self._write_small()
        for taken in self._taken:
            taken.result()
        return self._sha1.digest()

    def _write_small(self) -> None:
        small, self._small = self._small, bytearray()
        self._sink.write(small)
        self._taken.append(self._pool.submit(self._sha1.update, small))

    def _take(self, tensor: Tensor) -> None:
        for block in tensor.blocks():
            self._sha1.update(block)

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def _emit_array(emit: Emitter, body: _Body, tensor: Tensor) -> None:
    if tensor.memory is not None and emit.recall(("array", tensor.memory)):
        return
    emit.name("numpy.core.multiarray", "_reconstruct")
    emit.name("numpy", "ndarray")
    emit.raw(b"K\x00\x85C\x01b\x87R(K\x01")
    emit.integers(tensor.shape)
    _emit_dtype(emit, tensor.kind.storage.str)
    emit.raw(b"\x89\x8e" + struct.pack("<Q", tensor.nbytes))
    body.tensor(tensor)
    emit.raw(b"tb")
    if tensor.memory is not None:
        emit.remember(("array", tensor.memory))


def _emit_dtype(emit: Emitter, code: str) -> None:
    if emit.recall(("dtype", code)):
        return
    emit.name("numpy", "dtype")
    emit.text(code[1:])
    emit.raw(b"\x89\x88\x87R(K\x03")
    emit.text(code[0])
    emit.raw(b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb")
    emit.remember(("dtype", code))

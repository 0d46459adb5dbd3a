"""The SHA-256 of a source file, begun as soon as its name is known.

Reading the file once in its order also brings it from the disk before anything else asks for it. Nothing is
imported here but the standard library, so that this goes on while numpy is still being imported.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

_PIECE = 1 << 20
_begun: dict[Path, Future[str]] = {}


def begin(path: Path) -> None:
    """Begin to read a file and to compute its digest, behind what the program does next."""
    if path not in _begun and path.is_file():
        _begun[path] = Future()
        Thread(target=_compute, args=(path, _begun[path]), daemon=True).start()


def sha256(path: Path) -> str:
    """The digest of a file as sha256sum prints it."""
    begin(path)
    return _begun.pop(path).result()


def _compute(path: Path, result: Future[str]) -> None:
    digest, piece = hashlib.sha256(), memoryview(bytearray(_PIECE))
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(piece):
                digest.update(piece[:count])
    except OSError as error:
        result.set_exception(error)
    else:
        result.set_result(digest.hexdigest())

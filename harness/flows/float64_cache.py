"""Truths kept between runs: the float64 samples and the noise of a case are computed once and found again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from importlib.util import find_spec
from pathlib import Path

from harness import environment
from harness.errors import BadInput
from harness.other_users import others_hand
from harness.pairs.base import Pair
from harness.trace import Trace

SAMPLES = 1024
METHOD = "truth-8"
MOST_BYTES = 2 << 30


def source_digest(pair: Pair) -> str:
    """A digest of the reference's source: other code has another truth."""
    spec = find_spec(pair.reference.partition(":")[0])
    if spec is None or spec.origin is None:
        return pair.reference
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def folder() -> Path:
    """Where truths are kept."""
    return environment.kept_folder("truth")


def tidy(place: Path, most_bytes: int = MOST_BYTES) -> None:
    """Drop the files used longest ago until the rest is small enough."""
    found: list[tuple[float, int, Path]] = []
    for file in place.glob("[!.]*"):
        with contextlib.suppress(FileNotFoundError):  # another run tidies as well
            state = file.stat()
            found.append((state.st_atime, state.st_size, file))
    total = 0
    for _, size, file in sorted(found, reverse=True):
        total += size
        if total > most_bytes:
            file.unlink(missing_ok=True)


def usable(path: Path) -> bool:
    """Whether a kept truth is there and whole; a damaged one is dropped, to be measured anew."""
    if not path.is_file():
        return False
    try:
        if hand := others_hand(path):
            raise BadInput(hand)
        Trace.open(path).close()
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # used, yet not changed
    except BadInput:
        path.unlink(missing_ok=True)
        return False
    except FileNotFoundError:  # another run has tidied it away meanwhile
        return False
    return True

"""What both sides share: the harness's interpreter, the cache folder, room on disk and in memory."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.environment.findings import DoctorFinding, State
from harness.environment.places import CACHE, cache_folder, free_bytes, used_bytes, writable
from harness.other_users import can_be_replaced, others_hand

LITTLE_DISK, TOO_LITTLE_DISK, LITTLE_MEMORY = 2 << 30, 200 << 20, 1 << 30


def judge() -> list[DoctorFinding]:
    """The machine's findings."""
    cache = cache_folder()
    return [
        DoctorFinding("machine", "harness", f"Python {platform.python_version()} at {sys.executable}"),
        _cache(cache),
        _disk(free_bytes(cache), cache),
        *_memory(Path("/dev/shm")),
    ]


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _cache(folder: Path) -> DoctorFinding:
    if not writable(folder):
        wrong = f"the cache folder {folder} cannot be written"
        return DoctorFinding(
            "machine", "cache", str(folder), "wrong", wrong, f"export {CACHE}=FOLDER  # a writable one"
        )
    if folder.exists() and (wrong := others_hand(folder) or can_be_replaced(folder)):
        return DoctorFinding(
            "machine", "cache", str(folder), "wrong", wrong, f"export {CACHE}=FOLDER  # your own"
        )
    note = size(used_bytes(folder)) if folder.is_dir() else "not made yet"
    return DoctorFinding("machine", "cache", f"{folder} ({note})")


def _disk(free: int, folder: Path) -> DoctorFinding:
    if free >= LITTLE_DISK:
        return DoctorFinding("machine", "disk", f"{size(free)} free")
    state: State = "wrong" if free < TOO_LITTLE_DISK else "warn"
    wrong = f"only {size(free)} is free for the cache {folder}; compiled operators want {size(LITTLE_DISK)}"
    mend = f"export {CACHE}=FOLDER  # on a roomier disk"
    return DoctorFinding("machine", "disk", f"{size(free)} free", state, wrong, mend)


def _memory(folder: Path) -> Iterator[DoctorFinding]:
    if not folder.is_dir():
        return
    free = free_bytes(folder)
    if free >= LITTLE_MEMORY:
        yield DoctorFinding("machine", str(folder), f"{size(free)} free")
        return
    wrong = f"only {size(free)} is free in {folder}, so traces are written to the disk, which is slower"
    mend = f"mount -o remount,size=4G {folder}  # in a container: docker run --shm-size=4g"
    yield DoctorFinding("machine", str(folder), f"{size(free)} free", "warn", wrong, mend)

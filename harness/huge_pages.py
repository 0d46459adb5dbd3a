"""Huge pages for files in memory: given to a file before it is written, and mapped where it is read.

The pages of a file on tmpfs, as in /dev/shm, come one by one, 4 KiB each, and are mapped one by one: for a
large trace that takes longer than to copy it. Linux gives two megabytes at a time where it is asked to (since
6.1; it needs no setting), and maps them at once where a mapping begins at a multiple of them. Elsewhere a
file is written and read as ever.

Recording and judging L2SKNet at 512x512 took 1.69 and 1.68 times the processor time of the bare passes, and
2.08 and 2.05 times without huge pages (`python -m benchmarks.compare_cost --sizes 512x512`, in turns, two
busy cores).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

SHARED_MEMORY = Path("/dev/shm")

_HUGE = 2 << 20  # bytes a huge page
_MOST = 16 << 20  # bytes asked for at once; every request waits for all processors
_KEPT = 2 * _HUGE  # bytes that stay mapped after they were written, at most
_NO_ACCESS = 0  # the flags and kinds of advice that Python has no name for
_FIXED = 0x10
_DONT_NEED = 4
_COLLAPSE = 25
_POPULATE_READ = 22
_WRITABLE = mmap.PROT_READ | mmap.PROT_WRITE
_FAILED = ctypes.c_void_p(-1).value


class Room:
    """The first `size` bytes of a file in memory, laid out in huge pages before they are written."""

    def __init__(self, path: Path, size: int) -> None:
        """Lay out an open file for up to `size` bytes, as far as the system has such pages.

        The file is that much longer afterwards: its writer cuts it to the right length.
        """
        self.size = 0
        self._mapped: tuple[int, int] | None = None  # the part that was written last
        self._place: int | None = None
        self._library = _c_library() if SHARED_MEMORY in path.parents else None
        whole = size - size % _HUGE
        if self._library is None or not whole:
            return
        with path.open("r+b", buffering=0) as file:
            self._place = _map(self._library, file.fileno(), whole, _WRITABLE)
            if self._place is None:
                return
            self._unmap = weakref.finalize(self, self._library.munmap, self._place, whole)
            while self.size < whole and self._extended(file.fileno(), min(_MOST, whole - self.size)):
                pass

    def _extended(self, file: int, length: int) -> bool:
        """Whether so much more of the file lies in huge pages now."""
        end, before = self.size + length, os.stat(file).st_size
        try:
            os.ftruncate(file, end)
            for page in range(self.size, end, _HUGE):
                # Only where there is a page can it become a huge one; what stands there stays.
                os.pwrite(file, os.pread(file, 1, page), page)
            if self._advise(self.size, length, _COLLAPSE) and self._advise(self.size, length, _DONT_NEED):
                self.size = end
        except OSError:  # no space is left: the write that follows reports it
            pass
        if self.size < end:
            os.ftruncate(file, before)
        return self.size == end

    def _advise(self, start: int, length: int, advice: int) -> bool:
        assert self._library is not None
        assert self._place is not None
        return bool(self._library.madvise(self._place + start, length, advice) == 0)

    def put(self, start: int, values: NDArray[Any]) -> bool:
        """Write contiguous values at a place of the file; False, and nothing written, beyond the room.

        Few pages stay mapped: they are the file's memory, not this process's.
        """
        end = start + values.nbytes
        if end > self.size:
            return False
        assert self._place is not None
        ctypes.memmove(self._place + start, values.ctypes.data, values.nbytes)
        first, behind = self._mapped or (start, end)
        first, behind = min(first, start - start % mmap.PAGESIZE), max(behind, end)
        self._mapped = first, behind
        if behind - first >= _KEPT:
            self._advise(first, behind - first, _DONT_NEED)
            self._mapped = None
        return True

    def close(self) -> None:
        """Write no more."""
        self.size = 0
        if self._place is not None:
            self._unmap()


class Mapped:
    """A file mapped for reading, from a multiple of a huge page on; unmapped when nothing refers to it."""

    def __init__(self, file: int, size: int) -> None:
        self._library = _c_library()
        self._place = _map(self._library, file, size, mmap.PROT_READ) if self._library else None
        if self._library is None or self._place is None:
            self.bytes = memoryview(mmap.mmap(file, size, access=mmap.ACCESS_READ))
            return
        block = (ctypes.c_ubyte * size).from_address(self._place)
        weakref.finalize(block, self._library.munmap, self._place, size).atexit = False
        self.bytes = memoryview(block).cast("B").toreadonly()

    def fetch(self, start: int, size: int) -> None:
        """Have the pages of a part mapped at once; one by one, as they are touched, takes longer.

        What is asked for beyond the file is no part of it, and nothing is done.
        """
        inside = 0 <= start <= start + size <= len(self.bytes)
        if inside and self._library is not None and self._place is not None:
            first = start - start % mmap.PAGESIZE
            # An older kernel refuses: then they come as they are touched.
            self._library.madvise(self._place + first, start + size - first, _POPULATE_READ)

    def release(self) -> None:
        """Give the pages back that were touched; they come again from the file."""
        if self._library is not None and self._place is not None:
            self._library.madvise(self._place, len(self.bytes), _DONT_NEED)


def _map(library: ctypes.CDLL, file: int, size: int, access: int) -> int | None:
    """Map a file at a multiple of a huge page; the address."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    room = library.mmap(None, size + _HUGE, _NO_ACCESS, private, -1, 0)
    if room == _FAILED:
        return None
    place = -(-room // _HUGE) * _HUGE
    if library.mmap(place, size, access, mmap.MAP_SHARED | _FIXED, file, 0) != place:
        library.munmap(room, size + _HUGE)
        return None
    end = -(-(place + size) // mmap.PAGESIZE) * mmap.PAGESIZE
    for first, behind in ((room, place), (end, room + size + _HUGE)):
        if behind > first:
            library.munmap(first, behind - first)
    return int(place)


@lru_cache(maxsize=1)
def _c_library() -> ctypes.CDLL | None:
    """What Python's own mmap does not offer: a mapping at a chosen place."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    address, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    library.mmap.argtypes = (address, size, number, number, number, ctypes.c_int64)
    library.mmap.restype = ctypes.c_void_p
    library.munmap.argtypes = (address, size)
    library.madvise.argtypes = (address, size, number)
    return library

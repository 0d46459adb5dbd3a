"""What was freed goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness import unused_memory

MIB = 1 << 20


def resident() -> int:
    """Bytes of memory that this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@pytest.mark.skipif(sys.platform != "linux", reason="tells of the GNU C library")
def test_what_lies_below_something_that_is_kept_goes_back() -> None:
    """The C library gives back the end of its memory by itself, and nothing below."""
    blocks = [bytearray(64 << 10) for _ in range(64 * MIB // (64 << 10))]
    kept = blocks.pop()
    blocks.clear()
    unused_memory.give_back()
    after = resident()
    again = [bytearray(64 << 10) for _ in range(64 * MIB // (64 << 10))]
    assert resident() - after > 32 * MIB
    again.clear()
    unused_memory.give_back()
    assert resident() - after < 16 * MIB
    assert len(kept) == 64 << 10

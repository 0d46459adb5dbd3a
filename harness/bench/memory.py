"""What repeated figures of memory say: one that can be believed, or none."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from harness.bench.result import Memory

LEAST = 16 << 20
"""Below this a figure tells of what a framework loads when it first computes, and not of the model."""


def usual(found: Sequence[Memory]) -> Memory:
    """The median of the processes; no peak where it is small, or no larger than what they differ by."""
    peaks = [memory.peak for memory in found if memory.peak is not None]
    held = [memory.allocator for memory in found if memory.allocator is not None]
    peak = int(median(peaks)) if peaks else 0
    believable = peak >= LEAST and max(peaks) - min(peaks) < peak
    return Memory(peak if believable else None, int(median(held)) if held else None)

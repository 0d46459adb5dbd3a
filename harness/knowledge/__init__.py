"""What is known of the differences between the frameworks: measured on both, with what to write instead."""

from __future__ import annotations

from harness.knowledge._base import KINDS, Entry, entries, entry, of_class, search, that_raise
from harness.knowledge._measured import Fact, Measured, in_order, is_so, measured, of_entry, words

__all__ = [
    "KINDS",
    "Entry",
    "Fact",
    "Measured",
    "entries",
    "entry",
    "in_order",
    "is_so",
    "measured",
    "of_class",
    "of_entry",
    "search",
    "that_raise",
    "words",
]

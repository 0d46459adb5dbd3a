"""What is known of the differences between the frameworks: measured on both, with what to write instead."""

from __future__ import annotations

from harness.knowledge._base import Entry, entries, entry, of_class, search, that_raise

__all__ = ["Entry", "entries", "entry", "of_class", "search", "that_raise"]

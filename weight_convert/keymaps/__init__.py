"""Key maps: what to do with a checkpoint's keys, as data in TOML."""

from __future__ import annotations

from weight_convert.keymaps.draft import draft_map
from weight_convert.keymaps.load import KeyMap, load_map, shipped_maps

__all__ = ["KeyMap", "draft_map", "load_map", "shipped_maps"]

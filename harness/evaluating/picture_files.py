"""How the pictures of an evaluation are called, for what writes them and for what shows them."""

from __future__ import annotations

FOLDER = "pictures"
PANELS = ("input", "truth", "torch", "jittor", "difference")
SHEET = "sheet.png"


def file_name(index: int, panel: str) -> str:
    """The file of one panel of a sample."""
    return f"{index:06d}-{panel}.png"

"""How the pictures of an evaluation are called, for what writes them and for what shows them."""

from __future__ import annotations

FOLDER = "pictures"
PANELS = ("input", "truth", "torch", "jittor", "difference")
NOISE = "noise"
"""The difference in units of float32's rounding; only where a pair gives the numbers behind its picture."""
WHITE = 1024
"""Units from which that picture is white."""
SHEET = "sheet.png"


def file_name(index: int, panel: str) -> str:
    """The file of one panel of a sample."""
    return f"{index:06d}-{panel}.png"

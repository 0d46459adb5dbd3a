"""What the networks share: a port is the same class, told which mistake it makes."""

from __future__ import annotations

from torch import nn


class Ported(nn.Module):
    """A module that is right, or makes one mistake."""

    def __init__(self, wrong: str) -> None:
        super().__init__()
        self._wrong = wrong

    def wrong(self, *names: str) -> bool:
        """Whether one of these mistakes is made."""
        return self._wrong in names

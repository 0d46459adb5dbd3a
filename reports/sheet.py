"""The console that reports and progress are drawn on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.text import printable_lines


class Sheet(Console):
    """A console on which nothing that is drawn can steer the terminal: its own colours alone do."""

    def __init__(self, file: TextIO, width: int | None = None, colours: bool | None = None) -> None:
        super().__init__(
            file=file, width=width, force_terminal=colours, highlight=False, markup=False, emoji=False
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is drawn."""
        for piece in super().render(renderable, options):
            plain = piece.control or piece.text.isprintable() or piece.text == "\n"
            yield piece if plain else Segment(printable_lines(piece.text), piece.style)

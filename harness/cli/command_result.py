"""What a command found, before anyone has printed it."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST, USUAL, WIDEST = 60, 100, 140


@dataclass(frozen=True)
class CommandResult:
    """An exit code, a document for machines, and prose for people."""

    exit_code: int
    document: dict[str, object]
    prose: Callable[[Console], None]

    def text(self, stream: TextIO, as_json: bool) -> str:
        """The document or the prose, as text for `stream`."""
        return as_line(self.document) if as_json else self._drawn(stream)

    def _drawn(self, stream: TextIO) -> str:
        from reports.sheet import Sheet

        drawn = io.StringIO()
        self.prose(Sheet(drawn, width(), colours=Sheet(stream).is_terminal))
        return drawn.getvalue()


def width() -> int:
    """How wide to draw: as wide as the terminal within reason, 100 columns where there is none."""
    return min(max(shutil.get_terminal_size((USUAL, 24)).columns, NARROWEST), WIDEST)


def as_line(document: dict[str, object]) -> str:
    """A document as JSON proper: what is no finite number becomes a text."""
    return json.dumps(_finite(document), allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value

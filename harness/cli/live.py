"""Progress on standard error: a live table of both sides in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from harness.background import repeating
from harness.progress import Kind
from harness.text import printable
from reports.words import count

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table

_PAUSE = 5.0  # seconds between two plain lines that only count


@dataclass
class SideState:
    """What one side does now."""

    doing: str = "waiting"
    layers: int = 0
    last: str = ""
    operators: int = 0
    core: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: bool = False

    def take(self, kind: Kind, fields: dict[str, Any]) -> None:
        """Follow one event."""
        if kind == "state":
            self.doing, self.layers, self.last, self.ended = str(fields.get("text", "")), 0, "", None
            self.core = 0
        elif kind == "layer":
            self.last = str(fields.get("path", ""))
            self.layers = int(fields.get("done", self.layers + 1))
        elif kind == "core":
            self.core = int(fields.get("files", self.core + 1))
        elif kind == "compiled":
            self.operators = int(fields.get("operators", self.operators + 1))
        else:
            self.failed = kind == "failed"
            self.doing = str(fields.get("text", "")) or ("failed" if self.failed else "done")
            self.ended = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the side has been at it."""
        return (self.ended or time.monotonic()) - self.began

    def counts(self) -> str:
        """What has been counted so far, in words."""
        parts = [count(self.layers, "layer")] if self.layers else []
        if self.core:
            parts.append(f"{count(self.core, 'file')} of Jittor's core compiled, the first time only")
        if self.operators:
            parts.append(f"{count(self.operators, 'operator')} compiled")
        return ", ".join(parts)


class Listener:
    """Follows a run: what each side does, and the folder it is kept in."""

    def __init__(self) -> None:
        self.sides: dict[str, SideState] = {}
        self.folder = ""
        self._lock = threading.Lock()

    def event(self, side: str, kind: Kind, **fields: Any) -> None:
        """Follow one event."""
        with self._lock:
            if kind == "folder":
                self.folder = str(fields.get("path", ""))
            else:
                self._follow(side, kind, fields)

    def _follow(self, side: str, kind: Kind, fields: dict[str, Any]) -> None:
        self.sides.setdefault(side, SideState()).take(kind, fields)


class PlainProgress(Listener):
    """One line for each change of state, and one for what goes on where nothing was said for a while."""

    def __init__(self, stream: TextIO, pause: float = _PAUSE) -> None:
        super().__init__()
        self._stream, self._pause = stream, pause
        self._last_line: dict[str, float] = {}

    def _follow(self, side: str, kind: Kind, fields: dict[str, Any]) -> None:
        state = self.sides.setdefault(side, SideState())
        before = state.doing
        state.take(kind, fields)
        now = time.monotonic()
        counting = kind in ("layer", "core", "compiled")
        too_soon = counting and now - self._last_line.get(side, state.began) < self._pause
        if not too_soon and not (kind == "state" and state.doing == before):
            self._last_line[side] = now
            self._write(side, state)

    def beat(self) -> None:
        """Say once more what each side does that has said nothing for a while."""
        with self._lock:
            now = time.monotonic()
            for side, state in self.sides.items():
                if state.ended is None and now - self._last_line.get(side, state.began) >= self._pause:
                    self._last_line[side] = now
                    self._write(side, state)

    def _write(self, side: str, state: SideState) -> None:
        counts = state.counts()
        line = f"{side:<8} {state.seconds:6.1f} s  {state.doing}" + (f" ({counts})" if counts else "")
        with contextlib.suppress(OSError, ValueError):
            print(printable(line), file=self._stream, flush=True)


class LiveProgress(Listener):
    """A table with one row a side, drawn again several times a second."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        from reports.tables import Column, table

        with self._lock:
            names, states = list(self.sides), list(self.sides.values())
            columns = [
                Column("side", names, style="bold"),
                Column("doing", [state.doing for state in states], style="cyan"),
                Column("so far", [state.counts() for state in states], most=34),
                Column("time", [f"{state.seconds:.0f} s" for state in states], number=True),
                Column("layer", ["" if state.ended else state.last for state in states], elastic=True),
            ]
        yield table(options.max_width, columns)


@contextlib.contextmanager
def listening(stream: TextIO | None = None) -> Iterator[Listener]:
    """A listener on standard error that suits where it leads to."""
    stream = stream or sys.stderr
    if not stream.isatty():
        plain = PlainProgress(stream)
        with repeating(plain.beat, _PAUSE / 5, _PAUSE):
            yield plain
        return
    from rich.live import Live

    from reports.sheet import Sheet

    listener = LiveProgress()
    with Live(listener, console=Sheet(stream), refresh_per_second=8, transient=True, redirect_stdout=False):
        yield listener

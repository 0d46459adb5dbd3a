"""Events of a run while it goes on; the listener decides how they look."""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

Kind = Literal["state", "layer", "core", "compiled", "done", "failed", "folder"]


@runtime_checkable
class Progress(Protocol):
    """Listens to a run.

    Kinds and their fields: `state` (text: what the side does now), `layer` (path: the layer just
    recorded, done: how many so far), `core` (files: of the framework's own core, compiled so far; a first
    start does that), `compiled` (operators: compiled so far), `done`, `failed` (text: why), and once for
    the whole run, on the side `run`: `folder` (path: where it is kept).
    """

    def event(self, side: str, kind: Kind, **fields: Any) -> None:
        """Something happened on `side`; may be called from any thread."""


class Silent:
    """Listens and says nothing."""

    def event(self, side: str, kind: Kind, **fields: Any) -> None:
        """Ignore it."""

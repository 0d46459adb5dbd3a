"""What is known of a layer without running it, as workers describe it and traces keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Dict

Attributes = Dict[str, Any]
"""Attributes of a layer, or arguments of a function, by name: whatever values a model gives them."""


@dataclass(frozen=True)
class LayerNote:
    """The class of a layer, its attributes, and the module that defines the class; an operation has none."""

    type: str = ""
    attributes: Attributes = field(default_factory=dict)
    origin: str = ""

    def to_dict(self) -> dict[str, object]:
        """The note as a trace keeps it."""
        note: dict[str, object] = {"type": self.type, "attributes": self.attributes}
        return {**note, "origin": self.origin} if self.origin else note


def read_layer_notes(data: object) -> dict[str, LayerNote]:
    """The notes of a trace by layer, without those of another form: the trace may be a stranger's."""
    if not isinstance(data, Mapping):
        return {}
    return {str(path): _read(note) for path, note in data.items() if isinstance(note, Mapping)}


def _read(note: Mapping[str, Any]) -> LayerNote:
    attributes = note.get("attributes")
    kept = dict(attributes) if isinstance(attributes, Mapping) else {}
    return LayerNote(_text(note.get("type")), kept, _text(note.get("origin")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

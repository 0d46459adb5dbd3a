"""What a file holds, before anyone has decided which part of it is the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from weight_convert.manifest import Manifest
from weight_convert.mapped import MappedFile


@dataclass
class Content:
    """A file's tree of plain containers, tensors and inert things, and the manifest found in it."""

    file: MappedFile
    format: str
    root: Any
    manifest: Manifest | None = None
    inert: dict[str, int] = field(default_factory=dict)
    """Names of classes and functions that were left alone, with how often each is referred to."""

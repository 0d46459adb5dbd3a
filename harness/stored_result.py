"""A dataclass as the JSON file that a command leaves behind, read back from one that may be a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from harness import json_codec, strict_json
from harness.errors import BadInput

Result = TypeVar("Result")


@dataclass(frozen=True)
class Form:
    """How such a file is known: its usual name, its schema and version, and what messages call it.

    `older` makes data of an earlier version data of this one.
    """

    name: str
    schema: str
    version: int
    title: str
    advice: str
    older: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)

    def load(self, kind: type[Result], path: Path) -> Result:
        """Read a file, or the one in a folder; BadInput says why it cannot be read."""
        file = path / self.name if path.is_dir() else path
        try:
            data: Any = strict_json.parse(strict_json.read(file))
        except OSError as error:
            raise BadInput(f"{file} cannot be read: {error.strerror}; {self.advice}") from error
        except ValueError as error:
            raise BadInput(f"{file} cannot be read and is no {self.title}: {error}; {self.advice}") from error
        is_known = isinstance(data, dict) and data.get("schema") == self.schema
        version = data.get("version") if is_known else None
        if isinstance(version, int) and version in self.older:
            data = {**self.older[version](data), "version": self.version}
        elif version != self.version:
            raise BadInput(f"{file} is no {self.title} of version {self.version}; {self.advice}")
        try:
            return json_codec.from_plain(kind, data)
        except (json_codec.Unfit, RecursionError) as error:
            raise BadInput(f"{file} is a damaged {self.title}: {error}; {self.advice}") from error

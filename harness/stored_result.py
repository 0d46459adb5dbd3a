"""A dataclass as the JSON file that a command leaves behind, read back from one that may be a stranger's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness import json_codec, strict_json
from harness.errors import BadInput

Result = TypeVar("Result")


@dataclass(frozen=True)
class Form:
    """How such a file is known: its usual name, its schema and version, and what messages call it."""

    name: str
    schema: str
    version: int
    title: str
    advice: str

    def load(self, kind: type[Result], path: Path) -> Result:
        """Read a file, or the one in a folder; BadInput says why it cannot be read."""
        file = path / self.name if path.is_dir() else path
        try:
            data: Any = strict_json.parse(strict_json.read(file))
        except OSError as error:
            raise BadInput(f"{file} cannot be read: {error.strerror}; {self.advice}") from error
        except ValueError as error:
            raise BadInput(f"{file} cannot be read and is no {self.title}: {error}; {self.advice}") from error
        known = (self.schema, self.version)
        if not isinstance(data, dict) or (data.get("schema"), data.get("version")) != known:
            raise BadInput(f"{file} is no {self.title} of version {self.version}; {self.advice}")
        try:
            return json_codec.from_plain(kind, data)
        except (json_codec.Unfit, RecursionError) as error:
            raise BadInput(f"{file} is a damaged {self.title}: {error}; {self.advice}") from error

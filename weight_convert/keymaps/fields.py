"""The fields of a rule in TOML, taken one by one with checks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.json_codec import short
from weight_convert.keymaps.rules import Pattern
from weight_convert.limits import is_count

_LARGEST = 1 << 63


class Fields:
    """The fields of one rule, taken one by one; whatever is left over is an error."""

    def __init__(self, path: Path, number: int, fields: dict[str, Any]) -> None:
        self.where = f"{path}: rule {number}"
        self._fields = fields

    @property
    def names(self) -> set[str]:
        """The fields that are left."""
        return set(self._fields)

    def take(self, name: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """A field of this kind; without a default it must be there."""
        value = self._fields.pop(name, default)
        if value is ...:
            raise BadInput(f"{self.where} lacks {name!r}")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise BadInput(f"{self.where}: {name} = {short(value)} is of the wrong kind")
        return value

    def text(self, name: str, default: Any = ...) -> str:
        """A text."""
        return str(self.take(name, str, default))

    def pattern(self, name: str) -> Pattern:
        """A key with stars."""
        return Pattern(self.text(name))

    def patterns(self, name: str, default: Any = ...) -> tuple[Pattern, ...]:
        """Several keys with stars."""
        values = self.take(name, list, default)
        if any(not isinstance(value, str) for value in values):
            raise BadInput(f"{self.where}: {name} should list keys")
        return tuple(Pattern(value) for value in values)

    def counts(self, name: str, default: Any = ...) -> tuple[int, ...] | None:
        """A list of counts."""
        values = self.take(name, (list, type(None)), default)
        if values is not None and not all(is_count(value) for value in values):
            raise BadInput(f"{self.where}: {name} should list counts, not {short(values)}")
        return None if values is None else tuple(values)

    def number(self, name: str, default: Any = ...) -> float:
        """A number."""
        value = self.take(name, (int, float), default)
        try:
            return float(value)
        except OverflowError as error:
            raise BadInput(f"{self.where}: {name} = {short(value)} is no number of 64 bits") from error

    def size(self, name: str, default: Any = ...) -> float:
        """A number that is finite and not negative."""
        value = self.number(name, default)
        if not 0 <= value < math.inf:
            raise BadInput(f"{self.where}: {name} = {value} should be finite, 0 or more")
        return value

    def integer(self, name: str, default: Any = ...) -> int:
        """An integer."""
        value = int(self.take(name, int, default))
        if abs(value) >= _LARGEST:
            raise BadInput(f"{self.where}: {name} = {short(value)} does not fit into 64 bits")
        return value

    def same_stars(self, *patterns: Pattern) -> None:
        """Refuse keys with different numbers of stars."""
        if len({pattern.stars for pattern in patterns}) > 1:
            texts = ", ".join(repr(pattern.text) for pattern in patterns)
            raise BadInput(f"{self.where}: {texts} should have the same number of stars")

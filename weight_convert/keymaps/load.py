"""Key maps from TOML: read, checked entry by entry, applied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import strict_toml
from harness.errors import BadInput
from weight_convert.keymaps.rules import MappedState, Rule
from weight_convert.keymaps.verbs import parse_rule

VERSION = 1
_SHIPPED = Path(__file__).resolve().parent.parent / "maps"


@dataclass(frozen=True)
class KeyMap:
    """A map: its name, what it is for, its rules, and the digest of its text."""

    name: str
    about: str
    rules: tuple[Rule, ...]
    sha256: str

    @property
    def unchecked(self) -> list[str]:
        """What a person must still look at."""
        return [f"rule {rule.number}: {rule.check}" for rule in self.rules if rule.check]

    def apply(self, work: MappedState) -> None:
        """Apply the rules in order."""
        for rule in self.rules:
            rule.apply(work)

    def to_dict(self) -> dict[str, object]:
        """What a manifest says of it."""
        return {"name": self.name, "sha256": self.sha256, "rules": len(self.rules)}


def shipped_maps() -> list[str]:
    """The names of the maps that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def load_map(name: str | Path) -> KeyMap:
    """The map in a file, or the shipped one of that name."""
    path = Path(name)
    if not path.is_file():
        path = _SHIPPED / f"{name}.toml"
    if not path.is_file():
        raise BadInput(
            f"there is no key map {name}: no such file, and shipped are {', '.join(shipped_maps())}"
        )
    try:
        raw = strict_toml.read(path)
        data = strict_toml.parse(raw)
    except ValueError as error:
        raise BadInput(f"{path} is no valid TOML: {error}. Correct it") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    return _parse(path, data, hashlib.sha256(raw).hexdigest())


def _parse(path: Path, data: dict[str, Any], digest: str) -> KeyMap:
    if unknown := set(data) - {"about", "version", "rule"}:
        raise BadInput(
            f"{path}: unknown {', '.join(sorted(unknown))}; a key map has about, version and [[rule]]"
        )
    if data.get("version", VERSION) != VERSION:
        raise BadInput(f"{path}: a key map of version {data['version']!r}; {VERSION} is known")
    entries = data.get("rule", [])
    if not isinstance(entries, list) or any(not isinstance(entry, dict) for entry in entries):
        raise BadInput(f"{path}: rules are written as [[rule]] tables")
    parsed = tuple(parse_rule(path, number, entry) for number, entry in enumerate(entries, 1))
    return KeyMap(path.stem, str(data.get("about", "")), parsed, digest)

"""The proof inside a converted file: its source, and what was done to every key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from harness.errors import BadInput
from weight_convert.json_text import parse_json
from weight_convert.limits import TEXT, check_shape

KIND, VERSION = "weight-manifest", 1


@dataclass(frozen=True)
class DroppedKey:
    """A key of the source that was not written, and why."""

    key: str
    reason: str
    dtype: str = ""
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class MadeTensor:
    """A key that the source has not, and why it was made."""

    key: str
    reason: str


@dataclass(frozen=True)
class WrittenTensor:
    """One written tensor. `was` is its kind and shape before the format forced others on it."""

    dtype: str
    shape: tuple[int, ...]
    crc32: str
    source: str = ""
    was: tuple[str, tuple[int, ...]] | None = None
    reason: str = ""


@dataclass
class Manifest:
    """What a converted file says about itself."""

    source: dict[str, Any] = field(default_factory=dict)
    key_map: dict[str, Any] | None = None
    deploy: list[dict[str, Any]] = field(default_factory=list)
    entries: dict[str, WrittenTensor] = field(default_factory=dict)
    dropped: list[DroppedKey] = field(default_factory=list)
    made: list[MadeTensor] = field(default_factory=list)
    tied: dict[str, str] = field(default_factory=dict)
    """Key -> the earlier key that is the very same tensor."""

    def to_dict(self) -> dict[str, object]:
        """The manifest as plain containers."""
        return {
            "kind": KIND,
            "version": VERSION,
            **vars(self),
            "entries": {key: vars(entry) for key, entry in self.entries.items()},
            "dropped": list(map(vars, self.dropped)),
            "made": list(map(vars, self.made)),
        }

    def to_json(self) -> bytes:
        """The manifest as stored in and beside files, an entry a line."""
        parts = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in self.to_dict().items())
        return f"{{\n{parts}\n}}\n".encode()


@dataclass(frozen=True)
class UnfinishedManifest:
    """A manifest whose digests are computed while the tensors are written.

    `draft` answers at once, with stand-ins for digests: as long as what `finished` waits for.
    """

    draft: Callable[[], bytes]
    finished: Callable[[], bytes]


def _lines(value: Any) -> str:
    """JSON with a line for each item of a container; Python's own indented form takes ten times as long."""
    if isinstance(value, dict) and value:
        items = (f" {json.dumps(key)}: {json.dumps(item)}" for key, item in value.items())
        return "{\n" + ",\n".join(items) + "\n}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f" {json.dumps(item)}" for item in value) + "\n]"
    return json.dumps(value)


def parse_manifest(raw: bytes | memoryview | None) -> Manifest | None:
    """Read a manifest; None where there is none, BadInput where it is damaged."""
    if raw is None:
        return None
    if len(raw) > TEXT:
        raise BadInput(f"a manifest of {len(raw):,} bytes; at most {TEXT:,} are read")
    try:
        return _parse(parse_json(bytes(raw)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"the file's manifest is damaged ({error!s:.100}); convert its source again"
        ) from error


def _parse(data: dict[str, Any]) -> Manifest:
    if data["kind"] != KIND or type(data["version"]) is not int:
        raise ValueError("no manifest of this program")
    if data["version"] > VERSION:
        raise BadInput(
            f"a manifest of version {data['version']}, written by a newer release; update this one"
        )
    known = {item.name for item in fields(Manifest)}
    manifest = Manifest(**{key: value for key, value in data.items() if key in known})
    manifest.entries = {_text(key): _entry(**value) for key, value in data["entries"].items()}
    manifest.dropped = [_dropped(**value) for value in data["dropped"]]
    manifest.made = [MadeTensor(_text(value["key"]), _text(value["reason"])) for value in data["made"]]
    manifest.tied = {_text(key): _text(value) for key, value in data["tied"].items()}
    return manifest


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where a text should be")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise TypeError("a shape that is no list of counts")
    check_shape("the manifest", value)
    return tuple(value)


def _entry(
    dtype: Any, shape: Any, crc32: Any, source: Any = "", was: Any = None, reason: Any = ""
) -> WrittenTensor:
    before = None if was is None else (_text(was[0]), _shape(was[1]))
    return WrittenTensor(_text(dtype), _shape(shape), _text(crc32), _text(source), before, _text(reason))


def _dropped(key: Any, reason: Any, dtype: Any = "", shape: Any = ()) -> DroppedKey:
    return DroppedKey(_text(key), _text(reason), _text(dtype), _shape(list(shape)))

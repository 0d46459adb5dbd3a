"""Dataclasses as strict JSON data and back, every value checked against its annotation.

JSON has no NaN and no infinity. Where an annotation says float they are the texts NaN, Infinity and
-Infinity; in free-form data, where a text could mean itself, they are objects such as `{"$float": "NaN"}`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import reprlib
from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    Literal,
    NoReturn,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

import numpy as np

from harness.older_python import strict_zip
from harness.text import printable
from harness.type_hints import UNIONS, type_hints

T = TypeVar("T")

_MARK = "$float"
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_DEEPEST = 64
_LONGEST = 60
_LONGEST_TEXT = 1 << 20
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 2 * _LONGEST


class Partial:
    """A dataclass that data may give in part: fields that are missing have their defaults, None is left out.

    `rest` names a field that is a table: its entries stand among the fields, under names of their own.
    """

    rest: ClassVar[str] = ""


class Unfit(ValueError):
    """Data that does not fit an annotation; says where, what was found and what was allowed."""


def tidy(value: Any, depth: int = 0) -> Any:
    """Free-form data as JSON would give it back: lists for tuples, numbers for numpy's, texts as keys."""
    if depth > _DEEPEST:
        raise Unfit(f"data nested more than {_DEEPEST} deep")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _writable(value)
    if isinstance(value, (list, tuple)):
        return [tidy(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_writable(str(key)): tidy(item, depth + 1) for key, item in value.items()}
    raise Unfit(f"{type(value).__name__} {short(value)} cannot be written as JSON")


def short(value: Any) -> str:
    """A value as a message shows it; what is long is cut before it is written out."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python writes out no whole number of thousands of digits
        text = f"a {type(value).__name__} too long to show"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _writable(text: str) -> str:
    """A text that UTF-8 can express: half of a surrogate pair, as in odd file names, is spelled out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_plain(value: Any, kind: Any = None) -> Any:
    """A dataclass, or a value of the annotation `kind`, as data that strict JSON can hold."""
    return _encode(value, kind or type(value))


def from_plain(kind: type[T], data: Any, where: str = "") -> T:
    """A dataclass from such data; Unfit where anything is missing, unknown or of another type."""
    return cast(T, _decode(data, kind, where))


def check(hint: Any, data: Any, where: str) -> None:
    """Raise Unfit where free-form data do not fit an annotation."""
    _decode(data, hint, where)


@functools.lru_cache(maxsize=None)
def _hints(kind: type) -> dict[str, Any]:
    hints = type_hints(kind)
    if not dataclasses.is_dataclass(kind):
        return hints
    return {item.name: hints[item.name] for item in dataclasses.fields(kind)}


@functools.lru_cache(maxsize=None)
def _names(kind: type) -> dict[str, str]:
    """The name of each field in the data."""
    return {item.name: item.metadata.get("json", item.name) for item in dataclasses.fields(kind)}


def _optional(hint: Any) -> Any | None:
    """What `hint` allows besides None, where it allows None."""
    if get_origin(hint) not in UNIONS:
        return None
    (inner,) = (item for item in get_args(hint) if item is not type(None))
    return inner


def _is_named_tuple(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")


def _items(hint: Any, count: int) -> list[Any]:
    """The annotation of each of `count` items."""
    if _is_named_tuple(hint):
        return list(_hints(hint).values())
    inner = get_args(hint)
    if get_origin(hint) is list or inner[1:] == (Ellipsis,):
        return [inner[0]] * count
    return list(inner)


def _encode(value: Any, hint: Any) -> Any:
    if value is None:
        return None
    hint = _optional(hint) or hint
    if hint is Any:
        return _mark(value)
    if dataclasses.is_dataclass(hint):
        return _encode_fields(value, cast(type, hint))
    if get_origin(hint) in (list, tuple) or _is_named_tuple(hint):
        return [_encode(item, inner) for item, inner in strict_zip(value, _items(hint, len(value)))]
    if get_origin(hint) in (dict, Mapping):
        return {_writable(key): _encode(item, get_args(hint)[1]) for key, item in value.items()}
    if hint is float:
        return _name(float(value)) or float(value)
    return _writable(value) if isinstance(value, str) else value


def _encode_fields(value: Any, kind: type) -> Any:
    hints, names = _hints(kind), _names(kind)
    found = {names[name]: _encode(getattr(value, name), hint) for name, hint in hints.items()}
    if not issubclass(kind, Partial):
        return found
    rest = found.pop(kind.rest, {})
    return {**rest, **{name: item for name, item in found.items() if item is not None}}


def _name(value: float) -> str | None:
    if math.isfinite(value):
        return None
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _mark(value: Any) -> Any:
    if isinstance(value, float):
        name = _name(value)
        return value if name is None else {_MARK: name}
    if isinstance(value, (list, tuple)):
        return [_mark(item) for item in value]
    if isinstance(value, dict):
        return {key: _mark(item) for key, item in value.items()}
    return value


def _unmark(data: Any) -> Any:
    if isinstance(data, list):
        return [_unmark(item) for item in data]
    if isinstance(data, dict):
        if data.keys() == {_MARK} and isinstance(data[_MARK], str) and data[_MARK] in _SPECIAL:
            return _SPECIAL[data[_MARK]]
        return {key: _unmark(item) for key, item in data.items()}
    return data


def _refuse(where: str, found: Any, allowed: str) -> NoReturn:
    raise Unfit(f"{where or 'the whole'} is {short(found)}, it should be {allowed}")


def _inside(where: str, name: str) -> str:
    """The place of something inside another; a long name is cut."""
    name = printable(name if len(name) <= _LONGEST else name[:_LONGEST] + "...")
    return f"{where}.{name}" if where else name


def _decode(data: Any, hint: Any, where: str) -> Any:
    inner = _optional(hint)
    if inner is not None:
        return None if data is None else _decode(data, inner, where)
    if hint is Any:
        return _unmark(data)
    if dataclasses.is_dataclass(hint):
        return _decode_fields(data, cast(type, hint), where)
    origin = get_origin(hint)
    if origin is Literal:
        return data if data in get_args(hint) else _refuse(where, data, "one of " + ", ".join(get_args(hint)))
    if origin in (list, tuple) or _is_named_tuple(hint):
        return _decode_items(data, hint, where)
    if origin in (dict, Mapping):
        if not isinstance(data, dict):
            _refuse(where, data, "an object")
        return {key: _decode(item, get_args(hint)[1], _inside(where, key)) for key, item in data.items()}
    return _decode_scalar(data, hint, where)


def _decode_fields(data: Any, kind: type, where: str) -> Any:
    hints = _hints(kind)
    if not isinstance(data, dict):
        _refuse(where, data, "an object")
    names, needed = _names(kind), _needed(kind)
    if issubclass(kind, Partial):
        data = _completed(data, kind)
        hints = {name: hint for name, hint in hints.items() if names[name] in data or name in needed}
    wanted = {names[name]: name for name in hints}
    for name in sorted(wanted.keys() ^ data.keys()):
        raise Unfit(f"{_inside(where, name)} is {'missing' if name in wanted else 'unknown'}")
    rest = getattr(kind, "rest", "")
    places = {at: where if at == rest else _inside(where, at) for at in wanted}
    return kind(**{name: _decode(data[at], hints[name], places[at]) for at, name in wanted.items()})


@functools.lru_cache(maxsize=None)
def _needed(kind: type) -> frozenset[str]:
    """The fields of a dataclass that have no default."""
    return frozenset(
        field.name
        for field in dataclasses.fields(cast(Any, kind))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _completed(data: Any, kind: Any) -> Any:
    """Data of a partial dataclass, with what stands among its fields in the table that it belongs to."""
    if not kind.rest:
        return data
    own = set(_names(kind).values()) - {kind.rest}
    rest = {name: item for name, item in data.items() if name not in own}
    return {**{name: item for name, item in data.items() if name in own}, kind.rest: rest}


def _decode_items(data: Any, hint: Any, where: str) -> Any:
    if not isinstance(data, list):
        _refuse(where, data, "a list")
    inner = _items(hint, len(data))
    if len(inner) != len(data):
        _refuse(where, data, f"a list of {len(inner)}")
    made = [_decode(data[place], inner[place], f"{where}[{place}]") for place in range(len(data))]
    if _is_named_tuple(hint):
        return hint(*made)
    return made if get_origin(hint) is list else tuple(made)


def _decode_scalar(data: Any, hint: Any, where: str) -> Any:
    if hint is float:
        data = _unmark(data)  # older files hold numbers as free-form data
        if isinstance(data, str) and data in _SPECIAL:
            return _SPECIAL[data]
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return _float(data, where)
        _refuse(where, data, "a number")
    if not isinstance(data, hint) or (hint is int and isinstance(data, bool)):
        _refuse(where, data, {int: "a whole number", str: "a text", bool: "true or false"}[hint])
    if isinstance(data, str) and len(data) > _LONGEST_TEXT:
        _refuse(where, data, f"a text of at most {_LONGEST_TEXT:,} letters")
    return data


def _float(data: int | float, where: str) -> float:
    try:
        return float(data)
    except OverflowError:
        _refuse(where, data, "a number that fits into 64 bits")

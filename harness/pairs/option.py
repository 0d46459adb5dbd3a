"""What of a variant can be chosen: `name[option=value]` is a variant too, and its name says all of it.

Without a name before the brackets it is the pair's first variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Union

import numpy as np

from harness.errors import BadInput
from harness.spelling import meant, perhaps

Value = Union[int, float, str]
_NAMED = re.compile(r"(?P<base>[^\[\]]*)\[(?P<options>[^\[\]]*)\]")


@dataclass(frozen=True)
class Numbers:
    """All numbers from `least` to `most`, as float32 has them."""

    least: float
    most: float


@dataclass(frozen=True)
class Option:
    """A number or a word that a variant is made with: what it means, and the values that it may have."""

    summary: str
    values: range | tuple[str, ...] | Numbers

    def read(self, name: str, text: str) -> Value:
        """The value that a text says."""
        found = self._value(text)
        if found is None:
            allowed = f"{self._allowed()}: {self.summary}"
            raise BadInput(f"option {name}={text[:60]} is not allowed; it should be {allowed}")
        return found

    def _value(self, text: str) -> Value | None:
        if not isinstance(self.values, Numbers):
            wanted = text if isinstance(self.values, range) else meant(text, self.values)
            return next((value for value in self.values if str(value) == wanted), None)
        try:
            number = float(np.float32(text))
        except ValueError:
            return None
        return number if self.values.least <= number <= self.values.most else None

    def _allowed(self) -> str:
        if isinstance(self.values, Numbers):
            return f"a number from {self.values.least:g} to {self.values.most:g}"
        if isinstance(self.values, range) and self.values.step == 1:
            return f"a whole number from {self.values[0]} to {self.values[-1]}"
        return " or ".join(map(str, self.values))


def split(name: str) -> tuple[str, dict[str, str]]:
    """The name of a declared variant, and the options that stand behind it in brackets."""
    found = _NAMED.fullmatch(name)
    if found is None:
        return name, {}
    given = (part.partition("=") for part in found["options"].split(",") if part)
    return found["base"], {option.strip(): value.strip() for option, _, value in given}


def joined(name: str, options: Iterable[str]) -> str:
    """A variant's name with options `NAME=VALUE` behind it; later ones win."""
    base, before = split(name)
    given = dict(before)
    for text in options:
        option, _, value = text.partition("=")
        name_before = meant(option.strip(), given) or option.strip()
        given[name_before] = value.strip()
    listed = ",".join(f"{option}={value}" for option, value in given.items())
    return f"{base}[{listed}]" if listed else base


def read(owner: str, known: Mapping[str, Option], given: Mapping[str, str]) -> dict[str, Value]:
    """The values of the options given; an unknown one is refused with the name nearest to it."""
    named = {_known(owner, known, name): text for name, text in given.items()}
    return {name: known[name].read(name, text) for name, text in named.items()}


def _known(owner: str, known: Mapping[str, Option], typed: str) -> str:
    found = meant(typed, known)
    if found is None:
        has = f"it has {', '.join(known)}" if known else "it has none"
        hint = perhaps(typed, known, least=0.5)
        raise BadInput(f"{owner} has no option {typed[:60]!r}{hint}; {has}")
    return found

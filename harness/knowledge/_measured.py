"""In which versions of Jittor each fact of the knowledge base was measured, and what was found."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "measured.json"
Fact = bool | str
"""Whether it is so; or why that could not be measured."""
Measured = dict[str, dict[str, Fact]]
"""By version of Jittor, and by entry."""


@cache
def measured() -> Measured:
    """The versions that were measured, the oldest first."""
    return in_order(json.loads(FILE.read_text(encoding="utf-8")))


def in_order(found: Measured) -> Measured:
    """The same, the oldest version first."""
    return {version: found[version] for version in sorted(found, key=_number)}


def of_entry(name: str) -> dict[str, Fact]:
    """What was found of an entry in each version."""
    return {version: facts[name] for version, facts in measured().items() if name in facts}


def span(name: str) -> tuple[str, str]:
    """The first version in which an entry is so, and the last; that is empty where it is the newest."""
    so = [version for version, fact in of_entry(name).items() if fact is True]
    newest = next(reversed(measured()), "")
    return (so[0], "" if so[-1] == newest else so[-1]) if so else ("", "")


def is_so(name: str, version: str = "") -> bool:
    """Whether an entry is so in a version; one that was not measured is taken for the newest."""
    newest = next(reversed(measured().values()), {})
    return measured().get(version, newest).get(name) is not False


def words(name: str) -> str:
    """In which versions an entry is so, as people say it."""
    found = of_entry(name)
    so = [version for version, fact in found.items() if fact is True]
    other = [version for version, fact in found.items() if fact is False]
    unknown = [version for version, fact in found.items() if isinstance(fact, str)]
    parts = [f"so in {_listed(so)}" if so else "", f"not in {_listed(other)}" if other else ""]
    parts.append(f"not known of {_listed(unknown)}" if unknown else "")
    return "Jittor: " + (", ".join(part for part in parts if part) or "not measured")


def _listed(versions: list[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{', '.join(versions[:-1])} and {versions[-1]}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())

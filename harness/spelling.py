"""What a user means by a name: case, hyphens and underscores do not matter; a wrong one has near ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

_SHOWN = 3


def _bare(name: str) -> str:
    return folded(name).replace("_", "")


def folded(name: str) -> str:
    """A name without its case, and with underscores for hyphens."""
    return name.casefold().replace("-", "_")


_ALIKE: tuple[Callable[[str], str], ...] = (str, folded, _bare)


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelled like this one; None where there is none, or more than one."""
    among = list(known)
    for alike in _ALIKE:
        found = [one for one in among if alike(one) == alike(name)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> list[str]:
    """The known names that are most like this one, the nearest first; of those that are alike, all."""
    among = {one: _bare(one) for one in known}
    same = [one for one, bare in among.items() if bare == _bare(name)]
    if same:
        return same
    close = difflib.get_close_matches(_bare(name), set(among.values()), n=_SHOWN, cutoff=least)
    return [one for bare in close for one in among if among[one] == bare][:_SHOWN]


def perhaps(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """The nearest names, to be put behind a wrong one; empty where none is near."""
    near = nearest(name, known, least)
    return f" (perhaps {' or '.join(near)}?)" if near else ""

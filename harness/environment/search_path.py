"""Where Python looks for packages first: in the copy of Jittor that environments share, if in any."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "PYTHONPATH"
PLACE = "shared"
_COPY = re.compile(rf"{PLACE}/[0-9a-f]{{16}}-[0-9a-f]{{8}}/packages")


def is_shared(path: Path) -> bool:
    """Whether a folder is the copy of Jittor that environments share."""
    return _COPY.fullmatch("/".join(path.parts[-3:])) is not None


def inherited(first: Path | None = None) -> str:
    """What $PYTHONPATH is to be: as it is, but with this copy of Jittor first, and with no other."""
    given = os.environ.get(VARIABLE, "").split(os.pathsep)
    own = [entry for entry in given if entry and not is_shared(Path(entry))]
    return os.pathsep.join([str(first), *own] if first is not None else own)


def set_here(variables: Mapping[str, str]) -> None:
    """Give this process the variables of a side: it imports Jittor from where they tell."""
    os.environ.update(variables)
    first = variables.get(VARIABLE, "").partition(os.pathsep)[0]
    if is_shared(Path(first)) and first not in sys.path:
        sys.path.insert(0, first)

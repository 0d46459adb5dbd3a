"""Our own packages are found where this one lies, whatever the user's folder holds.

`golden` and `reports` are words that a user's folder may be called too. Python looks there first when
that folder is on its path. The processes of the commands and of the workers are ours: they look in our
place first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

NAMES = ("golden", "harness", "ports_jittor", "refs_torch", "reports", "weight_convert")
PLACE = Path(__file__).parent.parent


class _InOurPlace(MetaPathFinder):
    """Finds our top-level packages in `PLACE`, and leaves every other name to Python."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where one of our packages lies."""
        return PathFinder.find_spec(fullname, [str(PLACE)]) if fullname in NAMES else None


def prefer() -> None:
    """From now on this process finds our packages in our place first."""
    if not any(isinstance(finder, _InOurPlace) for finder in sys.meta_path):
        sys.meta_path.insert(0, _InOurPlace())


def clash(problem: Exception) -> str:
    """What to do about a failed import, if the name that it asked for is one of ours; else nothing."""
    asked = problem.name or "" if isinstance(problem, ImportError) else ""
    name = asked.partition(".")[0]
    if name not in NAMES:
        return ""
    wanted = re.search(r"cannot import name '(\w+)'", str(problem))
    if name == "harness" and wanted and wanted[1] in sys.modules[name].__all__:
        return f" (write `from harness import {wanted[1]}`)"
    return f" (`{name}` is a package of align; a package of yours needs another name)"

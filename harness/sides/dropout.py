"""Recognises dropout modules, of a framework or of anybody else."""

from __future__ import annotations

import re
from typing import Any

_DROPS = re.compile(r"drop_?(out|path|block|connect)|stochastic_?depth", re.IGNORECASE)


def is_dropout(module: Any) -> bool:
    """Whether a module without parts of its own is a dropout, by the name of one of its classes."""
    names = [kind.__name__ for kind in type(module).__mro__]
    return any(map(_DROPS.search, names)) and not list(module.children())

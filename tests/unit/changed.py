"""Documents with one field changed, to see what readers say of them."""

from __future__ import annotations

import copy
from typing import Any

GONE = object()


def changed(whole: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at a place; without the place for GONE."""
    data = inner = copy.deepcopy(whole)
    for key in at[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return data

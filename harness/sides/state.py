"""The strict check of a state before it is written into a model."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from harness.errors import BadInput
from harness.forms import same_shape
from harness.pairs.base import Arrays

_SHOWN = 12


def check_state(side: str, wanted: Mapping[str, tuple[int, ...]], state: Arrays) -> None:
    """Refuse a state that lacks a key, has one too many, or one of another shape; () and (1,) are one."""
    missing = [key for key in wanted if key not in state]
    unexpected = [key for key in state if key not in wanted]
    misshapen = [
        f"{key}: {list(state[key].shape)} in the file, {list(shape)} in the model"
        for key, shape in wanted.items()
        if key in state and not same_shape(state[key].shape, shape)
    ]
    if not (missing or unexpected or misshapen):
        return
    parts = [f"the weights do not fit the {side} model:"]
    if missing:
        hints = [f"{key}{_nearest(key, unexpected)}" for key in missing[:_SHOWN]]
        parts.append(f"{len(missing)} missing ({_listed(hints, len(missing))})")
    if unexpected:
        parts.append(f"{len(unexpected)} unexpected ({_listed(unexpected[:_SHOWN], len(unexpected))})")
    if misshapen:
        parts.append(f"{len(misshapen)} of another shape ({_listed(misshapen[:_SHOWN], len(misshapen))})")
    raise BadInput(" ".join([parts[0], "; ".join(parts[1:])]))


def _nearest(key: str, candidates: list[str]) -> str:
    found = difflib.get_close_matches(key, candidates, n=1, cutoff=0.8)
    return f", perhaps {found[0]}" if found else ""


def _listed(names: list[str], count: int) -> str:
    return ", ".join(names) + (f" and {count - len(names)} more" if count > len(names) else "")

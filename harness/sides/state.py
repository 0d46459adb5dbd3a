"""The strict check of a state before it is written into a model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Mapping, Sequence

from harness.errors import BadInput
from harness.forms import same_shape
from harness.own_name import command
from harness.pairs.base import Arrays

Shapes = Mapping[str, Sequence[int]]
_CANDIDATES = 64  # names that one is compared with: those of its shape come first
_SOME = 3
_ALIKE = 0.1  # of the names: fewer than these come close by chance


def check_state(side: str, wanted: Mapping[str, tuple[int, ...]], state: Arrays) -> None:
    """Refuse a state that lacks a key, has one too many, or one of another shape; every key is named.

    Of the weights of another model a few say enough.
    """
    given = {key: array.shape for key, array in state.items()}
    missing = {key: shape for key, shape in wanted.items() if key not in given}
    unexpected = {key: shape for key, shape in given.items() if key not in wanted}
    misshapen = [
        f"{key}: {list(given[key])} in the file, {list(shape)} in the model"
        for key, shape in wanted.items()
        if key in given and not same_shape(given[key], shape)
    ]
    if not (missing or unexpected or misshapen):
        return
    near = {key: _nearest(key, shape, unexpected) for key, shape in missing.items()}
    alike = sum(map(bool, near.values()))
    if given and len(missing) == len(wanted) and alike < _ALIKE * len(wanted):
        raise BadInput(
            f"the weights do not fit the {side} model: they seem to be of another one. None of their "
            f"{len(given)} keys ({_some(given)}) is one of the model's {len(wanted)} ({_some(wanted)})"
        )
    parts = [
        *_part("missing", (f"{key}{found}" for key, found in near.items())),
        *_part("unexpected", unexpected),
        *_part("of another shape", misshapen),
    ]
    renamed = f". If names alone differ, `{command('map')}` pairs them" if missing and unexpected else ""
    raise BadInput(f"the weights do not fit the {side} model: {'; '.join(parts)}{renamed}")


def _part(kind: str, names: Iterable[str]) -> list[str]:
    listed = list(names)
    return [f"{len(listed)} {kind} ({'; '.join(listed)})"] if listed else []


def _some(keys: Iterable[str]) -> str:
    listed = list(keys)
    return "; ".join([*listed[:_SOME], *(["…"] if len(listed) > _SOME else [])])


def _nearest(key: str, shape: Sequence[int], others: Shapes) -> str:
    """The name that comes closest, of those with the same shape if there are any."""
    alike = [name for name in others if same_shape(others[name], shape)] or list(others)
    leaf = key.rpartition(".")[2]
    alike.sort(key=lambda name: name.rpartition(".")[2] != leaf)
    found = difflib.get_close_matches(key, alike[:_CANDIDATES], n=1, cutoff=0.8)
    return f", perhaps {found[0]}" if found else ""

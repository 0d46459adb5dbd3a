"""The state of a pickled torch module: what its state_dict() would be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import Budget
from weight_convert.candidate import Candidate
from weight_convert.limits import LONGEST_KEY
from weight_convert.pickles.values import Thing
from weight_convert.shown import shown

_HOLDERS = ("_parameters", "_buffers", "_modules")
_FLEETING = "_non_persistent_buffers_set"
_MOST_PARTS, _DEEPEST = 400_000, 200


def is_module(value: Any) -> bool:
    """Whether an object has what every torch module has."""
    return isinstance(value, Thing) and all(name in value.attributes for name in _HOLDERS)


def module_state(module: Thing, budget: Budget) -> Candidate:
    """Own parameters, own lasting buffers, then the children's."""
    made = Candidate("", budget)
    for visited, (prefix, part) in enumerate(_modules(module, made)):
        if visited > _MOST_PARTS:
            raise BadInput("a pickled module has more parts than any model: damaged or hostile")
        fleeting = _fleeting(part, prefix)
        for holder in ("_parameters", "_buffers"):
            for name, value in _held(part, holder, prefix).items():
                if value is not None and not (holder == "_buffers" and name in fleeting):
                    made.take(_joined(prefix, name), value)
    return made


def _held(module: Thing, holder: str, prefix: str) -> dict[Any, Any]:
    """A module's parameters, buffers or children by name."""
    found = module.attributes[holder]
    if isinstance(found, Thing):  # a dictionary of a class that is not known here
        found = found.entries
    if found is None or isinstance(found, dict):
        return found or {}
    raise BadInput(f"{holder} of a pickled module (at {shown(prefix)}) is {shown(found)}, not a dictionary")


def _fleeting(module: Thing, prefix: str) -> set[Any] | frozenset[Any]:
    """The names of the buffers that are no part of the state."""
    found = module.attributes.get(_FLEETING)
    if found is None or isinstance(found, (set, frozenset)):
        return found or frozenset()
    raise BadInput(f"{_FLEETING} of a pickled module (at {shown(prefix)}) is {shown(found)}, not a set")


def _joined(prefix: str, name: Any) -> str:
    if not isinstance(name, str):
        raise BadInput(f"a part of a pickled module has the name {shown(str(name))}, which is no text")
    if len(prefix) + len(name) > LONGEST_KEY:
        raise BadInput(f"a pickled module has a key of {len(prefix) + len(name):,} characters; no model has")
    return prefix + name


def _modules(root: Thing, made: Candidate) -> Iterator[tuple[str, Thing]]:
    """Every module with its prefix, parents first, as often as it is reached; a cycle is refused."""
    yield "", root
    above = {id(root)}
    pending = [("", root, _children(root, ""))]
    while pending:
        prefix, module, children = pending[-1]
        for name, child in children:
            if is_module(child):
                inner = _joined(prefix, name) + "."
                if id(child) in above or len(above) > _DEEPEST:
                    raise BadInput(f"a pickled module contains itself (at {shown(inner)})")
                yield inner, child
                above.add(id(child))
                pending.append((inner, child, _children(child, inner)))
                break
            if child is not None:
                made.leave(_joined(prefix, name), child)
        else:
            pending.pop()
            above.remove(id(module))


def _children(module: Thing, prefix: str) -> Iterator[tuple[Any, Any]]:
    return iter(_held(module, "_modules", prefix).items())

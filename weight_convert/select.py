"""Finding the weights in what a file holds: a bare state, one under a name, or a whole pickled module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.errors import BadInput
from weight_convert.formats.content import Content
from weight_convert.manifest import Dropped
from weight_convert.pickles.arrays import ArrayDraft
from weight_convert.pickles.values import Thing
from weight_convert.tensor import Tensor

_NOT_WEIGHTS = ("optim", "sched", "scaler", "rng", "callbacks", "loops", "lr_", "amp", "grad")
_DEPTH = 4
_MOST_PARTS = 400_000


@dataclass
class Candidate:
    """A part of a file that looks like a model's state."""

    path: str
    tensors: dict[str, Tensor] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    unreadable: list[Dropped] = field(default_factory=list)

    def describe(self) -> str:
        """Name and size, for messages."""
        return f"{self.path or '.'} ({len(self.tensors)} tensors)"


def as_tensor(value: Any) -> Tensor | None:
    """The tensor that a leaf is, if it is one."""
    if isinstance(value, Tensor):
        return value
    return value.tensor() if isinstance(value, ArrayDraft) else None


def choose(content: Content, select: str | None = None) -> Candidate:
    """The one state that a file holds, or the one called `select`."""
    found = _Search(everything=select is not None).candidates(content.root)
    if content.format == "trace" and select is None:
        found = [candidate for candidate in found if candidate.path == "state"] or found
    where = content.file.path
    if not found:
        raise BadInput(f"{where} holds no tensors under names: {_outline(content.root)}")
    if select is not None:
        return _selected(found, select, where)
    if len(found) > 1:
        listed = ", ".join(candidate.describe() for candidate in found[:20])
        raise BadInput(
            f"{where} holds several states: {listed}. Say which one is meant (convert-weights --select NAME)"
        )
    return found[0]


def _selected(found: list[Candidate], select: str, where: Any) -> Candidate:
    wanted = "" if select == "." else select
    exact = [candidate for candidate in found if candidate.path == wanted]
    ending = [candidate for candidate in found if candidate.path.endswith("." + wanted)]
    chosen = exact or ending
    if len(chosen) != 1:
        listed = ", ".join(candidate.describe() for candidate in found[:20])
        raise BadInput(
            f"{where} holds {'no' if not chosen else 'more than one'} state {select!r}; it holds: {listed}"
        )
    return chosen[0]


def _outline(root: Any) -> str:
    if isinstance(root, Thing):
        return f"it is a {root.name}"
    if isinstance(root, dict):
        return f"its keys are {', '.join(str(key)[:40] for key in list(root)[:8]) or 'none'}"
    return f"it is a {type(root).__name__}"


class _Search:
    """Walks a file's tree, each object once, and collects states.

    What training leaves beside the weights is passed over, unless `everything` is asked for.
    """

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._seen: set[int] = set()

    def candidates(self, value: Any, path: str = "", depth: int = 0) -> list[Candidate]:
        """The states in `value`, in the order of the file."""
        if depth > _DEPTH or id(value) in self._seen:
            return []
        if _is_module(value):
            return [_module_state(value, path)]
        entries = _entries(value)
        if not entries:
            return []
        self._seen.add(id(value))
        own = _plain_state(entries, path)
        inner = [
            candidate
            for key, part in entries.items()
            if isinstance(key, str) and (self._everything or (_is_weight(key) and not _is_optimizer(part)))
            for candidate in self.candidates(part, f"{path}.{key}" if path else key, depth + 1)
        ]
        if inner and not any(tensor.size > 1 and _is_weight(key) for key, tensor in own.tensors.items()):
            return inner
        return ([own] if own.tensors else []) + inner


def _entries(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Thing):
        return value.entries or value.attributes()
    return {}


def _is_weight(key: str) -> bool:
    return not key.lower().startswith(_NOT_WEIGHTS)


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, dict) and {"state", "param_groups"} <= set(value)


def _plain_state(entries: dict[Any, Any], path: str) -> Candidate:
    made = Candidate(path)
    for key, value in entries.items():
        tensor = as_tensor(value)
        if tensor is not None and isinstance(key, (str, int)):
            made.tensors[str(key)] = tensor
        elif tensor is None and not isinstance(value, (dict, list, tuple)):
            _leave(made, str(key)[:200], value)
    return made


def _leave(made: Candidate, key: str, value: Any) -> None:
    if isinstance(value, ArrayDraft):
        made.unreadable.append(Dropped(key, value.problem))
    elif isinstance(value, Thing) and "_rebuild" in value.name.name:
        made.unreadable.append(Dropped(key, f"made by {value.name}, which is no plain tensor"))
    else:
        what = str(value.name) if isinstance(value, Thing) else type(value).__name__
        made.dropped.append(Dropped(key, f"not a tensor ({what})"))


def _is_module(value: Any) -> bool:
    return isinstance(value, Thing) and {"_parameters", "_buffers", "_modules"} <= set(value.attributes())


def _module_state(module: Thing, path: str) -> Candidate:
    """What the module's state_dict() would be: own parameters, own lasting buffers, then the children's."""
    made = Candidate(path)
    for visited, (prefix, part) in enumerate(_modules(module)):
        if visited > _MOST_PARTS:
            raise BadInput("a pickled module has more parts than any model: damaged or hostile")
        attributes = part.attributes()
        fleeting = attributes.get("_non_persistent_buffers_set") or ()
        for holder in ("_parameters", "_buffers"):
            for name, value in _entries(attributes[holder]).items():
                if value is None or (holder == "_buffers" and name in fleeting):
                    continue
                tensor = as_tensor(value)
                if tensor is None:
                    _leave(made, f"{prefix}{name}", value)
                else:
                    made.tensors[f"{prefix}{name}"] = tensor
    return made


def _modules(root: Thing) -> Iterator[tuple[str, Thing]]:
    """Every module with its prefix, parents first, as often as it is reached; a cycle is refused."""
    pending: list[tuple[str, Thing, tuple[int, ...]]] = [("", root, ())]
    while pending:
        prefix, module, above = pending.pop()
        if id(module) in above or len(above) > 200:
            raise BadInput(f"a pickled module contains itself (at {prefix[:200]!r})")
        yield prefix, module
        children = _entries(module.attributes()["_modules"])
        inner = [(f"{prefix}{name}.", child) for name, child in children.items() if _is_module(child)]
        pending.extend((name, child, (*above, id(module))) for name, child in reversed(inner))

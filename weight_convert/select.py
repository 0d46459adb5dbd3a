"""Finding the weights in what a file holds: a bare state, one under a name, or a whole pickled module."""

from __future__ import annotations

from itertools import islice
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import FINDING, Budget
from weight_convert.candidate import Candidate, as_tensor
from weight_convert.formats.content import Content
from weight_convert.limits import LONGEST_KEY
from weight_convert.modules import is_module, module_state
from weight_convert.pickles.values import OddKey, Thing
from weight_convert.shown import shown_name

_NOT_WEIGHTS = ("optim", "sched", "scaler", "rng", "callbacks", "loops", "lr_", "amp", "grad")
_LONGEST_PREFIX = 16
_DEPTH = 4
_LISTED = 8


def choose(content: Content, select: str | None = None) -> Candidate:
    """The one state that a file holds, or the one called `select`."""
    found = _Search(content.file.budget, everything=select is not None).candidates(content.root)
    if content.format == "trace" and select is None:
        found = [candidate for candidate in found if candidate.path == "state"] or found
    where = content.file.path
    if not found:
        raise BadInput(f"{where} holds no tensors under names: {_outline(content.root)}")
    if select is not None:
        return _selected(found, select, where)
    if len(found) > 1:
        raise BadInput(
            f"{where} holds several states: {_listed(found)}. "
            "Say which one is meant (convert-weights --select NAME)"
        )
    return found[0]


def _selected(found: list[Candidate], select: str, where: Any) -> Candidate:
    wanted = "" if select == "." else select
    exact = [candidate for candidate in found if candidate.path == wanted]
    ending = [candidate for candidate in found if candidate.path.endswith("." + wanted)]
    chosen = exact or ending
    if len(chosen) != 1:
        raise BadInput(
            f"{where} holds {'no' if not chosen else 'more than one'} state {select!r}; "
            f"it holds: {_listed(found)}"
        )
    return chosen[0]


def _listed(found: list[Candidate]) -> str:
    more = f" and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    return ", ".join(candidate.describe() for candidate in found[:_LISTED]) + more


def _outline(root: Any) -> str:
    if isinstance(root, Thing):
        return f"it is a {root.name}"
    if isinstance(root, dict):
        keys = [shown_name(str(key)) for key in islice(root, 8)]
        return f"its keys are {', '.join(keys) or 'none'}"
    return f"it is a {type(root).__name__}"


class _Search:
    """Walks a file's tree, each object once, and collects states.

    What training leaves beside the weights is passed over, unless `everything` is asked for.
    """

    def __init__(self, budget: Budget, everything: bool) -> None:
        self._budget = budget
        self._everything = everything
        self._seen: set[int] = set()

    def candidates(self, value: Any, path: tuple[str, ...] = ()) -> list[Candidate]:
        """The states in `value`, in the order of the file."""
        if len(path) > _DEPTH or id(value) in self._seen:
            return []
        if is_module(value):
            return [self._named(module_state(value, self._budget), path)]
        entries = _entries(value)
        if not entries:
            return []
        self._seen.add(id(value))
        own = _plain_state(entries, self._budget)
        inner = [
            candidate
            for key, part in entries.items()
            if isinstance(key, str) and (self._everything or (_is_weight(key) and not _is_optimizer(part)))
            for candidate in self.candidates(part, (*path, key))
        ]
        if inner and not any(tensor.size > 1 and _is_weight(key) for key, tensor in own.tensors.items()):
            return inner
        return ([self._named(own, path)] if own.tensors else []) + inner

    def _named(self, candidate: Candidate, path: tuple[str, ...]) -> Candidate:
        """The candidate with its part's name, which is made only where there is something under it."""
        if sum(map(len, path)) > LONGEST_KEY:
            raise BadInput(f"a part of the file has a name of more than {LONGEST_KEY:,} characters")
        self._budget.spend(FINDING)
        candidate.path = ".".join(path)
        return candidate


def _entries(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Thing):
        return value.entries or value.attributes
    return {}


def _is_weight(key: str) -> bool:
    return not key[:_LONGEST_PREFIX].lower().startswith(_NOT_WEIGHTS)


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, dict) and "state" in value and "param_groups" in value


def _plain_state(entries: dict[Any, Any], budget: Budget) -> Candidate:
    made = Candidate("", budget)
    others = []
    for key, value in entries.items():
        if as_tensor(value) is not None and _is_name(key):
            made.take(str(key), value)
        elif not isinstance(value, (dict, list, tuple)):
            others.append((key, value))
    if made.tensors:
        for key, value in others:
            made.leave(str(key), value)
    return made


def _is_name(key: Any) -> bool:
    return isinstance(key, str) or (isinstance(key, OddKey) and key.what == "int")

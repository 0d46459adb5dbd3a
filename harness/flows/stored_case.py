"""Reads the case of a stored file, with the pair and the weights that only the user may name.

A stored file comes from anybody. It may name a built-in pair and figures. Code and paths come from the user
who types the command; they are compared with the names in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness import pairs
from harness.case import Case
from harness.errors import BadInput
from harness.json_codec import short
from harness.pairs.base import Override, Pair
from harness.pairs.option import split
from harness.pairs.undeclared import is_undeclared
from harness.session import DEFAULT_TIMEOUT

SEEDED = "seeded"


@dataclass(frozen=True)
class Typed:
    """What a user types beside a stored file; None leaves it to the file, as far as that may say it."""

    model: str | None = None
    weights: str | None = None
    timeout: float = DEFAULT_TIMEOUT


def pair_of(case: Case, model: str | None, source: str) -> Pair:
    """The pair of a stored case: the one that the user named, else a built-in one."""
    if model is None:
        pair = pairs.built_in(case.pair, source)
    else:
        pair = pairs.find(model)
        _require_alike(pair, model, case, source)
    if split(case.variant)[0] not in pair.variants:
        raise BadInput(
            f"{source} is of the variant {short(case.variant)}, and {pair.name} has "
            f"{', '.join(pair.variants)}. Name the pair that it was made from with --model"
        )
    return pair


def weights_of(case: Case, weights: str | None, source: str) -> str:
    """The weights of a stored case: seeded, or the file that the user named."""
    if case.weights == SEEDED:
        if weights not in (None, SEEDED):
            raise BadInput(f"{source} is of seeded weights; leave out --weights {weights}")
        return SEEDED
    if weights in (None, SEEDED):
        raise BadInput(
            f"{source} is of the weights in {short(case.weights)}. Nothing that a file names is read: "
            "name the checkpoint yourself, with --weights"
        )
    return str(weights)


def overrides_of(data: object, model: str | None, source: str) -> tuple[Override, ...]:
    """The overrides of the pair that a stored case is of; none where it names none and the user neither."""
    if not isinstance(data, dict) or "pair" not in data:
        if model is not None:
            raise BadInput(f"{source} does not say its pair, variant and mode; leave out --model")
        return ()
    case = Case.from_dict(data, source)
    if model is None and is_undeclared(case.pair):
        return ()  # two classes have none, so neither is needed
    pair = pair_of(case, model, source)
    return pair.overrides(pair.variant(case.variant), case.mode)


def _require_alike(pair: Pair, model: str, case: Case, source: str) -> None:
    """Refuse a pair that is not the file's, by its name alone: nothing that a file names is imported."""
    declared = case.name or case.pair
    if declared not in (pair.name, model):
        raise BadInput(f"{source} is of the pair {short(declared)}, and --model {model} names {pair.name}")

"""Hypotheses: what the reference adds up one by one is put together otherwise, or not all of it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.functions import REDUCTIONS

_FEWEST = 3  # two are an operation of two tensors
_LARGEST = 1 << 22
_MOST_SHOWN = 3


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Other reductions of the terms, a term left out or counted twice, only the first or the last ones."""
    terms = evidence.producer.terms if evidence.producer is not None else {}
    alike = all(one.shape == evidence.port.shape and one.dtype.kind == "f" for one in terms.values())
    if len(terms) < _FEWEST or not alike or len(terms) * evidence.port.size > _LARGEST:
        return
    stacked = np.stack([one.astype(np.float64) for one in terms.values()])
    names = list(terms)
    for words, found in _put_together(stacked, names):
        yield Trial(words, predicted=np.asarray(found).astype(evidence.port.dtype))


def _put_together(stacked: Array, names: Sequence[str]) -> Iterator[tuple[str, Array]]:
    of_all = f"element by element, of the {len(names)} terms {_listed(names)}"
    for words, reduction in REDUCTIONS.items():
        if words != "the sum":
            yield f"{words}, {of_all}, in the place of their sum", reduction(stacked, axis=0)
    total = stacked.sum(0)
    for place, name in enumerate(names):
        yield f"the sum of the terms {_listed(names)} without {name}", total - stacked[place]
        yield f"the sum of the terms {_listed(names)} with {name} twice", total + stacked[place]
    for count in range(1, len(names) - 1):
        said = f"of the {len(names)} terms {_listed(names)}, alone"
        yield f"the sum of the first {count} {said}", stacked[:count].sum(0)
        yield f"the sum of the last {count} {said}", stacked[-count:].sum(0)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more

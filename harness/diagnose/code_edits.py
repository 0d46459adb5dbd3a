"""Slips in the code that a loss runs: each a small change of one function's text, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from harness.answers import LossOperation, ModelCode
from harness.diagnose import (
    code_alike,
    code_calls,
    code_chosen,
    code_everywhere,
    code_formulas,
    code_inserts,
    code_masks,
    code_names,
    code_normalisers,
    code_numbers,
    code_operators,
    code_parts,
    code_products,
    code_sets,
    code_statements,
)
from harness.diagnose.code_tree import CodeChange, CodeTree
from harness.requests import Edit

_SINGLE = (
    code_operators.changes,
    code_calls.changes,
    code_statements.changes,
    code_numbers.changes,
    code_names.changes,
    code_parts.changes,
    code_products.changes,
    code_chosen.changes,
    code_normalisers.changes,
    code_masks.changes,
    code_inserts.changes,
)
_ALIKE = (code_operators.changes, code_calls.changes, code_numbers.changes, code_parts.changes)
_LIKELY = 1
_Edits = tuple[str, list[Edit]]
_Family = Callable[[CodeTree], Iterator[CodeChange]]
_Ranked = tuple[tuple[bool, int], CodeTree, CodeChange]


class CodeEdits(NamedTuple):
    """Edits of functions with their words: of several places, likely ones, other formulas, all others."""

    together: Iterator[_Edits]
    likely: Iterator[_Edits]
    formulas: Iterator[_Edits]
    others: Iterator[_Edits]


def edits(
    code: Sequence[ModelCode], operations: Sequence[LossOperation], concerned: Sequence[LossOperation]
) -> CodeEdits:
    """Edits of the functions that a loss runs.

    Those of lines that only run operations on which right losses depend come last.
    """
    ours = {one.where for one in concerned}
    right = {one.where for one in operations} - ours
    trees = [CodeTree(one) for one in code]
    seen = [{tree.code.text} for tree in trees]
    together, single, formulas, alike = (
        sorted(_of_families(trees, families, right, seen), key=lambda found: found[0])
        for families in ((code_sets.changes,), _SINGLE, (code_formulas.changes,), (_alike,))
    )
    return CodeEdits(
        chain(code_everywhere.edits(trees), _trials(together), _trials(alike)),
        _trials([found for found in single if found[0] <= (False, _LIKELY)]),
        _trials(formulas),
        _trials([found for found in single if found[0] > (False, _LIKELY)]),
    )


def _alike(tree: CodeTree) -> Iterator[CodeChange]:
    return code_alike.changes(tree, [list(family(tree)) for family in _ALIKE])


def _of_families(
    trees: Sequence[CodeTree], families: Sequence[_Family], right: Collection[str], seen: Sequence[set[str]]
) -> Iterator[_Ranked]:
    """Changes that were not seen yet, and how late each is to be tried."""
    for tree, known in zip(trees, seen, strict=True):
        for family in families:
            for change in family(tree):
                text = tree.changed(change)
                if text not in known:
                    known.add(text)
                    yield (tree.place(change) in right, change.rank), tree, change


def _trials(found: Sequence[_Ranked]) -> Iterator[_Edits]:
    """Those that change what runs, each made only where it is to be tried."""
    for _, tree, change in found:
        trial = tree.trial(change)
        if trial is not None:
            yield trial

"""Slips in the code that a loss runs: each a small change of one function's text, the likeliest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness.answers import LossOperation, ModelCode
from harness.diagnose import (
    code_calls,
    code_inserts,
    code_names,
    code_numbers,
    code_operators,
    code_statements,
)
from harness.diagnose.code_tree import CodeChange, CodeTree
from harness.requests import Edit

_FAMILIES = (
    code_operators.changes,
    code_calls.changes,
    code_statements.changes,
    code_numbers.changes,
    code_names.changes,
    code_inserts.changes,
)
_LIKELY = 1
_Edits = tuple[str, list[Edit]]


def edits(
    code: Sequence[ModelCode], operations: Sequence[LossOperation], concerned: Sequence[LossOperation]
) -> tuple[list[_Edits], list[_Edits]]:
    """Edits of the functions that a loss runs, each with its words: the likely ones, and all others.

    Those of lines that only run operations on which right losses depend come last.
    """
    ours = {one.where for one in concerned}
    right = {one.where for one in operations} - ours
    found: dict[tuple[bool, int], list[_Edits]] = {}
    for one in code:
        for change, late, trial in _of_function(one, right):
            found.setdefault((late, change.rank), []).append(trial)
    keys = [(late, rank) for late, rank in sorted(found) if not late and rank <= _LIKELY]
    others = [trial for key in sorted(found) if key not in keys for trial in found[key]]
    return [trial for key in keys for trial in found[key]], others


def _of_function(code: ModelCode, right: Collection[str]) -> Iterator[tuple[CodeChange, bool, _Edits]]:
    tree, seen = CodeTree(code), {code.text}
    for family in _FAMILIES:
        for change in family(tree):
            trial, key = tree.trial(change), tree.changed(change)
            if trial is not None and key not in seen:
                seen.add(key)
                yield change, tree.place(change) in right, trial

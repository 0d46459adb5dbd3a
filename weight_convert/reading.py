"""From a file to a state: format, part, prefixes, and what an earlier conversion had to change."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from harness.errors import BadInput
from weight_convert.adapt import restore
from weight_convert.candidate import Candidate
from weight_convert.complete import add_counters
from weight_convert.formats.content import Content
from weight_convert.formats.detect import open_content
from weight_convert.limits import ALL_KEYS, LONGEST_KEY, MOST_TENSORS, TENSOR_SLACK, TIED_FACTOR, TOTAL_FACTOR
from weight_convert.naming import naming
from weight_convert.prefixes import strip
from weight_convert.select import choose
from weight_convert.shown import shown
from weight_convert.state import Origin, State
from weight_convert.tensor import Tensor

_LISTED = 8
_NO_TEXT = re.compile("[\x00-\x1f\ud800-\udfff]")


def read_state(
    path: str | Path,
    *,
    select: str | None = None,
    strip_prefixes: Iterable[str] = (),
    expected: Iterable[str] = (),
    partial: bool = False,
) -> State:
    """The weights in a checkpoint of any format, as key -> array in the file's order.

    `select` names the part of the file that is meant where it holds several. Wrappers' prefixes come off by
    themselves, `strip_prefixes` as well where keys have them, unless the keys are the `expected` ones.
    Entries that cannot be read as tensors are an error, or with `partial` left out and listed.
    """
    path = Path(path)
    content = open_content(path)
    with naming(path):
        return _state(content, select, tuple(strip_prefixes), expected, partial)


def _state(
    content: Content,
    select: str | None,
    strip_prefixes: tuple[str, ...],
    expected: Iterable[str],
    partial: bool,
) -> State:
    path = content.file.path
    candidate = choose(content, select)
    if candidate.unreadable and not partial:
        listed = "; ".join(f"{item.key}: {item.reason}" for item in candidate.unreadable[:_LISTED])
        raise BadInput(f"{len(candidate.unreadable)} entries are no tensors that can be read: {listed}")
    _check_total(content, candidate)
    _check_keys(candidate.tensors)
    origin = Origin(path, content.format, candidate.path, (), content.inert)
    dropped = [*candidate.dropped, *candidate.unreadable]
    state = State(candidate.tensors, origin, content.manifest, dropped, file=content.file)
    if content.manifest is not None and not candidate.path:
        state = restore(state, content.manifest)
    elif content.format == "jittor":
        state = add_counters(state)
    return stripped(state, strip_prefixes, expected)


def _check_keys(keys: Collection[str]) -> None:
    if len(keys) > MOST_TENSORS:
        raise BadInput(f"it holds {len(keys):,} tensors; at most {MOST_TENSORS:,} are converted")
    total = 0
    for key in keys:
        total += len(key)
        if len(key) > LONGEST_KEY:
            raise BadInput(f"a key has {len(key):,} characters ({shown(key)}); no model's has")
        if total > ALL_KEYS:
            raise BadInput(f"its keys come to more than {ALL_KEYS:,} characters; no model's do")
        if _NO_TEXT.search(key):
            raise BadInput(f"the key {shown(key)} is no plain text; no model's has control characters")


def stripped(state: State, asked: Iterable[str] = (), expected: Iterable[str] = ()) -> State:
    """The same state without the prefixes that wrappers left on its keys."""
    renamed, taken = strip(state.tensors, tuple(asked), expected)
    sources = {new: old for new, old in renamed.items() if new != old}
    made = state.with_tensors({new: state.tensors[old] for new, old in renamed.items()}, sources)
    if made.origin is not None:
        made.origin = replace(made.origin, stripped=taken)
    return made


def _check_total(content: Content, candidate: Candidate) -> None:
    counted: dict[object, Tensor] = {}
    for key, tensor in candidate.tensors.items():
        counted.setdefault(tensor.memory if tensor.memory is not None else key, tensor)
    if content.format == "npz":
        return
    for tensors, factor in ((counted, TOTAL_FACTOR), (candidate.tensors, TIED_FACTOR)):
        total = sum(tensor.nbytes for tensor in tensors.values())
        if total > factor * content.file.size + TENSOR_SLACK:
            raise BadInput(
                f"its tensors come to {total:,} bytes, the file has {content.file.size:,}: "
                "damaged or made to exhaust memory"
            )

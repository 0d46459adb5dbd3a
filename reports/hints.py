"""What to do now, as commands that can be pasted where there is one; no file is named that is not there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

from harness import address as addresses
from harness import knowledge
from harness.alignment import Alignment
from harness.alignment_rows import SideReport
from harness.comparing import outside_agrees
from harness.own_name import command
from reports import summaries

_SEEDED = "seeded"


class TypedWords(NamedTuple):
    """What the user has typed of a case, and may be told to type again: the pair, and the checkpoint."""

    model: str = ""
    weights: str = ""


NOTHING = TypedWords()


def next_steps(
    alignment: Alignment, folder: str = "", stored: str = "", typed: TypedWords = NOTHING
) -> list[str]:
    """The next steps. `folder` is that of the run, `stored` the alignment's own file, where they are kept."""
    if folder and not stored:
        stored = f"{folder}/alignment.json"
    if alignment.verdict == "failed":
        logs = Path(folder) / "logs"
        printed = [f"read what it printed: {logs}"] if folder and logs.is_dir() else []
        return [*printed, *_after_failures(alignment)]
    if alignment.verdict != "diverged" or not alignment.first:
        return []
    if not stored or not Path(stored).is_file():
        return ["repeat it with -o and a file's name, to keep what `show` and `explain` need"]
    place = shlex.quote(stored)
    steps = [command(f"show {place} {shlex.quote(alignment.first)}")]
    if alignment.sources:
        steps.append(command(f"explain {place}{again(alignment, typed)}"))
    if outside_agrees(alignment.rows) and alignment.policy.get("judge") != "outputs":
        words = "# all that leaves the model agrees: is it another formula on purpose?"
        steps.append(f"{command(f'check {place} --judge outputs')}  {words}")
    return steps


def known(entry: str) -> str:
    """The command that tells what is known."""
    return command(f"explain --op {shlex.quote(entry)}")


def _after_failures(alignment: Alignment) -> list[str]:
    """What is known of operations that raise where a side raised; of one that was killed nothing is."""
    raised = [side for _, side in summaries.failures(alignment) if not side.signal]
    found = [
        entry
        for side in raised
        for entry in knowledge.that_raise(
            _kinds(side, alignment), _said(side), str(side.versions.get("jittor", ""))
        )
    ]
    return [known(name) for name in dict.fromkeys(entry.id for entry in found)]


def _kinds(side: SideReport, alignment: Alignment) -> list[str]:
    """The type of the layer that a side reached last."""
    return [row.type for row in alignment.rows if row.type and _path(row.address) == side.last_layer]


def _said(side: SideReport) -> str:
    return f"{side.error}\n{side.stderr_tail}"


def _path(address: str) -> str:
    return addresses.parse_layer(address).path if addresses.kind(address) == "layer" else ""


def again(alignment: Alignment, typed: TypedWords = NOTHING) -> str:
    """The flags that name a pair of one's own and a checkpoint again, as a stored file needs.

    What the user has not typed is a word to replace: a name in a stranger's file is no advice.
    """
    pair, weights = (str(alignment.case.get(name, "")) for name in ("pair", "weights"))
    own = ":" in pair or pair.endswith(".py")
    flags = f" --model {shlex.quote(typed.model or 'PAIR')}" if own else ""
    return flags + (
        f" --weights {shlex.quote(typed.weights or 'FILE')}" if weights not in ("", _SEEDED) else ""
    )

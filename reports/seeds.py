"""Trainings over several seeds, in the terminal and as a document for machines."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from harness import json_codec
from harness.text import printable
from harness.training.churn import Churn
from harness.training.equivalence import Equivalence
from harness.training.over_seeds import OverSeeds
from reports.words import count

_STYLES = {"equivalent": "green", "different": "red", "inconclusive": "yellow"}


def document(found: OverSeeds) -> dict[str, Any]:
    """What --json prints."""
    return {
        "folder": str(found.folder),
        "trainings": [str(one.path) for one in found.trainings],
        "last": [json_codec.to_plain(one) for one in found.last],
        "best": [json_codec.to_plain(one) for one in found.best],
        "churn": None if found.churn is None else json_codec.to_plain(found.churn),
        "exit_code": found.exit_code,
    }


def draw(found: OverSeeds, console: Console) -> None:
    """Draw what the seeds say: of the last epoch, of the largest figures, and how many samples changed."""
    console.print(Text(f"{count(len(found.trainings), 'seed')}, after the last epoch:", style="bold"))
    for one in found.last:
        _draw(one, console)
    console.print(Text("the largest figure over the epochs, each from an epoch of its own:", style="dim"))
    for one in found.best:
        _draw(one, console)
    if found.churn is not None:
        console.print(Text(churn_sentence(found.churn)))
    console.print(Text(printable(f"kept in: {found.folder}")), soft_wrap=True)


def churn_sentence(churn: Churn) -> str:
    """On how many samples two trained networks disagree."""
    return (
        f"churn: port and reference disagree on {churn.port:.0%} of {count(churn.samples, 'sample')}, "
        f"two seeds of the reference on {churn.reference:.0%}"
    )


def _draw(one: Equivalence, console: Console) -> None:
    console.print(Text(printable(one.sentence), style=_STYLES[one.verdict]))

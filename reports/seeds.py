"""Trainings over several seeds, in the terminal and as a document for machines."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.text import Text

from harness import json_codec
from harness.language import ENGLISH, chosen, tr
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
    said = tr("{}, after the last epoch:").format(count(len(found.trainings), "seed"))
    console.print(Text(said, style="bold"))
    for one in found.last:
        _draw(one, console)
    if found.best != found.last:  # metrics were taken of more epochs than the last
        of_all = tr("the largest figure over the epochs, each from an epoch of its own:")
        console.print(Text(of_all, style="dim"))
        for one in found.best:
            _draw(one, console)
    if found.churn is not None:
        console.print(Text(churn_sentence(found.churn)))
    console.print(Text(printable(f"{tr('kept in')}: {found.folder}")), soft_wrap=True)


def churn_sentence(churn: Churn) -> str:
    """On how many samples two trained networks disagree."""
    said = tr("churn: port and reference disagree on {:.0%} of {}, two seeds of the reference on {:.0%}")
    return said.format(churn.port, count(churn.samples, "sample"), churn.reference)


def sentence(one: Equivalence) -> str:
    """What the seeds say of a metric."""
    if chosen() == ENGLISH:
        return one.sentence
    if math.isnan(one.difference):
        return f"{one.metric}: {_unknown(one)}"
    figures = tr("{}: the port differs by {:+.3g}, 90 % interval {:+.3g} to {:+.3g}, margin {:.3g}: {}")
    said = figures.format(one.metric, one.difference, one.low, one.high, one.margin, tr(one.verdict))
    if one.verdict != "inconclusive":
        return said
    if one.low > 0 or one.high < 0:
        said += tr(" (there is a difference; whether it exceeds the margin is open)")
    if one.needed is None:
        return said + tr("; more seeds than can be trained would decide")
    return said + tr("; about {} seeds a side would decide").format(one.needed)


def _unknown(one: Equivalence) -> str:
    if min(one.seeds) < 2:
        return tr("one seed has no spread; give --seeds 2 or more")
    if not one.margin > 0:
        return tr("the margin is zero, as the reference's mean is")
    return tr("a figure that is not finite cannot be judged")


def _draw(one: Equivalence, console: Console) -> None:
    console.print(Text(printable(sentence(one)), style=_STYLES[one.verdict]))

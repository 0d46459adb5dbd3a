"""Comparisons of pairs whose both sides are written in torch, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from harness import flows
from harness.alignment import Alignment
from harness.choices import Dropout
from harness.flows import explain
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.pairs.base import Mode
from harness.progress import Silent

Compare = Callable[[str, Mode], Alignment]


def request(
    model: str, variant: str, mode: Mode, output: Path, dropout: Dropout = "shared"
) -> flows.CompareRequest:
    """A comparison that runs every layer in isolation and keeps nothing."""
    return flows.CompareRequest(
        model=model,
        variant=variant,
        mode=mode,
        output=output,
        keep="none",
        isolated="always",
        dropout=dropout,
    )


@contextmanager
def comparing(model: str, folder: Path, dropout: Dropout = "shared") -> Iterator[Compare]:
    """What compares one variant of a pair."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as workers:

        def run(variant: str, mode: Mode) -> Alignment:
            asked = request(model, variant, mode, folder / f"{variant}-{mode}", dropout)
            return flows.compare(asked, Silent(), workers=cast(Workers, workers))

        yield run


def explained(model: str, variant: str, mode: Mode, output: Path) -> Alignment:
    """The comparison of one variant of a pair, with its causes."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    asked = request(model, variant, mode, output)
    with (
        lend_workers("cpu", 60.0, OwnPort) as workers,
        comparison(asked, Silent(), cast(Workers, workers)) as live,
    ):
        compared = compare_live(live)
        explain.add_causes(compared)
    return compared.alignment

"""What a user asks for when evaluating, with every default in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.case import Case
from harness.choices import AUTO
from harness.environment.device import device_for
from harness.pairs.base import DataRequest, Pair, Split
from harness.session import DEFAULT_TIMEOUT
from harness.verdict import MetricPolicy

BATCH = 1
"""Samples at once: images of a test set keep their sizes, as published."""


PICTURES = 4
"""The worst samples that are drawn, and as many that chance has chosen."""


@dataclass(frozen=True)
class EvaluateRequest:
    """One evaluation of both sides. None means the pair's own default.

    Without `port_weights` both sides have the same ones. `margin` is how far a metric may be off, as a share
    of the reference's value.
    """

    model: str
    variant: str | None = None
    weights: str = "seeded"
    port_weights: str | None = None
    data: Path | None = None
    split: Split = "val"
    fold: int | None = None
    limit: int | None = None
    batch: int = BATCH
    input_size: tuple[int, int] | None = None
    device: str = AUTO
    seed: int = 0
    margin: float = MetricPolicy().limit
    pictures: int = PICTURES
    skip_broken: bool = False
    timeout: float = DEFAULT_TIMEOUT
    output: Path | None = None

    def case(self, pair: Pair) -> Case:
        """The case that a batch of it is."""
        return Case(
            pair=self.model,
            variant=pair.variant(self.variant).name,
            seed=self.seed,
            weights=self.weights,
            batch=self.batch,
            size=self.input_size,
            tag="evaluate",
            device=device_for(self.device).device,
            name="" if self.model == pair.name else pair.name,
        )

    def data_request(self, pair: Pair) -> DataRequest:
        """Which samples it asks for."""
        return DataRequest(
            variant=pair.variant(self.variant),
            split=self.split,
            source=self.data,
            seed=self.seed,
            size=self.input_size,
            fold=self.fold,
            limit=self.limit,
        )

"""What a user asks of a measurement, and the cases that this is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.case import Case
from harness.choices import AUTO
from harness.environment.device import device_for
from harness.errors import BadInput
from harness.pairs.base import DataRequest, Mode, Pair
from harness.session import DEFAULT_TIMEOUT


@dataclass(frozen=True)
class BenchRequest:
    """One measurement. None means the pair's own default.

    With `metric` every contestant is evaluated as well: on a data set in the folder `data`, or on seeded
    samples; on `limit` of them. A warm-up ends after so many seconds at the latest.
    """

    model: str
    variant: str | None = None
    modes: tuple[Mode, ...] = ("eval", "train")
    batches: tuple[int, ...] = ()
    input_size: tuple[int, int] | None = None
    device: str = AUTO
    seed: int = 0
    weights: str = "seeded"
    seconds: float = 60.0
    memory: int | None = None
    ablate: bool = False
    layers: bool = False
    metric: bool = False
    data: Path | None = None
    limit: int | None = None
    allow_unequal: bool = False
    timeout: float = DEFAULT_TIMEOUT
    warm_up: float = 20.0

    def cases(self, pair: Pair) -> Iterator[Case]:
        """One for each mode and batch."""
        for mode in self.modes:
            for batch in self.batches or (None,):
                yield Case(
                    pair=self.model,
                    variant=pair.variant(self.variant).name,
                    mode=mode,
                    seed=self.seed,
                    weights=self.weights,
                    batch=batch,
                    size=self.input_size,
                    device=device_for(self.device).device,
                    name="" if self.model == pair.name else pair.name,
                )

    def data_request(self, pair: Pair) -> DataRequest:
        """The samples of which a metric is taken."""
        return DataRequest(
            variant=pair.variant(self.variant),
            split="val",
            source=self.data,
            seed=self.seed,
            size=self.input_size,
            limit=self.limit,
        )

    def check(self, pair: Pair) -> None:
        """BadInput where something is asked for that cannot be had."""
        device = device_for(self.device).device
        if self.memory is not None and device != "cpu":
            raise BadInput(f"--memory counts the memory of processes, not that of a {device} device")
        if self.limit is not None and not self.metric:
            raise BadInput("--limit counts the samples of --data: add that, or leave it away")
        if self.metric and "eval" not in self.modes:
            raise BadInput("--data takes the metric in evaluation: add --mode eval, or leave it away")
        if self.metric and pair.metrics is None and pair.meter is None:
            raise BadInput(f"--data: {pair.name} declares no metrics; declare some, or leave it away")

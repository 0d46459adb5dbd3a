"""What a user asks for when evaluating, with every default in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

from harness import json_codec
from harness.case import Case
from harness.choices import AUTO
from harness.environment.device import device_for
from harness.errors import BadInput
from harness.flows.named_again import flags_again, named_again, place_of
from harness.pairs.base import DataRequest, Pair, Split
from harness.session import DEFAULT_TIMEOUT
from harness.verdict import MetricPolicy

_PATHS = ("weights", "port_weights", "data")
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

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the folder of the run is not part of it."""
        return {
            **asdict(self),
            "weights": place_of(self.weights),
            "port_weights": place_of(self.port_weights),
            "data": place_of(self.data),
            "input_size": None if self.input_size is None else list(self.input_size),
            "output": None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str) -> EvaluateRequest:
        """Read one back; `source` is what a message calls where it was read."""
        plain, hints = dict(data), get_type_hints(cls)
        try:
            for name in plain.keys() - {"data", "output", "input_size"}:
                json_codec.check(hints[name], plain[name], name)
            if plain["data"] is not None:
                plain["data"] = Path(plain["data"])
            if plain["input_size"] is not None:
                height, width = map(int, plain["input_size"])
                plain["input_size"] = height, width
            return cls(**plain)
        except (TypeError, KeyError, ValueError) as error:
            raise BadInput(f"{source} does not tell what was evaluated: {error}") from error

    def named_again(self, given: Mapping[str, Any], source: str) -> EvaluateRequest:
        """The same with what a user has named: a file names neither code to run nor a path to read."""
        return named_again(self, _PATHS, given, source)

    def flags_again(self) -> str:
        """What a user has to name again, as flags."""
        return flags_again(self, _PATHS)

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

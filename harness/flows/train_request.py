"""What a user asks for when training, with every default in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.case import Case
from harness.choices import AUTO, Dropout
from harness.environment.device import device_for
from harness.errors import BadInput
from harness.flows.named_again import flags_again, named_again, place_of
from harness.pairs.base import DataRequest, Pair, Recipe, Split
from harness.pairs.recipe import PUBLISHED, SHORT
from harness.session import DEFAULT_TIMEOUT
from harness.training.change import Change

_PATHS = ("weights", "data")
SHORT_STEPS = 32
"""Steps of a training whose length nobody has named."""


@dataclass(frozen=True)
class TrainRequest:
    """One training of both sides. None means the pair's own default.

    `recipe` is `short`, the first steps of the published one, `published`, or another one of the pair by its
    name. Metrics are taken after every `evaluate_every` epochs and after the last. `epochs` is the length
    that the schedule knows, `steps` where the training stops. `planted` is what the port does otherwise than
    the recipe says, to see that it is found.
    """

    model: str
    variant: str | None = None
    weights: str = "seeded"
    device: str = AUTO
    seed: int = 0
    input_size: tuple[int, int] | None = None
    batch: int | None = None
    epochs: int | None = None
    steps: int | None = None
    lr: float | None = None
    recipe: str = SHORT
    data: Path | None = None
    fold: int | None = None
    limit: int | None = None
    loaders: int = 1
    forced: bool = True
    every: int | None = None
    keep: int = 2
    dropout: Dropout = "shared"
    twins: int = 0
    evaluate: bool = False
    evaluate_every: int = 1
    timeout: float = DEFAULT_TIMEOUT
    output: Path | None = None
    planted: Change = field(default_factory=Change)

    def case(self, pair: Pair) -> Case:
        """The case that a step of it is."""
        return Case(
            pair=self.model,
            variant=pair.variant(self.variant).name,
            mode=self.recipe_of(pair).mode,
            seed=self.seed,
            weights=self.weights,
            batch=self.batch,
            size=self.input_size,
            tag="train",
            device=device_for(self.device).device,
            dropout=self.dropout,
            name="" if self.model == pair.name else pair.name,
        )

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON; the folder of the run is not part of it."""
        plain = {**asdict(self), "output": None}
        return plain | {"data": place_of(self.data), "weights": place_of(self.weights)}

    @classmethod
    def from_dict(cls, data: Any, source: str) -> TrainRequest:
        """Read one back; `source` is what a message calls where it was read."""
        try:
            plain: dict[str, Any] = {"dropout": "off", **data, "planted": Change(**data["planted"])}
            if plain.pop("published", False):  # as older logs say it
                plain["recipe"] = PUBLISHED
            plain["data"] = None if data["data"] is None else Path(data["data"])
            plain["input_size"] = None if data["input_size"] is None else tuple(data["input_size"])
            return cls(**plain)
        except (TypeError, KeyError) as error:
            raise BadInput(f"{source} does not tell what was trained: {error}") from error

    def named_again(self, given: Mapping[str, Any], source: str) -> TrainRequest:
        """The same with what a user has named: a file names neither code to run nor a path to read."""
        return named_again(self, _PATHS, given, source)

    def flags_again(self) -> str:
        """What a user has to name again, as flags."""
        return flags_again(self, _PATHS)

    def recipe_of(self, pair: Pair) -> Recipe:
        """The recipe that is asked for."""
        return pair.recipe_of(pair.variant(self.variant), self.recipe)

    def stop(self) -> int | None:
        """After how many steps the training stops before its recipe ends."""
        if self.steps is not None or self.epochs is not None or self.recipe != SHORT:
            return self.steps
        return SHORT_STEPS

    def data_request(self, pair: Pair, split: Split) -> DataRequest:
        """Which samples it asks for. A recipe that counts passes has no length in epochs."""
        recipe = self.recipe_of(pair)
        usual = recipe.epochs if recipe.iterations is None else None
        return DataRequest(
            variant=pair.variant(self.variant),
            split=split,
            source=self.data,
            seed=self.seed,
            size=self.input_size,
            fold=self.fold,
            limit=self.limit,
            epochs=self.epochs or usual,
        )

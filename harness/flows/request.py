"""What a user asks for when comparing, with every default in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.case import Case
from harness.choices import AUTO, Dropout, Isolation, Keep
from harness.environment.device import device_for
from harness.pairs.base import Mode, Pair
from harness.session import DEFAULT_TIMEOUT
from harness.verdict import NoisePolicy, Policy


@dataclass(frozen=True)
class CompareRequest:
    """One comparison. None means the pair's own default."""

    model: str
    variant: str | None = None
    layers: str = "all"
    weights: str = "seeded"
    device: str = AUTO
    dtype: str = "float32"
    mode: Mode = "eval"
    seed: int = 0
    input_size: tuple[int, int] | None = None
    batch: int | None = None
    reference: str | None = None
    policy: Policy = field(default_factory=NoisePolicy)
    timeout: float = DEFAULT_TIMEOUT
    output: Path | None = None
    keep: Keep = "compact"
    isolated: Isolation = "auto"
    dropout: Dropout = "shared"

    def case(self, pair: Pair) -> Case:
        """The case this asks for."""
        return Case(
            pair=self.model,
            variant=pair.variant(self.variant).name,
            mode=self.mode,
            seed=self.seed,
            weights=self.weights,
            batch=self.batch,
            size=self.input_size,
            dtype=self.dtype,
            device=device_for(self.device).device,
            dropout=self.dropout,
            name="" if self.model == pair.name else pair.name,
        )

    def settings(self) -> dict[str, object]:
        """What decides the judgement beyond the case."""
        why = {"device_reason": device_for(self.device).reason} if self.device == AUTO else {}
        return {"layers": self.layers, "keep": self.keep, "reference": self.reference, **why}

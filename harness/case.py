"""A case: what is run. Pair, variant, weights, inputs, mode, dtype, device, seed, size; it has a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode, Pair

SIDES = REFERENCE, PORT = ("torch", "jittor")
DEVICES = ("cpu", "cuda")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """One run, told so exactly that it can be repeated anywhere."""

    pair: str
    variant: str
    mode: Mode = "eval"
    seed: int = 0
    weights: str = "seeded"
    batch: int | None = None
    size: tuple[int, int] | None = None
    tag: str = "compare"
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def trains(self) -> bool:
        """Whether the case goes backward as well as forward."""
        return self.mode != "eval"

    def request(self, pair: Pair) -> InputRequest:
        """What the pair is asked to draw inputs for."""
        return InputRequest(
            variant=pair.variant(self.variant),
            mode=self.mode,
            seed=self.seed,
            batch=self.batch,
            size=self.size,
            tag=self.tag,
        )

    def on(self, **changes: Any) -> Case:
        """The same case with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Case:
        """Read a case back from plain data; unknown fields belong to newer versions and are ignored."""
        known = {field.name for field in fields(cls)}
        kept = {key: value for key, value in data.items() if key in known}
        if "pair" not in kept or "variant" not in kept:
            raise BadInput(
                f"a case needs a pair and a variant; found only {', '.join(sorted(data)) or 'nothing'}"
            )
        if kept.get("size") is not None:
            kept["size"] = tuple(kept["size"])
        return cls(**kept)

    def digest(self, *more: str) -> str:
        """A short fingerprint of the case and of whatever else decides its numbers."""
        text = json.dumps([self.to_dict(), *more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

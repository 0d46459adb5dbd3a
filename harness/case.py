"""A case: what is run. Pair, variant, weights, inputs, mode, dtype, device, seed, size; it has a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from harness import json_codec
from harness.choices import DEVICES, DTYPES, Dropout
from harness.choices import PORT as PORT
from harness.choices import REFERENCE as REFERENCE
from harness.choices import SIDES as SIDES
from harness.errors import BadInput
from harness.pairs.base import InputRequest, Mode, Pair
from harness.type_hints import type_hints

_LARGEST = 2**63 - 1
_LEAST = {"seed": 0, "batch": 1}
_ONE_OF = {"dtype": DTYPES, "device": DEVICES}


@dataclass(frozen=True)
class Case:
    """One run, described so exactly that it can be repeated anywhere.

    `name` is what the pair calls itself, where `pair` is the place of its declaration. A case that does not
    say how its dropouts are treated is of a time when all of them were off.
    """

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
    name: str = ""
    dropout: Dropout = "off"

    @property
    def trains(self) -> bool:
        """Whether the case goes backward as well as forward."""
        return self.mode != "eval"

    def request(self, pair: Pair) -> InputRequest:
        """The request to the pair for the inputs of this case."""
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

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object, source: str) -> Case:
        """Read a case back from plain data; `source` is what a message calls them."""
        kept = case_fields(data, source)
        for name in ("pair", "variant"):
            if name not in kept:
                raise BadInput(f"{source} is no case: it does not say its {name}")
        return cls(**kept)

    def digest(self, *more: str) -> str:
        """A short fingerprint of the case and of whatever else decides its numbers."""
        decisive = {key: value for key, value in self.to_dict().items() if key not in ("name", "dropout")}
        if self.dropout != "off":
            decisive["dropout"] = self.dropout
        text = json.dumps([decisive, *more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def case_fields(data: object, source: str) -> dict[str, Any]:
    """The fields of a case in plain data, checked. Unknown fields are ignored: newer versions have them."""
    if not isinstance(data, dict):
        raise BadInput(
            f"{source} is {json_codec.short(data)}, and a case is a table of pair, variant and more"
        )
    hints = type_hints(Case)
    kept = {field.name: data[field.name] for field in fields(Case) if field.name in data}
    try:
        for name, value in kept.items():
            json_codec.check(hints[name], value, name)
            _check_range(name, value)
    except json_codec.Unfit as error:
        raise BadInput(f"{source} is damaged: {error}") from error
    if kept.get("size") is not None:
        kept["size"] = tuple(kept["size"])
    return kept


def _check_range(name: str, value: Any) -> None:
    if name in _ONE_OF and value not in _ONE_OF[name]:
        raise json_codec.Unfit(
            f"{name} is {json_codec.short(value)}, it should be {' or '.join(_ONE_OF[name])}"
        )
    for number in value if isinstance(value, list) else [value]:
        least = _LEAST.get(name, 1)
        if isinstance(number, int) and not least <= number <= _LARGEST:
            raise json_codec.Unfit(
                f"{name} is {json_codec.short(number)}, it should be from {least} to {_LARGEST}"
            )

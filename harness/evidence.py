"""What pictures of a tensor need, kept in an alignment for the tensors that diverged: small, and of one size.

A slice is the last two axes around the worst element, at most 32 by 32. Its values are kept as bytes in
base64: 0 to 254 from `low` to `high`, 255 for what is not finite. All pictures of an alignment together take
at most about 128 kB.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field
from typing import Any

from harness.json_codec import Partial, Unfit, tidy

SIDE = 32
BINS = 32
MOST_CHANNELS = 64
MOST_PICTURES = 16
MOST_LAYERS = 64
_MOST_ATTRIBUTES = 64
NOT_FINITE = 255


@dataclass(frozen=True)
class ByteGrid:
    """Numbers in rows and columns, as bytes between two values."""

    low: float
    high: float
    values: str

    def check(self, size: int) -> None:
        """Refuse bytes of another number."""
        try:
            found = len(base64.b64decode(self.values, validate=True))
        except (binascii.Error, ValueError):
            raise Unfit("the values of a picture are no base64") from None
        if found != size:
            raise Unfit(f"a picture has {found} values, it should have {size}")


@dataclass(frozen=True)
class Slice:
    """A part of a tensor on both sides: `at` fixes the leading axes, `corner` is where it begins."""

    at: tuple[int, ...]
    corner: tuple[int, int]
    rows: int
    columns: int
    reference: ByteGrid
    port: ByteGrid
    difference: ByteGrid

    def check(self) -> None:
        """Refuse what is larger than a slice can be."""
        if not (0 < self.rows <= SIDE and 0 < self.columns <= SIDE):
            raise Unfit(f"a picture is {self.rows} by {self.columns}, it should be at most {SIDE} by {SIDE}")
        for grid in (self.reference, self.port, self.difference):
            grid.check(self.rows * self.columns)


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each of some equal parts between two values, of one or more tensors."""

    low: float
    high: float
    counts: list[list[int]]

    def check(self) -> None:
        """Refuse what is no histogram."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise Unfit("a histogram should lie between finite values")
        if len(self.counts) > 2 or any(len(part) != BINS for part in self.counts):
            raise Unfit(f"a histogram should have {BINS} parts")


@dataclass(frozen=True)
class TensorPicture:
    """What one tensor looks like on both sides.

    `values` holds the histograms of the reference and of the port, `differences` that of the port minus the
    reference. `channels` is the relative error of each channel (the second axis), of the first ones.
    """

    address: str
    slice: Slice
    values: Histogram
    differences: Histogram
    channels: list[float] = field(default_factory=list)

    def check(self) -> None:
        """Refuse what is larger than a picture can be."""
        self.slice.check()
        self.values.check()
        self.differences.check()
        if len(self.channels) > MOST_CHANNELS:
            raise Unfit(
                f"a picture has {len(self.channels)} channels, it should have at most {MOST_CHANNELS}"
            )


@dataclass(frozen=True)
class LayerAttributes:
    """What a layer is set to on both sides."""

    layer: str
    reference: dict[str, Any]
    port: dict[str, Any]

    def __post_init__(self) -> None:
        for name in ("reference", "port"):
            object.__setattr__(self, name, tidy(getattr(self, name)))


@dataclass
class Evidence(Partial):
    """The pictures of an alignment, and the attributes of the layers that they are of."""

    pictures: list[TensorPicture] = field(default_factory=list)
    layers: list[LayerAttributes] = field(default_factory=list)

    def picture(self, address: str) -> TensorPicture | None:
        """The picture of an address, if it was kept."""
        return next((one for one in self.pictures if one.address == address), None)

    def check(self) -> None:
        """Refuse more than a comparison keeps."""
        for name, most in (("pictures", MOST_PICTURES), ("layers", MOST_LAYERS)):
            found = len(getattr(self, name))
            if found > most:
                raise Unfit(f"evidence.{name} has {found} entries, it should have at most {most}")
        for picture in self.pictures:
            picture.check()
        for layer in self.layers:
            if max(len(layer.reference), len(layer.port)) > _MOST_ATTRIBUTES:
                raise Unfit(f"a layer has more than {_MOST_ATTRIBUTES} attributes")


def attributes_kept(found: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a layer, not more than are kept."""
    return dict(list(found.items())[:_MOST_ATTRIBUTES])

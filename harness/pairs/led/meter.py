"""The metrics of a split of raw images: means over images, by both published protocols."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from harness.pairs.base import Arrays, Meter
from harness.pairs.led.metrics import evaluate


class ImageMeter(Meter):
    """Means over all images; a sample's figure is its PSNR."""

    figure = "PSNR"
    protocol = (
        "PSNR and SSIM of raw planes without a border of 2, illumination corrected; (8 bits): pictures of "
        "three planes, not corrected"
    )

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = defaultdict(list)

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        (predictions,) = outputs.values()
        figures = []
        for place in range(len(predictions)):
            one = slice(place, place + 1)
            alone = evaluate({"out": predictions[one]}, {"gt": inputs["gt"][one]})
            for name, value in alone.items():
                self.found[name].append(value)
            figures.append(alone["PSNR"])
        return figures

    def figures(self) -> dict[str, float]:
        """PSNR first."""
        return {name: float(np.mean(values)) for name, values in self.found.items()}

    def kept(self) -> dict[str, list[float]]:
        """Every image's figures."""
        return {name: [float(value) for value in values] for name, values in self.found.items()}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        self.found.update({name: list(values) for name, values in kept.items()})

    def empty(self) -> str:
        """A PSNR that is infinite: the images are the truth itself."""
        endless = [name for name, values in self.found.items() if not np.isfinite(values).all()]
        return f"{endless[0]} is not finite" if endless else ""

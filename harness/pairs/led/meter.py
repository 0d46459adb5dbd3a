"""The metrics of a split of raw images: means over images, by both published protocols."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from harness.pairs.base import Arrays, Meter
from harness.pairs.led.metrics import evaluate

MOST_RATIOS = 4


class ImageMeter(Meter):
    """Means over all images, and over those of each ratio of exposures; a sample's figure is its PSNR."""

    figure = "PSNR"
    protocol = (
        "PSNR and SSIM of raw planes without a border of 2, illumination corrected; (8 bits): pictures of "
        "three planes, not corrected; x100: of images whose exposures have that ratio, each a published list"
    )

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = defaultdict(list)
        self.ratios: list[float] = []

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
        self.ratios += [float(ratio) for ratio in inputs.get("ratio", ())]
        return figures

    def figures(self) -> dict[str, float]:
        """PSNR first."""
        means = {name: float(np.mean(values)) for name, values in self.found.items()}
        return {**means, **self._by_ratio()}

    def _by_ratio(self) -> dict[str, float]:
        """Of the raw planes, where there are several ratios, and no more than tests are published with."""
        rounded = np.rint(self.ratios)
        ratios = np.unique(rounded)
        if not 1 < len(ratios) <= MOST_RATIOS or len(rounded) != len(self.found["PSNR"]):
            return {}
        return {
            f"{name} x{ratio:.0f}": float(np.mean(np.array(self.found[name])[rounded == ratio]))
            for ratio in ratios
            for name in ("PSNR", "SSIM")
            if len(self.found.get(name, ())) == len(rounded)
        }

    def kept(self) -> dict[str, list[float]]:
        """Every image's figures."""
        found = {f"of {name}": [*map(float, values)] for name, values in self.found.items()}
        return {**found, "ratios": self.ratios}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        self.ratios = list(kept["ratios"])
        named = {name[len("of ") :]: values for name, values in kept.items() if name.startswith("of ")}
        self.found.update({name: list(values) for name, values in named.items()})

    def empty(self) -> str:
        """A PSNR that is infinite: the images are the truth itself."""
        endless = [name for name, values in self.found.items() if not np.isfinite(values).all()]
        return f"{endless[0]} is not finite" if endless else ""

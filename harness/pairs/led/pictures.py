"""A dark image, the bright one, and what was made of the dark one, as pictures for a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.pairs.base import Arrays
from harness.pairs.drawing import Drawn, Pixels, colours
from harness.pairs.led.isp import develop

# A white balance of daylight: samples carry none of their own.
WHITE_BALANCE = np.array([[2.0, 1.0, 1.6, 1.0]], np.float32)


def draw(outputs: Arrays, inputs: Arrays) -> Drawn:
    """Of a batch of one, each developed alike."""
    (predictions,) = outputs.values()
    given, wanted, output = (developed(planes[:1]) for planes in (inputs["lq"], inputs["gt"], predictions))
    return Drawn(given, wanted, output, predictions[0].mean(0))


def developed(planes: NDArray[Any]) -> Pixels:
    """The picture of 1 x 4 x H x W planes."""
    return colours(develop(np.nan_to_num(planes), WHITE_BALANCE, np.eye(3)[None])[0])

"""Noise of dark raw images: of measured cameras, and of virtual ones between them.

Letters of a kind: p shot, g Gaussian read, t Tukey's lambda read, r rows, q quantisation, c colour bias.
The random numbers of an image are drawn apart from what is made of them, so that both can be repeated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

Floats = NDArray[np.float32]
Draws = Mapping[str, NDArray[Any]]

LETTERS = "pgtrqc"
LEAST = 1e-10  # keeps a uniform number off both ends, where Tukey's law is infinite


@dataclass(frozen=True)
class Line:
    """A spread whose logarithm is normal around a line over the logarithm of the gain."""

    slope: float
    bias: float
    sigma: float

    def spread(self, gain: Floats, normal: Floats) -> Floats:
        """One number an image."""
        mean = np.log(gain) * np.float32(self.slope) + np.float32(self.bias)
        return np.asarray(np.exp(mean + np.float32(self.sigma) * normal), np.float32)


@dataclass(frozen=True)
class Camera:
    """The numbers of one camera. `bias` has four values for each step of the gain."""

    gains: tuple[float, float]
    gaussian: Line
    tukey: Line
    rows: Line
    lambdas: tuple[float, ...]
    bias: Floats

    def gain(self, uniform: Floats) -> Floats:
        """Electrons to numbers, evenly spread in the logarithm."""
        low, high = (np.float32(np.log(limit)) for limit in self.gains)
        return np.asarray(np.exp(uniform * (high - low) + low), np.float32)

    def color_bias(self, gain: Floats) -> Floats:
        """The row of the table for each gain, N x 4 x 1 x 1; the largest gain takes the last."""
        low, high = self.gains
        step = (high - low) / len(self.bias)
        row = np.clip(np.floor((gain - low) / step).astype(np.int64), 0, len(self.bias) - 1)
        return np.asarray(self.bias[row][:, :, None, None])


@lru_cache(maxsize=None)
def numbers() -> dict[str, Any]:
    """The measured numbers and the ranges of the virtual cameras."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("noise.json").read_text(encoding="utf-8-sig"))
    return found


def calibrated(name: str) -> Camera:
    """A measured camera."""
    known = numbers()["calibrated"]
    if name not in known:
        raise BadInput(f"no camera {name!r} was measured; known are {', '.join(known)}")
    figures = known[name]
    return Camera(
        gains=(figures["Kmin"], figures["Kmax"]),
        gaussian=line(figures["Gaussian"]),
        tukey=line(figures["TukeyLambda"]),
        rows=line(figures["Row"]),
        lambdas=tuple(figures["TukeyLambda"]["lambda"]),
        bias=np.array(figures["ColorBias"], np.float32),
    )


def line(figures: Mapping[str, Any]) -> Line:
    """The numbers of a line."""
    return Line(figures["slope"], figures["bias"], figures["sigma"])


def at(limits: list[float], share: float) -> float:
    """The number at a share of a range."""
    return limits[0] + share * (limits[1] - limits[0])


def virtual(bias: NDArray[Any]) -> list[Camera]:
    """The virtual cameras: evenly spaced over every range; `bias` is their table of colour biases."""
    figures = numbers()["virtual"]
    ranges, count = figures["param_ranges"], figures["virtual_camera_count"]

    def one(camera: int) -> Camera:
        share = camera / (count - 1)
        lines = {
            kind: Line(*(at(ranges[kind][name], share) for name in ("slope", "bias", "sigma")))
            for kind in ("Gaussian", "TukeyLambda", "Row")
        }
        return Camera(
            gains=(ranges["K"][0], ranges["K"][1]),
            gaussian=lines["Gaussian"],
            tukey=lines["TukeyLambda"],
            rows=lines["Row"],
            lambdas=(at(ranges["TukeyLambda"]["lambda"], share),),
            bias=bias[camera].astype(np.float32),
        )

    return [one(camera) for camera in range(count)]


def virtual_bias(bias_uniform: Floats, sigma_uniform: Floats, normal: Floats) -> Floats:
    """Colour biases of the virtual cameras: cameras x steps x 4, from uniform and normal numbers.

    As published, the ranges of the spread start at 0 and go by camera, though there are as many as steps.
    """
    figures = numbers()["virtual"]["param_ranges"]["ColorBias"]
    low, high = figures["bias"]
    mean = bias_uniform * (high - low) + low
    start, width = overlapping(
        figures["sigma"][1] - figures["sigma"][0], figures["count"], len(sigma_uniform)
    )
    sigma = start[:, None] + sigma_uniform * width
    return np.asarray(mean[..., None] + sigma[..., None] * normal, np.float32)


def overlapping(length: float, parts: int, count: int) -> tuple[NDArray[np.float64], float]:
    """Where the first `count` of `parts` ranges start, each a tenth into the last; and their width."""
    width = length / (parts * 0.9 + 0.1)
    return 0.9 * width * np.arange(count), width


def draw(
    rng: np.random.Generator, camera: Camera, kind: str, shape: tuple[int, ...]
) -> dict[str, NDArray[Any]]:
    """The random numbers of a batch, but the shot counts, which depend on the image."""
    n, _, height, _ = shape
    drawn: dict[str, NDArray[Any]] = {"K": rng.random((n, 1, 1, 1))}
    if "t" in kind and "g" not in kind:
        drawn["lambda_index"] = rng.integers(0, len(camera.lambdas), n)
    if "g" in kind or "t" in kind:
        drawn["read_sigma"] = rng.standard_normal(n)
        drawn["read"] = rng.standard_normal(shape) if "g" in kind else rng.random(shape)
    if "r" in kind:
        drawn["row_sigma"] = rng.standard_normal(n)
        drawn["row"] = rng.standard_normal((n, 2 * height, 1))
    if "q" in kind:
        drawn["quant"] = rng.random(shape)
    return {name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in drawn.items()}


def components(
    signal: Floats, camera: Camera, kind: str, draws: Draws, counts: Floats | None = None
) -> dict[str, Floats]:
    """Each part of the noise, in the camera's numbers, of a clean signal in them."""
    unknown = set(kind) - set(LETTERS)
    if unknown:
        raise BadInput(f"kind of noise {kind!r}: {', '.join(sorted(unknown))} unknown; use of {LETTERS}")
    gain = camera.gain(draws["K"])
    found: dict[str, Floats] = {}
    if "p" in kind:
        assert counts is not None
        found["shot"] = gain * counts - signal
    if "g" in kind or "t" in kind:
        line = camera.gaussian if "g" in kind else camera.tukey
        spread = line.spread(gain[:, 0, 0, 0], draws["read_sigma"])[:, None, None, None]
        found["read"] = spread * (draws["read"] if "g" in kind else _tukey_of(camera, draws))
    if "r" in kind:
        spread = camera.rows.spread(gain[:, 0, 0, 0], draws["row_sigma"])[:, None, None]
        found["row"] = rows(spread * draws["row"], signal.shape[-1])
    if "q" in kind:
        found["quant"] = draws["quant"] - np.float32(0.5)
    if "c" in kind:
        found["color_bias"] = camera.color_bias(gain[:, 0, 0, 0])
    return found


def _tukey_of(camera: Camera, draws: Draws) -> Floats:
    index = draws.get("lambda_index", np.zeros(len(draws["read"]), np.int64))
    weights = np.array(camera.lambdas, np.float32)[index][:, None, None, None]
    return tukey(draws["read"], weights)


def tukey(uniform: Floats, weight: Floats) -> Floats:
    """Tukey's lambda law of uniform numbers, which are kept off both ends; the logistic law at 0."""
    u = uniform.astype(np.float64) * (1 - 2 * LEAST) + LEAST
    power = np.where(weight == 0, 1, weight).astype(np.float64)
    law = np.where(weight == 0, np.log(u / (1 - u)), (u**power - (1 - u) ** power) / power)
    return np.asarray(law, np.float32)


def rows(values: Floats, width: int) -> Floats:
    """One value a sensor row, N x 2H x 1, as packed planes: even rows show red, odd ones blue."""
    even, odd = (np.repeat(values[:, None, start::2], width, 3) for start in (0, 1))
    return np.concatenate([even, even, odd, odd], 1)


def add_noise(
    image: Floats,
    scale: Floats,
    ratio: Floats,
    camera: Camera,
    kind: str,
    draws: Draws,
    counts: Floats | None = None,
    clip: bool = True,
) -> tuple[Floats, Floats]:
    """The dark noisy image, brightened again, and the clean one; scale is white less black."""
    clean = np.clip(image, 0, 1) if clip else image
    brighter = ratio.reshape(-1, 1, 1, 1)
    signal = clean * scale / brighter
    total = signal + sum(components(signal, camera, kind, draws, counts).values())
    noisy = total / scale * brighter
    return np.asarray(np.minimum(noisy, 1) if clip else noisy, np.float32), clean


def poisson_rate(
    image: Floats, scale: Floats, ratio: Floats, camera: Camera, draws: Draws, clip: bool = True
) -> Floats:
    """The mean counts behind the shot noise."""
    clean = np.clip(image, 0, 1) if clip else image
    return np.asarray(clean * scale / ratio.reshape(-1, 1, 1, 1) / camera.gain(draws["K"]), np.float32)


def noisy_pair(
    rng: np.random.Generator, image: Floats, scale: Floats, ratio: Floats, camera: Camera, kind: str = "ptrqc"
) -> tuple[Floats, Floats]:
    """A noisy image and its clean one, with random numbers from a generator."""
    draws = draw(rng, camera, kind, image.shape)
    counts = None
    if "p" in kind:
        rate = poisson_rate(image, scale, ratio, camera, draws)
        counts = rng.poisson(np.maximum(rate, 0)).astype(np.float32)
    return add_noise(image, scale, ratio, camera, kind, draws, counts)

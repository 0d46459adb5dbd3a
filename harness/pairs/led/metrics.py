"""How near a prediction is to the truth: the published protocol on raw planes, and the one in 8 bits.

`psnr`, `ssim` and `correct_illuminance` are upstream's protocol. What begins with `seed_` is the protocol of
the published comparison of the port (38.69 dB): pictures of 8 bits that have lost the fourth plane.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.base import Arrays

Floats = NDArray[Any]
Image = NDArray[np.float64]
Bytes = NDArray[np.uint8]

WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
FLOOR = 1e-8  # of the mean square error: images that are the same have 80 dB
BORDER = 2  # of upstream's protocol
LUMA = np.array([65.481, 128.553, 24.966])  # of red, green and blue, over 255


def correct_illuminance(prediction: Floats, truth: Floats) -> Floats:
    """Each image brought to the truth's brightness, by least squares where the truth is not saturated."""
    corrected = []
    for one, wanted in strict_zip(prediction, truth):
        clipped = np.clip(one, 0, 1)
        known = wanted != 1
        seen = clipped[known].astype(np.float64)
        gain = (seen * wanted[known]).sum() / (seen * seen).sum()
        corrected.append(clipped * one.dtype.type(gain))
    return np.stack(corrected)


def psnr(image: Floats, truth: Floats, border: int = BORDER, luma: bool = False) -> float:
    """Of one image, C x H x W with values around 0 to 1."""
    a, b = (prepared(one, border, luma) for one in (image, truth))
    return float(10 * np.log10(1 / (((a - b) ** 2).mean() + FLOOR)))


def ssim(image: Floats, truth: Floats, border: int = BORDER, luma: bool = False) -> float:
    """Of one image, C x H x W: the mean over channels and over where the whole window fits."""
    a, b = (prepared(one, border, luma) * 255 for one in (image, truth))
    return float(np.mean([ssim_map(x, y) for x, y in strict_zip(a, b)]))


def prepared(image: Floats, border: int, luma: bool) -> Image:
    """Without its border; of colours the brightness alone, if wanted."""
    inner = without_border(image.astype(np.float64), border)
    if not luma:
        return np.asarray(inner)
    if len(inner) != 3:
        raise ValueError(f"brightness needs red, green and blue; there are {len(inner)} planes")
    weighed: Image = np.einsum("c,chw->hw", LUMA, inner)[None]
    return (weighed + 16) / 255


def without_border(image: Any, border: int) -> Any:
    """Without `border` pixels at each side of the last two dimensions."""
    return image[..., border : image.shape[-2] - border, border : image.shape[-1] - border]


def ssim_map(a: Image, b: Image) -> Image:
    """The structural similarity where the whole window fits, of values from 0 to 255."""
    mean_a, mean_b = blurred(a), blurred(b)
    var_a = blurred(a * a) - mean_a**2
    var_b = blurred(b * b) - mean_b**2
    covariance = blurred(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    return np.asarray(top / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2)))


def blurred(image: Image) -> Image:
    """Under a Gaussian window, where it fits whole."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offsets**2) / (2 * SIGMA**2))
    window /= window.sum()
    for axis in (0, 1):
        image = np.lib.stride_tricks.sliding_window_view(image, WINDOW, axis) @ window
    return image


def to_picture(planes: Floats) -> Bytes:
    """H x W x C in 8 bits, rounded to even, blue first where there are three colours; all planes are kept."""
    last = np.rint(np.clip(planes, 0, 1).transpose(1, 2, 0).astype(np.float32) * np.float32(255.0))
    order = (2, 1, 0) if last.shape[2] == 3 else tuple(range(last.shape[2]))
    return np.asarray(last[:, :, order].astype(np.uint8))


def seed_to_picture(planes: Floats) -> Bytes:
    """The published picture: of four planes the last is lost."""
    return to_picture(planes[:3])


def picture_psnr(image: Bytes, truth: Bytes, border: int = 0, luma: bool = False) -> float:
    """Of two pictures in 8 bits; infinite where they are the same."""
    a, b = (_channels(one, border, luma) for one in (image, truth))
    error = float(((a - b) ** 2).mean())
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def picture_ssim(image: Bytes, truth: Bytes, border: int = 0, luma: bool = False) -> float:
    """Of two pictures in 8 bits."""
    a, b = (_channels(one, border, luma) for one in (image, truth))
    return float(np.mean([ssim_map(x, y) for x, y in strict_zip(a, b)]))


def _channels(picture: Bytes, border: int, luma: bool) -> Image:
    """Channels first, in float64; of colours, blue first, the brightness alone, if wanted."""
    planes = without_border(picture.astype(np.float64).transpose(2, 0, 1), border)
    if not luma:
        return np.asarray(planes)
    weighed: Image = np.einsum("c,chw->hw", LUMA[::-1] / 255, planes)[None]
    return weighed + 16


def seed_psnr(image: Floats, truth: Floats) -> float:
    """As in the published comparison: 8 bits, three of the four planes, no border, no correction."""
    return picture_psnr(seed_to_picture(image), seed_to_picture(truth))


def seed_ssim(image: Floats, truth: Floats) -> float:
    """As in the published comparison: 8 bits, three of the four planes, no border, no correction."""
    return picture_ssim(seed_to_picture(image), seed_to_picture(truth))


def evaluate(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """The mean over a batch, by both protocols; SSIM where its window fits."""
    (predictions,) = outputs.values()
    truth = np.clip(inputs["gt"], 0, 1)
    corrected = correct_illuminance(predictions, truth)
    pairs, raw = list(strict_zip(corrected, truth)), list(strict_zip(predictions, truth))
    found = {
        "PSNR": np.mean([psnr(*pair) for pair in pairs]),
        "PSNR (8 bits)": np.mean([seed_psnr(*pair) for pair in raw]),
    }
    if min(truth.shape[-2:]) >= WINDOW + 2 * BORDER:
        found["SSIM"] = np.mean([ssim(*pair) for pair in pairs])
        found["SSIM (8 bits)"] = np.mean([seed_ssim(*pair) for pair in raw])
    return {name: float(value) for name, value in found.items()}

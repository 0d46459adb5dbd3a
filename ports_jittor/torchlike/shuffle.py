"""Moving pixels into channels, and back."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike.module import Module


def pixel_unshuffle(x: jt.Var, downscale_factor: int) -> jt.Var:
    """torch's pixel_unshuffle, which Jittor lacks; the new channel is c * r * r + i * r + j."""
    n, channels, height, width = x.shape
    r = downscale_factor
    if height % r or width % r:
        raise ValueError(f"pixel_unshuffle: {height} x {width} does not divide by {r}")
    cells = x.reshape((n, channels, height // r, r, width // r, r)).permute(0, 1, 3, 5, 2, 4)
    return cells.reshape((n, channels * r * r, height // r, width // r))


def pixel_shuffle(x: jt.Var, upscale_factor: int) -> jt.Var:
    """torch's pixel_shuffle."""
    n, channels, height, width = x.shape
    r = upscale_factor
    if channels % (r * r):
        raise ValueError(f"pixel_shuffle: {channels} channels do not divide by {r * r}")
    cells = x.reshape((n, channels // (r * r), r, r, height, width)).permute(0, 1, 4, 2, 5, 3)
    return cells.reshape((n, channels // (r * r), height * r, width * r))


class PixelUnshuffle(Module):
    """torch.nn.PixelUnshuffle."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, x: jt.Var) -> jt.Var:
        return pixel_unshuffle(x, self.downscale_factor)


class PixelShuffle(Module):
    """torch.nn.PixelShuffle."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, x: jt.Var) -> jt.Var:
        return pixel_shuffle(x, self.upscale_factor)

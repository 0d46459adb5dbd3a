"""Learnable morphology: what prepares an encoder map by bright spots, edges and local medians."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

SHARPNESS = 10.0  # of the smooth maximum in Threshold
WINDOW = 5  # of MaxMedian


def reflect_pad(x: Tensor, margin: int) -> Tensor:
    """Mirror the map at its edges, the edge pixels not repeated."""
    return functional.pad(x, (margin,) * 4, mode="reflect")


def max_pool(x: Tensor, window: int) -> Tensor:
    """The maximum around each pixel."""
    return functional.max_pool2d(reflect_pad(x, window // 2), window, stride=1)


def min_pool(x: Tensor, window: int) -> Tensor:
    """The minimum around each pixel."""
    return -max_pool(-x, window)


def gaussian_kernel(sigma: float) -> NDArray[np.float32]:
    """The 5x5 kernel that blurs, its sum one."""
    places = np.arange(-2, 3, dtype=np.float32)
    line = np.exp(-(places**2) / np.float32(2.0 * sigma**2))
    line /= line.sum()
    return np.outer(line, line)


def laplacian_kernel() -> NDArray[np.float32]:
    """The 3x3 kernel that compares a pixel with its four neighbours."""
    return np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=np.float32)


def fixed_depthwise(channels: int, kernel: NDArray[np.float32]) -> nn.Conv2d:
    """The same kernel for every channel; stored with the weights, never trained."""
    conv = nn.Conv2d(channels, channels, kernel.shape[0], groups=channels, bias=False)
    conv.weight = nn.Parameter(torch.from_numpy(np.tile(kernel, (channels, 1, 1, 1))), requires_grad=False)
    return conv


class TopHat(nn.Module):
    """What is brighter than the map after opening it with a square window."""

    def __init__(self, channels: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.scale = nn.Parameter(torch.ones((1, channels, 1, 1)))
        self.bias = nn.Parameter(torch.zeros((1, channels, 1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        opened = max_pool(min_pool(x, self.window), self.window)
        return functional.relu(self.scale * (x - opened) + self.bias)


class LoG(nn.Module):
    """Laplacian of a Gaussian, its two signs weighted apart."""

    def __init__(self, channels: int, sigma: float) -> None:
        super().__init__()
        self.pos_weight = nn.Parameter(torch.ones((1, channels, 1, 1)))
        self.neg_weight = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))
        self.gaussian = fixed_depthwise(channels, gaussian_kernel(sigma))
        self.laplacian = fixed_depthwise(channels, laplacian_kernel())

    def forward(self, x: Tensor) -> Tensor:
        edges = self.laplacian(reflect_pad(self.gaussian(reflect_pad(x, 2)), 1))
        return self.pos_weight * functional.relu(edges) + self.neg_weight * functional.relu(-edges)


class MaxMedian(nn.Module):
    """A mixture of each window's maximum and of its smooth median."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros((1, channels, 1, 1)))
        self.beta_raw = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        beta = 5.0 + 45.0 * torch.sigmoid(self.beta_raw)
        share = torch.sigmoid(self.mix)
        return share * self.smooth_median(x, beta) + (1.0 - share) * max_pool(x, WINDOW)

    def smooth_median(self, x: Tensor, beta: Tensor) -> Tensor:
        """The windows' means, each value weighted by its nearness to the window's plain mean."""
        patches = functional.unfold(reflect_pad(x, WINDOW // 2), WINDOW)
        patches = patches.reshape(*x.shape[:2], WINDOW * WINDOW, *x.shape[2:])
        distance = (patches - patches.mean(2, keepdim=True)).abs()
        return (functional.softmax(-beta * distance, 2) * patches).sum(2)


class Threshold(nn.Module):
    """Fades what lies below a learnt share of the map's smooth maximum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.full((1, channels, 1, 1), 0.3))
        self.temperature_raw = nn.Parameter(torch.zeros((1,)))

    def forward(self, x: Tensor) -> Tensor:
        peak = torch.logsumexp(SHARPNESS * x, (2, 3), keepdim=True) / SHARPNESS
        steepness = 1.0 + 19.0 * torch.sigmoid(self.temperature_raw)
        return x * torch.sigmoid(steepness * (x - torch.sigmoid(self.threshold) * peak))


class MorphologyNet(nn.Module):
    """Adds to a map what its top-hats, Laplacians and smooth medians make of it."""

    def __init__(self, channels: int, scales: tuple[int, ...]) -> None:
        super().__init__()
        self.multi_tophat = nn.ModuleList([TopHat(channels, scale) for scale in scales])
        self.multi_log = nn.ModuleList([LoG(channels, min(max(scale / 3.0, 0.6), 1.2)) for scale in scales])
        self.stage1_fusion = nn.Sequential(
            nn.Conv2d((2 * len(scales) + 1) * channels, channels, 1, bias=False), nn.ReLU()
        )
        self.max_median = MaxMedian(channels)
        self.stage2_fusion = nn.Sequential(nn.Conv2d(2 * channels, channels, 1, bias=False), nn.ReLU())
        self.threshold = Threshold(channels)
        self.alpha = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor) -> Tensor:
        views = [x, *(tophat(x) for tophat in self.multi_tophat), *(log(x) for log in self.multi_log)]
        fused = self.stage1_fusion(torch.cat(views, 1))
        fused = self.stage2_fusion(torch.cat([fused, self.max_median(fused)], 1))
        return x + torch.sigmoid(self.alpha) * self.threshold(fused)

"""Student's t without a library of statistics: what judges needs numpy alone."""

from __future__ import annotations

import math

import numpy as np

_POINTS, _HALVINGS = 801, 40


def normal_cdf(value: float) -> float:
    """The share of the normal law below a value."""
    return 0.5 * math.erfc(-value / math.sqrt(2))


def t_cdf(value: float, freedom: float) -> float:
    """The share of Student's t below a value, by Simpson's rule over the angle, where the law is smooth."""
    # t = sqrt(freedom) tan(a): the density becomes cos(a) ** (freedom - 1), up to a constant
    angle = math.atan(abs(value) / math.sqrt(freedom))
    grid = np.linspace(0.0, angle, _POINTS)
    heights = np.cos(grid) ** (freedom - 1)
    weights = np.ones(_POINTS)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    area = float((weights * heights).sum()) * angle / (_POINTS - 1) / 3
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    half = constant * area
    return 0.5 + half if value >= 0 else 0.5 - half


def t_quantile(share: float, freedom: float) -> float:
    """The value below which a share above one half of Student's t lies."""
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < share:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, freedom) < share else (low, middle)
    return (low + high) / 2

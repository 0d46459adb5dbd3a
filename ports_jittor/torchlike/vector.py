"""Directions of vectors: normalisation and cosine similarity with torch's floors."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike.reduce import sum


def normalize(x: jt.Var, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> jt.Var:
    """torch's normalize for p = 2: the norm has the floor `eps`; Jittor's has 1e-15."""
    if p != 2:
        raise ValueError(f"normalize: p={p}; only 2 is here")
    norm = jt.sqrt(sum(x.sqr(), dim, keepdim=True))
    return x / jt.maximum(norm, jt.zeros_like(norm) + constant(eps, x))


def cosine_similarity(a: jt.Var, b: jt.Var, dim: int = 1, eps: float = 1e-8) -> jt.Var:
    """torch's cosine_similarity, which Jittor lacks: each norm has the floor `eps`."""
    squares = [sum(x.sqr(), dim) for x in (a, b)]
    floors = [jt.maximum(square, jt.zeros_like(square) + constant(eps * eps, square)) for square in squares]
    return sum(a * b, dim) / (jt.sqrt(floors[0]) * jt.sqrt(floors[1]))

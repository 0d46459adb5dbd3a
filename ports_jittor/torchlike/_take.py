"""Gathering rows and columns of a plane by position; one compilation serves all sizes."""

from __future__ import annotations

import jittor as jt
import numpy as np
from numpy.typing import NDArray

from ports_jittor.torchlike._common import variable

Positions = NDArray[np.int64]


def take(x: jt.Var, rows: Positions, columns: Positions, fill: float = 0.0) -> jt.Var:
    """x[..., rows, columns] of the last two dimensions; a negative position gives `fill`."""
    height, width = x.shape[-2:]
    planes = x.reshape((-1, height, width))
    taken = planes.reindex(
        [planes.shape[0], len(rows), len(columns)],
        ["i0", "@e0(i1)", "@e1(i2)"],
        extras=[jt.array(rows.astype(np.int32)), jt.array(columns.astype(np.int32))],
    )
    taken = taken.reshape((*x.shape[:-2], len(rows), len(columns)))
    if not fill:
        return taken
    # Not by reindex's overflow_value: each value compiles anew, and fractions as 0.5 do not compile.
    outside = ((rows < 0)[:, None] | (columns < 0)).astype(str(x.dtype))
    return taken + variable(outside.reshape((*[1] * (x.ndim - 2), *outside.shape)) * outside.dtype.type(fill))


def take_along(x: jt.Var, dim: int, places: Positions) -> jt.Var:
    """The elements at `places` along the last dimension (-1) or the one before (-2)."""
    height, width = x.shape[-2:]
    shape = (len(places), width) if dim == -2 else (height, len(places))
    planes = x.reshape((-1, height, width))
    index = ["i0", "@e0(i1)", "i2"] if dim == -2 else ["i0", "i1", "@e0(i2)"]
    taken = planes.reindex([planes.shape[0], *shape], index, extras=[jt.array(places.astype(np.int32))])
    return taken.reshape((*x.shape[:-2], *shape))

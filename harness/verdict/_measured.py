"""The numbers that a verdict rests on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal

from harness.numerics import Difference


@dataclass(frozen=True)
class Measured:
    """All numbers that the verdict on one tensor rests on.

    `difference` is exact where `basis` is `whole`; where it is `samples` its norms are estimates for the
    whole tensor of `size` elements. `eps` is that of the coarser float type of the two, 0 for integers.
    `noise_*` is the reference's own distance from the float64 truth and `error_*` the candidate's; None
    where there is no truth. `error_samples` is the number of elements that `error_l2` was estimated from,
    0 where whole tensors bound it. `curve` holds more tolerances that just pass: an rtol and the smallest
    atol that passes with it. `typical` is there for a gradient whose truth is zero throughout: the size of an
    element of the gradients that are not, and are like it or around it. `terms` is how many products an
    element sums up, where known. `ceiling` is how large a noise is believed of a truth that came in a file,
    in l2; None where there is no such limit. `blank` says that no element of either side is a number,
    `broken` that the reference has elements that are not finite where its float64 run is.
    """

    difference: Difference
    basis: Literal["whole", "samples"]
    size: int
    integer: bool
    eps: float
    noise_l2: float | None = None
    noise_max: float | None = None
    truth_l2: float | None = None
    truth_absmax: float | None = None
    error_l2: float | None = None
    error_max: float | None = None
    error_samples: int = 0
    curve: tuple[tuple[float, float], ...] = ()
    typical: float = 0.0
    ceiling: float | None = None
    terms: int = 1
    blank: bool = False
    broken: bool = False

    @property
    def error(self) -> float:
        """How far the candidate is off in l2, from the truth or else the reference, as a share of that."""
        found = self.difference
        if found.nonfinite:
            return inf
        if self.error_l2 is None:
            return found.rel_l2
        return self.error_l2 / self.truth_l2 if self.truth_l2 else self.error_l2

    @property
    def noise(self) -> float | None:
        """How far the reference itself is off, measured likewise; None where no truth tells it."""
        if self.noise_l2 is None:
            return None
        return self.noise_l2 / self.truth_l2 if self.truth_l2 else self.noise_l2

    @property
    def error_name(self) -> str:
        """What `error` is called: of a tensor that is zero there is no share."""
        size = self.difference.reference_l2 if self.error_l2 is None else self.truth_l2
        return "relative error" if size else "error"

    def excess(self, rtol: float, atol: float) -> float:
        """By which factor the tolerances must grow for |c - r| <= atol + rtol |r| everywhere; 1 just passes.

        The smallest atol that passes is a convex function of rtol. It is known at 0, at `pass_rtol` and on
        the `curve`; in between the chord is used, which never passes what the elements themselves would not.
        A convex function is the highest of the lines through its chords.
        """
        if self.difference.nonfinite:
            return inf
        corners = {0.0: self.difference.pass_atol, **dict(self.curve)}
        if self.difference.pass_rtol < inf:
            corners[self.difference.pass_rtol] = 0.0
        known = sorted(corners.items())
        factor = 0.0
        for (rtol_1, atol_1), (rtol_2, atol_2) in pairwise([*known, (inf, known[-1][1])]):
            slope = (atol_1 - atol_2) / (rtol_2 - rtol_1)
            needed, given = atol_1 + slope * rtol_1, atol + slope * rtol
            if needed > 0:
                factor = max(factor, needed / given if given > 0 else inf)
        return factor

"""What is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stats:
    """What one tensor is like. Only finite elements count, but for `nonfinite`, which counts the others.

    `std` divides by the number of elements.
    """

    mean: float
    std: float
    absmax: float
    l2: float
    nonfinite: int


@dataclass(frozen=True)
class Difference:
    """How far a candidate c is from a reference r.

    Elements that are not finite count as equal when both are NaN or the same infinity; otherwise they are
    counted in `nonfinite` and no tolerance passes. Every norm and maximum is taken where both are finite.

    `max_rel` is the largest |r - c| / max(|r|, tiny), tiny being the smallest normal number of the narrower
    float dtype (1 for integers): a reference of zero makes it huge, but not infinite. `max_ulp` counts the
    steps from r to c through the numbers of that dtype (for integers: the largest difference). `cosine` is
    1 for two zero vectors, 0 for one. `pass_atol` and `pass_rtol` are the smallest tolerances that would
    pass with the other one zero, infinite where none does. `worst` is the index of the largest |r - c|, or
    of the first non-finite mismatch; None where nothing differs.
    """

    size: int
    max_abs: float
    max_rel: float
    l2: float
    rel_l2: float
    cosine: float
    max_ulp: int
    nonfinite: int
    worst: tuple[int, ...] | None
    worst_reference: float | None
    worst_candidate: float | None
    reference_l2: float
    reference_absmax: float
    candidate_l2: float
    pass_rtol: float
    pass_atol: float

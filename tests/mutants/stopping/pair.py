"""The pair: one variant for each reason to raise."""

from __future__ import annotations

from tests.mutants.faulty_pair import faulty_pair

FAULTS = (
    "amounts", "remainder", "no padding", "twice", "turned", "transposed", "larger", "size", "axis",
    "flat", "one part", "values", "nothing",
)  # fmt: skip

PAIR = faulty_pair("stopping", "Margins, a smaller map, and both put together", FAULTS, (2, 3, 8, 12))

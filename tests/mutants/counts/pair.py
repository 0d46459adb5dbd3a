"""The pair: the model as it is, and one variant for each other number of calls."""

from __future__ import annotations

from tests.mutants.faulty_pair import faulty_pair

FAULTS = ("", "Again", "ForNothing", "Once", "Detached", "Copied")

PAIR = faulty_pair(
    "counts", "A stage that two branches take, and one that runs twice", FAULTS, (3, 3, 10, 10)
)

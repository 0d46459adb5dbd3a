"""Hypotheses: a layer is applied once more, to what it returns."""

from __future__ import annotations

from collections.abc import Iterator

from harness.diagnose._evidence import DifferingLayer, Trial


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The same layer twice; what takes several tensors would be given one of them again."""
    if len(evidence.inputs) == 1 and evidence.port.dtype.kind == "f":
        yield Trial("the reference applied twice, the second time to what it returns", twice=True)

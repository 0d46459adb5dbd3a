"""The metrics of a split for one side: the pair's own, or what its batches give, averaged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import BadInput, HarnessError
from harness.pairs.base import Arrays, Meter, Pair, Variant


class BatchMeter(Meter):
    """The means over batches of what a pair's `metrics` gives, each batch by its number of samples.

    A sample's figure is its own first metric, where a batch can be taken apart, else that of its batch.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._found: dict[str, list[tuple[float, int]]] = {}

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        assert self._pair.metrics is not None
        count = _samples(outputs)
        whole = self._pair.metrics(outputs, inputs)
        for name, value in whole.items():
            self._found.setdefault(name, []).append((value, count))
        if not whole:
            return []
        first = next(iter(whole))
        if any(len(array) != count for array in inputs.values()):
            return [whole[first]] * count
        return [self._alone(outputs, inputs, place, first) for place in range(count)]

    def _alone(self, outputs: Arrays, inputs: Arrays, place: int, name: str) -> float:
        assert self._pair.metrics is not None
        one, its = (
            {key: array[place : place + 1] for key, array in arrays.items()} for arrays in (outputs, inputs)
        )
        return self._pair.metrics(one, its).get(name, float("nan"))

    def kept(self) -> dict[str, list[float]]:
        """The values of each metric, and after each the number of samples that it is of."""
        return {name: [number for pair in found for number in pair] for name, found in self._found.items()}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        self._found = {
            name: [(value, int(count)) for value, count in zip(flat[::2], flat[1::2], strict=True)]
            for name, flat in kept.items()
        }

    def figures(self) -> dict[str, float]:
        """The means."""
        return {
            name: float(np.average([value for value, _ in found], weights=[count for _, count in found]))
            for name, found in self._found.items()
        }


def meter(pair: Pair, variant: Variant) -> Meter | None:
    """What takes the metrics of a split; None where a pair has none."""
    if pair.meter is not None:
        return pair.meter(variant)
    return BatchMeter(pair) if pair.metrics is not None else None


class SplitMetrics:
    """One side's metrics of a split, with every sample's figure. What a pair's metrics raise is reported."""

    def __init__(self, pair: Pair, variant: Variant, side: str) -> None:
        self._pair, self._side = pair, side
        self._meter = meter(pair, variant)
        self.samples: list[float] = []

    def add(self, outputs: Arrays, inputs: Arrays) -> None:
        """Take a batch in."""
        if self._meter is None:
            return
        try:
            self.samples += [float(figure) for figure in self._meter.add(outputs, inputs)]
        except HarnessError:
            raise
        except Exception as error:  # a stranger's code may raise anything; what it raised is reported
            raise self._failed(error) from error

    def figures(self) -> dict[str, float]:
        """The metrics of all batches."""
        try:
            return {} if self._meter is None else self._meter.figures()
        except Exception as error:  # likewise
            raise self._failed(error) from error

    def kept(self) -> dict[str, list[float]] | None:
        """All that it remembers, as lists of numbers; None where the metrics keep nothing."""
        own = {} if self._meter is None else self._meter.kept()
        return None if own is None else {"samples": self.samples, **{f"own {key}": own[key] for key in own}}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that; BadInput where it does not fit."""
        try:
            self.samples = list(kept["samples"])
            if self._meter is not None:
                own = {key[4:]: values for key, values in kept.items() if key.startswith("own ")}
                self._meter.take_up(own)
        except Exception as error:  # what a file says, and a stranger's code, may be anything
            raise BadInput(
                f"what the metrics of the {self._side} side have kept does not fit {self._pair.name}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def steps(self) -> dict[str, float]:
        """The smallest change that the samples can make to each metric, where it is known."""
        return {} if self._meter is None else self._meter.steps()

    def empty(self) -> str:
        """Why the metrics show nothing; empty where they show something."""
        return "there are no metrics" if self._meter is None else self._meter.empty()

    @property
    def figure(self) -> str:
        """What the figure of a sample is called."""
        return "" if self._meter is None else self._meter.figure

    @property
    def protocol(self) -> str:
        """How the metrics are taken, in words."""
        return "" if self._meter is None else self._meter.protocol

    def _failed(self, error: Exception) -> HarnessError:
        return HarnessError(
            f"the metrics of {self._pair.name} cannot judge what the {self._side} side returned: "
            f"{type(error).__name__}: {' '.join(str(error).split())}"
        )


def _samples(outputs: Arrays) -> int:
    first = next(iter(outputs.values()))
    return len(first) if first.ndim else 1

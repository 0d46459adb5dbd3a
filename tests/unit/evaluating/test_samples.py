"""The samples of an evaluation: all of them, once, in order, and the broken ones by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.evaluating.samples import Samples
from harness.pairs.base import DataRequest, Pair
from harness.training.source import open_source
from tests.unit.training import number_pair


def samples(fault: str = "", batch: int = 1, pair: Pair = number_pair.PAIR, **more: object) -> Samples:
    """Those of the pair of numbers."""
    request = DataRequest(pair.variant("one"), "val", Path(fault) if fault else None, **more)  # type: ignore[arg-type]
    return Samples(open_source(pair, request, batch, 0), batch)


@pytest.mark.parametrize("batch", [1, 2, 3, 9])
def test_every_sample_comes_once_in_order(batch: int) -> None:
    found = list(samples(batch=batch))
    assert [index for one in found for index in one.indices] == list(range(5))
    assert np.concatenate([one.arrays["x"] for one in found])[:, 0].tolist() == list(range(5))
    assert [name for one in found for name in one.names] == [f"n{index}" for index in range(5)]


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize(("fault", "said"), [("broken-3", "n3 is broken"), ("raises-3", "KeyError")])
def test_a_broken_sample_is_named_and_the_others_are_seen(batch: int, fault: str, said: str) -> None:
    found = samples(fault, batch)
    assert [index for one in found for index in one.indices] == [0, 1, 2, 4]
    (broken,) = found.broken
    assert (broken.name, broken.index) == ("n3", 3)
    assert said in broken.why


def test_samples_that_cannot_share_a_batch_are_not_broken() -> None:
    with pytest.raises(BadInput, match="cannot share a batch"):
        list(samples("odd-3", batch=5))
    assert len(list(samples("odd-3"))) == 5


def test_one_alone_is_the_same_as_in_its_batch() -> None:
    found = samples(batch=4)
    together = next(iter(found)).arrays["x"]
    for index in range(4):
        assert np.array_equal(found.alone(index).arrays["x"][0], together[index])


def test_drawn_batches_stay_whole() -> None:
    found = samples(batch=2, pair=number_pair.WITHOUT_DATA, limit=6)
    assert [one.indices for one in found] == [(0, 1), (2, 3), (4, 5)]
    assert found.alone(3).indices == (2, 3)

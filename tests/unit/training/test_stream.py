"""The batch stream: the same for every number of loaders, whole epochs, and what cannot be read is told."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness import pairs
from harness.errors import BadInput, WorkerLost
from harness.pairs.base import DataRequest, Pair, Split
from harness.scratch import is_of_living_run, scratch
from harness.training.stream import BatchStream
from tests.unit.training import number_pair

PAIR = number_pair.PAIR


def request_of(pair: Pair = PAIR, split: Split = "train", fault: str = "", **more: object) -> DataRequest:
    """A request to the pair of numbers."""
    plain = DataRequest(pair.variant("one"), split, Path(fault) if fault else None)
    return replace(plain, **more)  # type: ignore[arg-type]


def read(
    folder: Path,
    request: DataRequest,
    loaders: int = 0,
    batch: int = 4,
    epochs: tuple[int, ...] = (0,),
    seed: int = 1,
    pair: Pair = PAIR,
) -> list[list[np.ndarray]]:
    """The arrays of some epochs."""
    place = number_pair.PLACE if pair is PAIR else f"{number_pair.PLACE}:WITHOUT_DATA"
    with BatchStream(pair, request, batch, seed, loaders, folder, place) as stream:
        return [[batch.arrays["x"] for batch in stream.epoch(epoch)] for epoch in epochs]


def test_a_stream_is_the_same_whatever_the_number_of_loaders(tmp_path: Path) -> None:
    by_loaders = [read(tmp_path, request_of(), loaders, epochs=(0, 1)) for loaders in (0, 1, 3)]
    for other in by_loaders[1:]:
        for mine, theirs in zip(itertools.chain(*by_loaders[0]), itertools.chain(*other), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_every_epoch_holds_every_sample_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    first, second = (np.concatenate(epoch) for epoch in read(tmp_path, request_of(), epochs=(0, 7)))
    for epoch, rows in ((0, first), (7, second)):
        assert sorted(rows[:, 0]) == list(range(number_pair.COUNT))
        assert set(rows[:, 1]) == {epoch}
    assert list(first[:, 0]) != list(second[:, 0])
    assert len(set(first[:, 2]) | set(second[:, 2])) == 2 * number_pair.COUNT


def test_the_seed_decides_on_order_and_augmentation(tmp_path: Path) -> None:
    one, same, other = (np.concatenate(*read(tmp_path, request_of(), seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert list(one[:, 0]) != list(other[:, 0])
    assert not set(one[:, 2]) & set(other[:, 2])


def test_a_sample_does_not_depend_on_the_batch_that_it_falls_into(tmp_path: Path) -> None:
    by_batch = [np.concatenate(*read(tmp_path, request_of(), batch=batch)) for batch in (3, 5)]
    one, other = ({row[0]: row[2] for row in rows} for rows in by_batch)
    assert one == {**one, **other}


def test_a_batch_below_the_least_is_left_out_of_training_and_kept_in_validation(tmp_path: Path) -> None:
    sizes = [len(batch) for batch in read(tmp_path, request_of(), batch=11)[0]]
    assert sizes == [11, 11]  # one of 23 is left
    validation = np.concatenate(*read(tmp_path, request_of(split="val"), batch=4))
    assert list(validation[:, 0]) == [0, 1, 2, 3, 4]


def test_an_epoch_goes_on_from_any_batch(tmp_path: Path) -> None:
    whole = read(tmp_path, request_of(), 2)[0]
    with BatchStream(PAIR, request_of(), 4, 1, 2, tmp_path, number_pair.PLACE) as stream:
        assert stream.steps_per_epoch == len(whole)
        left = [(batch.number, batch.arrays["x"]) for batch in stream.epoch(0, skip=3)]
    assert [number for number, _ in left] == list(range(3, len(whole)))
    for (_, mine), theirs in zip(left, whole[3:], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_an_epoch_that_is_left_early_does_not_shift_the_next(tmp_path: Path) -> None:
    whole = read(tmp_path, request_of(), epochs=(1,))[0]
    with BatchStream(PAIR, request_of(), 4, 1, 3, tmp_path, number_pair.PLACE) as stream:
        next(iter(stream.epoch(0)))
        second = [batch.arrays["x"] for batch in stream.epoch(1)]
    for mine, theirs in zip(second, whole, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_batches_leave_no_files(tmp_path: Path) -> None:
    with BatchStream(PAIR, request_of(), 4, 1, 2, tmp_path, number_pair.PLACE) as stream:
        for batch in stream.epoch(0):
            assert batch.path.is_file()
            assert len(list(tmp_path.rglob("*.batch"))) <= 1 + 2
        assert not list(tmp_path.rglob("*.batch"))


@pytest.mark.parametrize("loaders", [0, 2])
def test_both_workers_read_a_batch_as_a_file_of_their_own_run(loaders: int) -> None:
    with scratch() as place:
        folder = place.memory or place.folder
        with BatchStream(PAIR, request_of(), 4, 1, loaders, folder, number_pair.PLACE) as stream:
            assert all(is_of_living_run(batch.path) for batch in stream.epoch(0))
            with stream.first() as path:
                assert is_of_living_run(path)


def test_the_limit_is_a_seeded_choice(tmp_path: Path) -> None:
    chosen = [
        sorted(np.concatenate(*read(tmp_path, request_of(limit=8, seed=seed)))[:, 0]) for seed in (0, 0, 1)
    ]
    assert len(chosen[0]) == 8
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_pair_without_a_data_set_draws_each_batch_anew(tmp_path: Path) -> None:
    pair = number_pair.WITHOUT_DATA
    request = request_of(pair, size=(2, 3))
    first, second = read(tmp_path, request, 2, epochs=(0, 1), pair=pair)
    assert {batch.shape for batch in first} == {(4, 2, 3)}
    seeds = [[float(batch[0, 0, 0]) for batch in epoch] for epoch in (first, second)]
    assert len(set(seeds[0])) > len(seeds[0]) // 2
    assert sorted(seeds[0]) == sorted(seeds[1])
    assert seeds[0] != seeds[1]
    assert [float(batch[0, 0, 0]) for batch in read(tmp_path, request, 0, pair=pair)[0]] == seeds[0]
    validation = read(tmp_path, replace(request, split="val"), pair=pair)[0]
    assert not {float(batch[0, 0, 0]) for batch in validation} & set(seeds[0])


def test_a_folder_for_a_pair_without_a_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="declares no data set"):
        read(tmp_path, request_of(number_pair.WITHOUT_DATA, fault="x"), pair=number_pair.WITHOUT_DATA)


@pytest.mark.parametrize("loaders", [0, 2])
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("broken-9", BadInput, "^n9 is broken$"),
        ("raises-9", BadInput, "sample n9 of the train split cannot be read: KeyError"),
        (
            "odd-9",
            BadInput,
            r"n\d+ and n\d+ of the train split cannot share a batch: x is \(\d,\) and \(\d,\)",
        ),
    ],
)
def test_what_cannot_be_read_is_named_when_its_turn_comes(
    tmp_path: Path, loaders: int, fault: str, kind: type[Exception], words: str
) -> None:
    came: list[int] = []
    with BatchStream(PAIR, request_of(fault=fault), 4, 1, loaders, tmp_path, number_pair.PLACE) as stream:
        epoch = stream.epoch(0)
        with pytest.raises(kind, match=words):
            came.extend(index for batch in epoch for index in batch.indices)
    assert 9 not in came
    whole = [int(n) for n in np.concatenate(*read(tmp_path, request_of()))[:, 0]]
    assert came == whole[: whole.index(9) // 4 * 4]


def test_a_loader_that_is_killed_is_reported_with_its_batch(tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match=r"ended \(signal 9\) while it read batch \d of epoch 0 .*n9"):
        read(tmp_path, request_of(fault="killed-9"), 2)


@pytest.mark.parametrize(("fault", "words"), [("missing-3", "n3 is missing"), ("empty-1", "no samples")])
def test_what_is_seen_at_a_glance_is_refused_before_anything_runs(
    tmp_path: Path, fault: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        BatchStream(PAIR, request_of(fault=fault), 4, 1, 0, tmp_path)


def test_too_few_samples_for_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no batch of 2 or more"):
        BatchStream(PAIR, request_of(limit=1), 4, 1, 0, tmp_path)
    with pytest.raises(BadInput, match="less than one batch"):
        BatchStream(
            number_pair.WITHOUT_DATA, request_of(number_pair.WITHOUT_DATA, limit=3), 4, 1, 0, tmp_path
        )


def test_the_pair_of_numbers_is_found_by_its_place() -> None:
    assert pairs.find(number_pair.PLACE).name == PAIR.name

"""Draws the worst samples of an evaluation and some that chance has chosen."""

from __future__ import annotations

from pathlib import Path

from harness import files, seeded
from harness.case import PORT, REFERENCE
from harness.evaluating.picture_files import FOLDER
from harness.evaluating.pictures import Shown, shown, write
from harness.evaluating.result import SampleRow
from harness.flows.evaluating import Evaluating


def draw_samples(live: Evaluating, rows: list[SampleRow], folder: Path, count: int) -> None:
    """Draw `count` of the worst samples, which are the first of the rows, and as many others."""
    if live.pair.pictures is None or not live.samples.source.mixes or not count or not rows:
        return
    with files.new_folder(folder / FOLDER) as draft:
        write(draft, [_drawn(live, row) for row in _chosen(rows, count, live.request.seed)])


def _chosen(rows: list[SampleRow], count: int, seed: int) -> list[SampleRow]:
    worst, others = rows[:count], rows[count:]
    order = seeded.generator(seed, "pictures").permutation(len(others))
    return worst + [others[place] for place in order[:count]]


def _drawn(live: Evaluating, row: SampleRow) -> Shown:
    """A sample, once more through both sides: to keep the outputs of all would fill the memory."""
    assert live.pair.pictures is not None
    batch = live.samples.alone(row.index)
    outputs = live.outputs(batch)
    reference, port = (live.pair.pictures(outputs[side], batch.arrays) for side in (REFERENCE, PORT))
    return shown(row.index, f"{row.name}: {row.reference:.4g} and {row.port:.4g}", reference, port)

"""`align infer`: what both sides make of a user's own files, as files, with a verdict for each."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness import files
from harness.case import PORT, REFERENCE, SIDES
from harness.errors import BadInput
from harness.evaluating.conclusion import conclude, worst_first
from harness.evaluating.file_source import FileSource
from harness.evaluating.result import NAME, Evaluation, SampleRow
from harness.flows import run_folder
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.evaluating import Evaluating, evaluating
from harness.flows.sample_judge import SampleJudge
from harness.pairs import find
from harness.pairs.base import Arrays
from harness.pairs.inference import Inference, Opened, save_picture
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import Worker

_ODD = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 60


def infer(
    request: EvaluateRequest,
    paths: Sequence[Path],
    progress: Progress,
    workers: Mapping[str, Worker] | None = None,
) -> tuple[Evaluation, Path]:
    """Let both sides go over a user's files; what was found, and the folder with the outputs."""
    pair = find(request.model)
    if pair.inference is None:
        raise BadInput(f"{pair.name} does not say how its files are read; declare `inference` in its Pair")
    how = pair.inference(pair.variant(request.variant))
    source = FileSource(how, paths, request.input_size)
    if not request.skip_broken:
        source.check()
    folder = run_folder.choose(request.output, request.case(pair))
    with run_folder.kept_if_done(folder):
        progress.event("run", "folder", path=str(folder))
        with (
            scratch() as place,
            evaluating(request, place, folder / run_folder.LOGS, progress, workers, source) as live,
        ):
            live.build()
            rows = _rows(live, how, source, folder)
            found = _found(live, rows)
        found.save(folder / NAME)
    return found, folder


def _rows(live: Evaluating, how: Inference, source: FileSource, folder: Path) -> list[SampleRow]:
    judge, rows = SampleJudge(live), list[SampleRow]()
    for batch in live.samples:
        for side in SIDES:
            live.progress.event(side, "state", text=batch.names[0])
        outputs = live.outputs(batch)
        rows += judge.rows(batch, outputs, {side: [] for side in SIDES})
        (index,) = batch.indices
        _write(how, source.opened(index), outputs, folder / folder_of(index, batch.names[0]))
    return rows


def folder_of(index: int, name: str) -> str:
    """The folder of a file's outputs: its number, and what is harmless of its name."""
    return f"{index:03d}-{_ODD.sub('_', Path(name).stem)[:_LONGEST]}"


def _write(how: Inference, opened: Opened, outputs: dict[str, Arrays], place: Path) -> None:
    with files.new_folder(place) as draft:
        for side in SIDES:
            how.write(outputs[side], opened, draft, side)
            save_picture(draft / f"{side}-drawn.png", how.draw(outputs[side], opened))


def _found(live: Evaluating, rows: list[SampleRow]) -> Evaluation:
    request = live.request
    verdict, sentence = conclude([], rows, [], own_weights=live.own_weights)
    return Evaluation(
        model=live.pair.name,
        variant=live.case.variant,
        device=live.case.device,
        date=time.strftime("%Y-%m-%d"),
        data="files",
        split="none",
        batch=1,
        seed=request.seed,
        size=request.input_size,
        weights={REFERENCE: request.weights, PORT: request.port_weights or request.weights},
        policy="metric" if live.own_weights else "noise",
        limit=request.margin,
        figure="",
        protocol="",
        verdict=verdict,
        sentence=sentence,
        versions={side: live.workers[side].ready().versions for side in SIDES},
        samples=worst_first(rows),
        broken=live.samples.broken,
    )

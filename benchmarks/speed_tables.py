"""The tables of speed of the four models: infer and train, intervals, and what a slow ratio comes from.

    python -m benchmarks.speed_tables --out FOLDER [--model l2sknet ...] [--seconds 20] [--minutes 18]

Every model at a small size, three batches, both modes, by `align bench`. Every ratio above 1.05 is followed
by the layers that the port loses most in. Results are written after every row, and so outlive a run that is
broken off. A row that would begin after `--minutes` is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness import files
from harness.bench.layers import LayerTable, by_kind
from harness.bench.result import Bench, BenchRow
from harness.errors import HarnessError
from harness.flows.bench import bench
from harness.flows.bench_request import BenchRequest
from harness.flows.bench_run import keep
from harness.pairs.base import Mode
from harness.progress import Silent
from reports.bench import interval, milliseconds

SLOW = 1.05
SHOWN = 3
HEAD = ("model", "variant", "size", "mode", "batch", "torch", "jittor", "ratio (99 %)", "jittor is", "parts")
WARM_UP = 2.0
MODES: tuple[Mode, ...] = ("eval", "train")


@dataclass(frozen=True)
class Asked:
    """A model at a size that a call takes a fraction of a second at, and its batches."""

    model: str
    variant: str
    size: tuple[int, int]
    batches: tuple[int, ...] = (1, 2, 4)


PLAN = (
    Asked("l2sknet", "L2SKNet_UNet", (128, 128), (2, 4, 8)),
    Asked("cpanet", "vgg16", (128, 128)),
    Asked("gold_yolo", "n", (128, 128), (2, 4, 8)),
    Asked("led", "unet", (128, 128)),
)


@dataclass(frozen=True)
class Line:
    """A row of the table; `why` says what a ratio above the limit comes from, or why there is none."""

    asked: Asked
    mode: Mode
    batch: int
    row: BenchRow | None
    why: str


def requests(plan: tuple[Asked, ...], seconds: float) -> Iterator[tuple[Asked, BenchRequest]]:
    """One measurement for each model, batch and mode."""
    for place in range(max(len(asked.batches) for asked in plan)):  # every model before a second batch of any
        for asked in plan:
            for mode in MODES if place < len(asked.batches) else ():
                request = BenchRequest(
                    asked.model,
                    asked.variant,
                    modes=(mode,),
                    batches=(asked.batches[place],),
                    input_size=asked.size,
                    seconds=seconds,
                    warm_up=WARM_UP,
                    device="cpu",
                )
                yield asked, request


def line(asked: Asked, request: BenchRequest, folder: Path) -> Line:
    """Measure one row; its layers, too, where the port is slow."""
    mode, batch = request.modes[0], request.batches[0]
    try:
        found = bench(request, Silent())
        (row,) = found.rows
        if row.ratio.value > SLOW:
            found = replace(found, layers=_layers_of(request))
    except HarnessError as error:
        return Line(asked, mode, batch, None, str(error))
    place = folder / f"{asked.model}-{mode}-{batch}"
    place.mkdir(parents=True, exist_ok=True)
    keep(found, place)
    return Line(asked, mode, batch, row, cause(found))


def _layers_of(request: BenchRequest) -> list[LayerTable]:
    """The layers alone: the row itself has been measured."""
    layers = replace(request, layers=True, seconds=min(10.0, request.seconds))
    return bench(layers, Silent(), plan=lambda case: ([], [])).layers


def cause(found: Bench) -> str:
    """Which layers and kinds of layer a slow port loses its time in."""
    if not found.layers:
        return ""
    (table,) = found.layers
    rows = [f"{row.path} ({row.kind}) {milliseconds(row.lost)}" for row in table.rows[:SHOWN] if row.lost > 0]
    kinds = [f"{kind} {milliseconds(lost)}" for kind, lost in by_kind(table.rows).items() if lost > 0]
    apart = [total for total in table.totals if not total.reconciles]
    doubt = f"; layers and whole are apart in {len(apart)} of {len(table.totals)} sums" if apart else ""
    return f"layers: {', '.join(rows) or 'none'}; kinds: {', '.join(kinds[:SHOWN]) or 'none'}{doubt}"


def markdown(lines: list[Line], note: str) -> str:
    """The table so far."""
    told = [
        "| model | variant | size | mode | batch | torch | jittor | jittor/torch (99 %) | jittor is | parts |"
    ]
    told.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in lines:
        if one.row is None:
            continue
        row, size = one.row, f"{one.asked.size[0]}x{one.asked.size[1]}"
        parts = ", ".join(f"{name} {ratio.value:.2f}" for name, ratio in row.parts.items())
        medians = [milliseconds(figures.seconds.median) for figures in (row.first, row.second)]
        cells = [one.asked.model, one.asked.variant, size, one.mode, str(one.batch), *medians]
        told.append("| " + " | ".join([*cells, interval(row.ratio), row.ratio.verdict, parts]) + " |")
    told += [
        "",
        *(f"- {one.asked.model}, {one.mode}, batch {one.batch}: {one.why}" for one in lines if one.why),
    ]
    return "\n".join([*told, "", note, ""])


def main() -> None:
    """Measure what fits into the time, and write the table after every row."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed_tables", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", nargs="+", choices=[asked.model for asked in PLAN])
    parser.add_argument("--size", type=int, help="height and width, in the place of the plan's")
    parser.add_argument("--batches", type=int, nargs="+", help="in the place of the plan's")
    parser.add_argument("--seconds", type=float, default=20.0, help="of rounds, for each row")
    parser.add_argument("--minutes", type=float, default=18.0, help="start no row after so long")
    options = parser.parse_args()
    plan = tuple(asked for asked in PLAN if not options.model or asked.model in options.model)
    if options.size:
        plan = tuple(replace(asked, size=(options.size, options.size)) for asked in plan)
    if options.batches:
        plan = tuple(replace(asked, batches=tuple(options.batches)) for asked in plan)
    lines, began = list[Line](), time.monotonic()
    for asked, request in requests(plan, options.seconds):
        if time.monotonic() - began > 60 * options.minutes:
            lines.append(
                Line(asked, request.modes[0], request.batches[0], None, "left out: no time was left")
            )
        else:
            lines.append(line(asked, request, options.out))
        load = os.getloadavg()[0]
        note = f"{time.strftime('%Y-%m-%d')}, load {load:.1f} at the end, {time.monotonic() - began:.0f} s."
        files.write_file(options.out / "speed.md", markdown(lines, note), replace=True)
    print(json.dumps({"rows": sum(one.row is not None for one in lines), "of": len(lines)}))


if __name__ == "__main__":
    main()

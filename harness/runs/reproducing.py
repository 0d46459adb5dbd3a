"""`align reproduce`: one source of error written as a folder that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import address as addresses
from harness import reproduce
from harness.alignment import Alignment
from harness.comparing import kind_of
from harness.errors import BadInput
from harness.progress import Progress
from harness.runs import causes, explain
from harness.session import DEFAULT_TIMEOUT
from harness.trace import Trace

if TYPE_CHECKING:
    from harness.runs.compare import Work


def write(
    alignment: Alignment, asked: str, folder: Path, progress: Progress, timeout: float = DEFAULT_TIMEOUT
) -> list[Path]:
    """Run the case of an alignment again and write the layer at `asked` with all that it was given."""
    made: list[Path] = []

    def after(work: Work, found: Alignment, inputs: Path) -> None:
        made.extend(_write(work, found, inputs, asked, folder))

    causes.again(alignment, after, progress, timeout)
    return made


def _write(work: Work, alignment: Alignment, inputs: Path, asked: str, folder: Path) -> list[Path]:
    if not alignment.local.get("ran"):
        raise BadInput(f"layers could not be run alone: {alignment.local.get('why')}")
    row = alignment.row(asked)
    if kind_of(row.address) not in ("layer", "operation"):
        raise BadInput(f"{asked} is no result of a layer; give an address such as layer:PATH#0:out")
    layer = addresses.parse_layer(row.address)
    with causes.bench_of(work, inputs) as bench:
        given = bench.scratch / "held.h5"
        bench.worker.call("load", state=str(bench.state))
        call = bench.worker.call(
            "capture_call",
            inputs=str(inputs),
            mode=bench.mode,
            path=layer.path,
            call=layer.call,
            given=str(given),
        )
        with Trace.open(given) as held:
            tensors = {name: np.array(held.array(name)) for name in held.records}
        tensors["reference"] = np.array(bench.reference.array(row.address))
        if row.address in bench.forced.records:
            tensors["port"] = np.array(bench.forced.array(row.address)).reshape(tensors["reference"].shape)
        else:
            tensors["port"] = tensors["reference"]
        sources = [source for source in alignment.sources if source.address == row.address]
        cause = explain.explain(bench, alignment, sources[0]).sentence if sources else ""
        port = dict(explain.note(bench.reference, layer.path).get("attributes", {}))
        port |= {item["name"]: item["port"] for item in alignment.attributes if item["layer"] == layer.path}
        call["training"] = bench.mode == "train"
    return reproduce.write(folder, row.address, call, tensors, port, cause)

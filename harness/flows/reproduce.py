"""`align reproduce`: one source of error written as a folder that stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness import reproduce
from harness.alignment import Alignment
from harness.comparing import kind_of
from harness.errors import BadInput
from harness.files import require_free_folder
from harness.flows import find_causes
from harness.flows.compare import Compared
from harness.flows.explain import compared_again, reference_probe
from harness.flows.reference_probe import ReferenceProbe
from harness.flows.run_scripts import ScriptRun, run_scripts
from harness.flows.stored_case import Typed
from harness.forms import same_shape
from harness.pairs.base import Arrays
from harness.progress import Progress
from harness.trace import Trace


@dataclass(frozen=True)
class Reproduced:
    """The files that were written, and what their scripts said when they were run."""

    written: list[Path]
    runs: list[ScriptRun]

    @property
    def sound(self) -> bool:
        """Whether every script ran to its end."""
        return all(run.ran for run in self.runs)


def reproduce_layer(
    alignment: Alignment, address: str, folder: Path, progress: Progress, typed: Typed
) -> Reproduced:
    """Run the case of an alignment again, write the layer at `address` with all that it was given, try it."""
    require_free_folder(folder)
    with compared_again(alignment, progress, typed) as compared:
        written = _write(compared, address, folder)
    return Reproduced(written, run_scripts(folder))


def _write(compared: Compared, address: str, folder: Path) -> list[Path]:
    alignment = compared.alignment
    if not alignment.isolated.ran:
        raise BadInput(f"layers could not be run alone: {alignment.isolated.why}")
    row = alignment.row(address)
    if kind_of(row.address) not in ("layer", "operation"):
        raise BadInput(f"{address} is no result of a layer; give an address such as layer:PATH#0:out")
    layer = addresses.parse_layer(row.address)
    with reference_probe(compared) as probe:
        call = probe.describe_call(layer.path, layer.call)
        tensors = {**probe.capture_call(layer.path, layer.call), **_results(probe, row.address)}
        sources = [source for source in alignment.sources if source.address == row.address]
        cause = find_causes.explain(probe, alignment, sources[0]).sentence if sources else ""
        port = dict(probe.layer_note(layer.path).attributes)
        training = probe.mode == "train"
    port |= {item.name: item.port for item in alignment.attributes if item.layer == layer.path}
    return reproduce.write(folder, row.address, call, tensors, port, cause, training)


def _results(probe: ReferenceProbe, address: str) -> Arrays:
    """What both sides made of the same inputs."""
    reference = _array(probe.reference, address)
    if address not in probe.isolated.records:
        return {"reference": reference, "port": reference}
    port = _array(probe.isolated, address)
    if same_shape(port.shape, reference.shape):
        port = port.reshape(reference.shape)
    return {"reference": reference, "port": port}


def _array(trace: Trace, address: str) -> NDArray[Any]:
    return np.array(trace.array(address))

"""Proving a reference equal to the upstream code itself, in the user's own checkout of it."""

from __future__ import annotations

import ast
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness import comparing, pairs
from harness.alignment import Alignment
from harness.case import REFERENCE
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.flows.request import CompareRequest
from harness.flows.side_run import SideRun
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.requests import UpstreamModel
from harness.scratch import scratch
from harness.session import Worker
from harness.trace import Trace
from harness.trace_header import TraceHeader
from harness.verdict import FixedPolicy

PINNED = FixedPolicy(rtol=2e-6, atol=2e-6)


@dataclass(frozen=True)
class PinResult:
    """The result of a verification, and its warnings."""

    alignment: Alignment
    entry: str
    warnings: list[str]


def commit_of(checkout: Path) -> str:
    """The commit of a checkout; empty if git does not know it."""
    done = subprocess.run(
        ["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def find_entry(checkout: Path, name: str) -> str:
    """MODULE:CLASS of the one class called `name`, found by reading the files, running none."""
    found = []
    for file in sorted(checkout.rglob("*.py")):
        try:
            tree = ast.parse(file.read_text(encoding="utf-8", errors="replace"))
        except (SyntaxError, ValueError, OSError):
            continue
        if any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body):
            parts = file.relative_to(checkout).with_suffix("").parts
            found.append(".".join(part for part in parts if part != "__init__") + f":{name}")
    if len(found) != 1:
        listed = f"these: {', '.join(found)}" if found else "none"
        raise BadInput(
            f"{checkout}: one class called {name} was looked for and found {listed}. "
            "Name it with --entry MODULE:CLASS"
        )
    return found[0]


def pin_verify(
    request: CompareRequest,
    checkout: Path,
    progress: Progress,
    entry: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> PinResult:
    """Run the upstream's network and the reference on the same weights and inputs; compare all of it."""
    if not checkout.is_dir():
        raise BadInput(f"--upstream {checkout}: no such folder; give a checkout of the upstream repository")
    pair = pairs.find(request.model)
    variant = pair.variant(request.variant)
    warnings = _warnings(pair, variant.name, checkout)
    entry = entry or find_entry(checkout, str(variant.options.get("upstream_class", variant.name)))
    case = request.case(pair).on(dropout="off")  # layers of the upstream code may have other names
    inputs = pair.inputs(case.request(pair))
    with scratch() as room:
        given = inputs_and_weights.write(room.folder / "inputs.h5", "input", inputs)
        digest = inputs_and_weights.fingerprint(inputs)
        header = TraceHeader(case=case, inputs=digest, side=REFERENCE, dtype=case.dtype)
        traces, state = {}, None
        for who, source in (("reference", None), ("upstream", checkout)):
            folder = room.folder / who
            folder.mkdir()
            with Worker(
                REFERENCE, case.device, folder, room.folder / f"{who}.log", request.timeout
            ) as worker:
                drive = SideRun(worker, case, request.layers, progress, threading.Lock())
                if source is not None:
                    drive.upstream = UpstreamModel(str(source), entry, dict(options or {}))
                table = drive.build()
                if state is None:
                    drawn = inputs_and_weights.state_for(pair, case, table)
                    state = inputs_and_weights.write(room.folder / "state.h5", "state", drawn)
                traces[who] = drive.record(given, state, partial(room.place, f"{who}.h5"), header).trace
        with Trace.open(traces["upstream"]) as truth, Trace.open(traces["reference"]) as reference:
            alignment = comparing.compare(
                truth,
                reference,
                None,
                policy=PINNED,
                overrides=pair.overrides(variant, case.mode),
                case=case.to_dict(),
                names=("upstream", "reference"),
            )
    return PinResult(alignment, entry, warnings)


def _warnings(pair: Pair, variant: str, checkout: Path) -> list[str]:
    upstream = pair.variant(variant).upstream
    if upstream is None:
        return [f"{pair.name} {variant} is pinned to no upstream repository"]
    commit = commit_of(checkout)
    if commit == upstream.commit:
        return []
    return [
        f"the checkout stands at {commit or 'no known commit'}, the reference is pinned to {upstream.commit}"
    ]

"""Builds both models and compares their descriptions; nothing runs forward."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from harness import lint as static
from harness import pairs
from harness.answers import Description
from harness.case import SIDES
from harness.choices import AUTO
from harness.environment.device import device_for
from harness.flows import refused_early
from harness.flows.together import lend_workers, together
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.requests import Build
from harness.session import DEFAULT_TIMEOUT, Worker


@dataclass(frozen=True)
class Linted:
    """What a static comparison found. `seconds` are those of starting, of building and of comparing."""

    pair: str
    variant: str
    findings: list[static.Discrepancy]
    layers: int
    parameters: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def wrong(self) -> list[static.Discrepancy]:
        """Those that make the port compute another thing."""
        return [finding for finding in self.findings if finding.wrong]

    @property
    def sentence(self) -> str:
        """The result in one sentence, which counts facts and not their places."""
        known = static.facts(self.findings)
        wrong = sum(fact.first.wrong for fact in known)
        text = f"{self.layers} layers and {self.parameters} parts of the state compared: "
        text += (
            f"{wrong} difference{'s' * (wrong > 1)}" if wrong else "nothing differs that changes the result"
        )
        rest = len(known) - wrong
        return f"{text}, {rest} more to look at." if rest else f"{text}."


def lint(
    model: str, variant: str | None, progress: Progress, device: str = AUTO, timeout: float = DEFAULT_TIMEOUT
) -> Linted:
    """Compare the two models of a pair without running them."""
    pair = pairs.find(model)
    name = pair.variant(variant).name
    refused_early.require_modules(pair)
    with lend_workers(device_for(device).device, timeout) as held:
        found = together(held, SIDES, lambda side: describe(held[side], model, name, progress))
    started = time.perf_counter()
    (reference, ours), (port, its) = (found[side] for side in SIDES)
    findings = static.lint(reference, port, sources(pair))
    seconds = {
        "start": max(ours["start"], its["start"]),
        "build": max(ours["build"], its["build"]),
        "compare": time.perf_counter() - started,
    }
    return Linted(pair.name, name, findings, len(reference.layers), len(reference.state), seconds)


def describe(
    worker: Worker, model: str, variant: str, progress: Progress
) -> tuple[Description, dict[str, float]]:
    """Build a side's model; what it is, and how many seconds the start and the building took."""
    started = time.perf_counter()
    progress.event(worker.side, "state", text="starting")
    worker.ready()
    ready = time.perf_counter()
    progress.event(worker.side, "state", text=f"building {variant}")
    description = worker.call(Build(model, variant))
    progress.event(worker.side, "done")
    return description, {"start": ready - started, "build": time.perf_counter() - ready}


def sources(pair: Pair) -> list[Path]:
    """The files of a pair's port, found without importing it."""
    try:
        spec = find_spec(pair.port.partition(":")[0])
    except Exception:  # the package around it is imported here, and may need what only a worker has
        return []
    if spec is None or spec.origin is None:
        return []
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]

"""Pairs the layers of the two models of a pair where names differ. Nothing is run, nothing is applied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness import pairs
from harness.choices import AUTO, SIDES
from harness.environment.device import device_for
from harness.files import write_file
from harness.flows import refused_early
from harness.flows.lint import describe
from harness.flows.together import lend_workers, together
from harness.layer_pairing import Pairs, pair_layers
from harness.progress import Progress
from harness.session import DEFAULT_TIMEOUT


def map_layers(
    model: str, variant: str | None, progress: Progress, device: str = AUTO, timeout: float = DEFAULT_TIMEOUT
) -> Pairs:
    """Build both models and pair their layers."""
    pair = pairs.find(model)
    name = pair.variant(variant).name
    refused_early.require_modules(pair)
    with lend_workers(device_for(device).device, timeout) as held:
        found = together(held, SIDES, lambda side: describe(held[side], model, name, progress)[0])
    paired = pair_layers(*(found[side] for side in SIDES))
    return replace(paired, rules=replace(paired.rules, about=f"{pair.title}, {name}"))


def keep(found: Pairs, path: Path, *, overwrite: bool = False) -> Path:
    """Write the map."""
    write_file(path, found.rules.text(), replace=overwrite)
    return path

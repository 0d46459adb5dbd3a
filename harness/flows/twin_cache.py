"""Twins kept between trainings: the same training finds the figures of its twins again.

What decides its figures is in the name of the file: its weights, the recipe, every batch, what each pass
used, versions and threads, and every loss of the reference, from which its distances are taken.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness import environment, files, json_codec
from harness.case import REFERENCE
from harness.errors import BadInput
from harness.flows import float64_cache, inputs_and_weights
from harness.flows.lockstep import Lockstep
from harness.other_users import others_hand
from harness.pairs.base import Arrays
from harness.progress import Progress
from harness.regular_file import open_regular
from harness.training.records import Twin
from harness.training.setup import Uses
from harness.training.twins import Floats

METHOD = "twins-1"
MOST_BYTES = 256 << 20
_COLUMNS = 3  # loss, distance, and 1 where that was measured
_DIGEST = hashlib.sha256().digest_size


class Course:
    """What the reference went through, pass by pass, as a digest."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.steps = 0

    def add(self, batch: Path, uses: Uses, loss: float, values: Path | None) -> None:
        """Take in one pass: batch, what it used, loss, and the parameters after it where they are kept."""
        plain = json.dumps(json_codec.to_plain(uses), sort_keys=True)
        self._digest.update(f"{plain} {loss.hex()}".encode())
        for path in (batch, values):
            self._digest.update(b"-" if path is None else hashlib.sha256(path.read_bytes()).digest())
        self.steps += 1

    def __str__(self) -> str:
        return self._digest.hexdigest()


def place(live: Lockstep, course: Course, weights: Arrays) -> Path:
    """Where the twin that begins with these weights is kept."""
    worker = json_codec.to_plain(live.workers[REFERENCE].ready())
    decisive = {
        name: worker[name] for name in ("python", "platform", "versions", "device", "device_name", "threads")
    }
    setup = json_codec.to_plain(live.setup())
    digest = live.case.digest(
        METHOD,
        inputs_and_weights.fingerprint(weights),
        float64_cache.source_digest(live.pair),
        json.dumps([setup, decisive], sort_keys=True),
        str(course),
    )
    return environment.kept_folder("twins") / f"{digest}.twin"


def read(path: Path, number: int, steps: int, progress: Progress) -> list[Twin] | None:
    """What is kept of a twin of so many steps; None where there is nothing that can be used."""
    if not path.exists():
        return None
    try:
        rows = _rows(path, steps)
    except BadInput as error:
        progress.event(REFERENCE, "state", text=f"a kept twin is left out: {error}")
        path.unlink(missing_ok=True)
        return None
    progress.event(REFERENCE, "state", text=f"twin {number + 1}, kept from an earlier training")
    return [
        Twin(REFERENCE, number, step, float(loss), float(far) if measured else None)
        for step, (loss, far, measured) in enumerate(rows)
    ]


def _rows(path: Path, steps: int) -> Floats:
    if hand := others_hand(path):
        raise BadInput(hand)
    with os.fdopen(open_regular(path), "rb") as file:
        raw = file.read(_DIGEST + 8 * _COLUMNS * steps + 1)
    body = raw[_DIGEST:]
    if len(body) != 8 * _COLUMNS * steps or hashlib.sha256(body).digest() != raw[:_DIGEST]:
        raise BadInput(f"{path} is damaged")
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # used, yet not changed
    return np.frombuffer(body, "<f8").reshape(steps, _COLUMNS)


def write(path: Path, twins: Sequence[Twin]) -> None:
    """Keep the figures of a twin."""
    rows = [(one.loss, one.distance or 0.0, one.distance is not None) for one in twins]
    body = np.array(rows, "<f8").tobytes()
    with files.first_file(path) as draft:
        draft.write_bytes(hashlib.sha256(body).digest() + body)
    float64_cache.tidy(path.parent, MOST_BYTES)

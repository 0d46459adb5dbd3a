"""Checkpoints of a training: all that both sides remember, in safetensors, whole or not at all."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness import files, unused_memory
from harness.case import SIDES
from harness.environment.places import free_bytes
from harness.errors import BadInput, NoEnvironment
from harness.flows.lockstep import Lockstep
from harness.flows.together import together
from harness.requests import ReadMemory, WriteMemory
from harness.trace import Trace, TraceWriter
from weight_convert import State, Tensor, read_state, write_state

FOLDER = "checkpoints"
_NAME = re.compile(r"step-(\d{8})")
_SLOTS = {"adam": 2, "adamw": 2, "sgd": 1}  # as large as the parameters, that an optimiser keeps
_ADVICE = "Free some space there, or name another place with --output"


def save(live: Lockstep, folder: Path, step: int, keep: int) -> str:
    """Write a checkpoint after so many steps and remove the oldest ones; its name beside the log."""
    place = folder / FOLDER / f"step-{step:08d}"
    if place.exists():
        return f"{FOLDER}/{place.name}"

    written = {side: _memory_file(live, side) for side in SIDES}
    for side, path in written.items():  # one after the other: each takes memory meanwhile
        live.workers[side].call(WriteMemory(str(path)))
    require_room(folder, sum(path.stat().st_size for path in written.values()))
    with files.new_folder(place) as draft:
        for side, path in written.items():
            with Trace.open(path) as memory:
                write_state(_state_in(memory), draft / f"{side}.safetensors")
            path.unlink()
    unused_memory.give_back()
    for older in found(folder)[:-keep] if keep else []:
        shutil.rmtree(older, ignore_errors=True)
    return f"{FOLDER}/{place.name}"


def load(live: Lockstep, checkpoint: Path) -> None:
    """Let both sides go on from a checkpoint."""

    def read(side: str) -> None:
        stored = checkpoint / f"{side}.safetensors"
        if not stored.is_file():
            raise BadInput(f"{stored} is missing: the checkpoint is not whole; remove {checkpoint}")
        path = _memory_file(live, side)
        with TraceWriter(path, {"kind": "training"}) as writer:
            for address, array in read_state(stored).arrays.items():
                writer.add(address, array)
        live.workers[side].call(ReadMemory(str(path)))
        path.unlink()

    together(live.workers, SIDES, read)


def _memory_file(live: Lockstep, side: str) -> Path:
    """On the disk, where the checkpoint goes too: in memory both sides' would be a third copy of a model."""
    return live.scratch.folder / f"memory-{side}.h5"


def _state_in(memory: Trace) -> State:
    """What a file holds, each tensor read when it is needed and in the place of the one before."""

    def load(address: str) -> NDArray[Any]:
        memory.release()
        array = memory.array(address)
        assert array is not None  # what a training remembers is written whole
        return array

    return State(
        {
            address: replace(Tensor.of(load(address)), load=partial(load, address))
            for address in memory.records
        }
    )


def newest(folder: Path, steps: int) -> Path | None:
    """The newest checkpoint that a log of so many steps tells of; newer ones go, the steps come once more."""
    kept = found(folder)
    while kept and step_of(kept[-1]) > steps:
        shutil.rmtree(kept.pop())
    return kept[-1] if kept else None


def expected_bytes(live: Lockstep) -> int:
    """About what the checkpoints of a training take: the newest is written before the oldest goes."""
    recipe, keep = live.plan.recipe, live.request.keep
    copies = 1 + _SLOTS.get(recipe.optimizer, 2) + (recipe.ema is not None)
    return live.weights.stat().st_size * copies * len(SIDES) * min(keep + 1, -(-live.plan.stop // live.every))


def found(folder: Path) -> list[Path]:
    """The checkpoints of a run, the oldest first."""
    place = folder / FOLDER
    listed = place.iterdir() if place.is_dir() else ()
    return sorted(path for path in listed if _NAME.fullmatch(path.name))


def step_of(checkpoint: Path) -> int:
    """After how many steps a checkpoint was written."""
    match = _NAME.fullmatch(checkpoint.name)
    assert match is not None
    return int(match[1])


def require_room(folder: Path, needed: int, what: str = "a checkpoint takes") -> None:
    """Say so before a disk is full."""
    free = free_bytes(folder)
    if free < needed + (1 << 20):
        raise NoEnvironment(
            f"{folder} has {free / 1e6:,.1f} MB free, and {what} {needed / 1e6:,.1f} MB. {_ADVICE}"
        )

"""A training loop as one writes it by hand, for one framework: the measure of a training in lockstep.

    python -m benchmarks.bare_training torch l2sknet --steps 8,24 --batch 4 --size 64x64 --limit 16

Prints as JSON the processor time that the steps between the two counts took, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from harness import pairs
from harness.pairs.base import Arrays, DataRequest, Pair
from harness.training.stream import BatchStream


def torch_step(pair: Pair, module: Any, model: Any) -> Callable[[Arrays], float]:
    """One step in PyTorch."""
    import torch

    kinds: dict[str, Any] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    recipe = pair.recipe_of(pair.variant(None))
    optimizer = kinds[recipe.optimizer](model.parameters(), lr=recipe.lr, **recipe.options)
    model.train()

    def step(arrays: Arrays) -> float:
        given = {name: torch.from_numpy(array) for name, array in arrays.items()}
        outputs = model(*(given[name] for name in pair.given(given)))
        loss = next(iter(_losses(module, model)(outputs, given).values()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def jittor_step(pair: Pair, module: Any, model: Any) -> Callable[[Arrays], float]:
    """One step in Jittor."""
    import jittor as jt

    from harness.sides.jittor_side import OPTIMIZERS

    recipe = pair.recipe_of(pair.variant(None))
    optimizer = OPTIMIZERS[recipe.optimizer](list(model.parameters()), lr=recipe.lr, **recipe.options)
    model.train()

    def step(arrays: Arrays) -> float:
        given = {name: jt.array(array) for name, array in arrays.items()}
        outputs = model(*(given[name] for name in pair.given(given)))
        loss = next(iter(_losses(module, model)(outputs, given).values()))
        optimizer.step(loss)
        jt.sync_all()
        return float(loss.item())

    return step


def _losses(module: Any, model: Any) -> Any:
    return getattr(model, "losses", None) or module.losses


def _batches(stream: BatchStream) -> Iterator[Arrays]:
    epoch = 0
    while True:
        for batch in stream.epoch(epoch):
            yield batch.arrays
        epoch += 1


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    """Train and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare_training")
    parser.add_argument("side", choices=("torch", "jittor"))
    parser.add_argument("model")
    parser.add_argument("--steps", default="8,24")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--limit", type=int, default=16)
    asked = parser.parse_args()
    first, last = (int(part) for part in asked.steps.split(","))
    height, width = (int(part) for part in asked.size.split("x"))
    pair = pairs.find(asked.model)
    variant = pair.variant(None)
    module = import_module(pair.reference if asked.side == "torch" else pair.port)
    model = module.build(variant.name, **variant.options)
    make = torch_step if asked.side == "torch" else jittor_step
    step = make(pair, module, model)
    request = DataRequest(variant, "train", None, 0, (height, width), None, asked.limit, None)
    started = 0.0
    with BatchStream(pair, request, asked.batch, 0, 0, Path("/dev/shm")) as stream:
        for number, arrays in enumerate(_batches(stream)):
            if number == first:
                started = time.process_time()
            if number == last:
                break
            step(arrays)
    print(json.dumps({"cpu": time.process_time() - started, "peak_bytes": _peak_bytes()}))


if __name__ == "__main__":
    main()

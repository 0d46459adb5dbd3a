"""A plain training loop of one side, as one writes it without the harness: what `align train` is measured by.

python -m benchmarks.bare_training torch l2sknet --steps 32 --batch 4 --size 64
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from harness import pairs
from harness.environment import jittor_environment
from harness.pairs.base import Arrays, DataRequest, Pair
from harness.sides.jittor_here import import_here
from harness.training.order import epoch_order
from harness.training.source import open_source


def batches(pair: Pair, variant: str | None, batch: int, size: int, limit: int) -> Iterator[Arrays]:
    """The batches that `align train` gives both sides with the seed 0, epoch after epoch."""
    request = DataRequest(pair.variant(variant), size=(size, size), limit=limit)
    source = open_source(pair, request, batch, 0)
    for epoch in range(sys.maxsize):
        for indices in epoch_order(source, "train", batch, 0, epoch):
            yield source.read(indices, epoch)


def torch_step(pair: Pair, variant: str | None) -> Callable[[Arrays], float]:
    """What takes a step in torch."""
    import torch

    chosen, side = pair.variant(variant), importlib.import_module(pair.reference)
    model = side.build(chosen.name, **chosen.options).train()
    options = {key: pair.recipe.options[key] for key in ("betas", "eps", "weight_decay")}
    optimizer = torch.optim.Adam(model.parameters(), pair.recipe.lr, **options)

    def step(arrays: Arrays) -> float:
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        optimizer.zero_grad()
        loss = next(iter(side.losses(model(*(inputs[name] for name in pair.forward)), inputs).values()))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def jittor_step(pair: Pair, variant: str | None) -> Callable[[Arrays], float]:
    """What takes a step in Jittor, with Jittor's own optimiser."""
    jt = import_here(jittor_environment())
    chosen, side = pair.variant(variant), importlib.import_module(pair.port)
    model: Any = side.build(chosen.name, **chosen.options)
    model.train()
    options = {key: pair.recipe.options[key] for key in ("betas", "eps", "weight_decay")}
    optimizer = jt.optim.Adam(model.parameters(), pair.recipe.lr, **options)

    def step(arrays: Arrays) -> float:
        inputs = {name: jt.array(array) for name, array in arrays.items()}
        loss = next(iter(side.losses(model(*(inputs[name] for name in pair.forward)), inputs).values()))
        optimizer.step(loss)
        jt.sync_all()
        return float(loss.item())

    return step


def main() -> None:
    """Train, and print the last loss."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare_training")
    parser.add_argument("side", choices=("torch", "jittor"))
    parser.add_argument("model")
    parser.add_argument("--variant", default=None)
    for name, usual in (("steps", 32), ("batch", 4), ("size", 64), ("limit", 64)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    pair = pairs.find(asked.model)
    step = {"torch": torch_step, "jittor": jittor_step}[asked.side](pair, asked.variant)
    loss = float("nan")
    for arrays in islice(batches(pair, asked.variant, asked.batch, asked.size, asked.limit), asked.steps):
        loss = step(arrays)
    print(f"loss {loss:.6g}")


if __name__ == "__main__":
    main()

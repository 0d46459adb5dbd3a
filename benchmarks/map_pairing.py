"""How well `align map` pairs layers: models whose trees agree, with every name of the port made another one.

The truth is known then. Each model is tried three times: renamed; renamed with a layer of the port left out;
renamed with the children of each layer registered in another order, where order says nothing any more.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from harness import pairs
from harness.answers import Description
from harness.flows.lint import describe
from harness.flows.together import lend_workers, together
from harness.layer_map import CERTAIN
from harness.layer_pairing import pair_layers
from harness.progress import Silent

MODELS = ("l2sknet", "cpanet", "gold_yolo", "led")
MODEL = "(model)"


@dataclass(frozen=True)
class Tried:
    """What came out: pairs that are right and wrong, certain ones apart, and layers that were not paired."""

    model: str
    variant: str
    how: str
    layers: int
    certain_right: int
    certain_wrong: int
    guessed_right: int
    guessed_wrong: int
    unpaired: int


def main() -> None:
    """Try every model that is named, and write what came out after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    found: list[Tried] = []
    for model in asked.models.split(","):
        found += tried(model, asked.seed)
        document = {"date": str(date.today()), "seed": asked.seed, "tried": [vars(one) for one in found]}
        asked.out.write_text(json.dumps(document, indent=1) + "\n")


def tried(model: str, seed: int) -> Iterator[Tried]:
    """One model in each way."""
    variant = pairs.find(model).variant(None).name
    with lend_workers("cpu", 600.0) as held:
        sides = together(held, tuple(held), lambda side: describe(held[side], model, variant, Silent())[0])
    reference, port = sides["torch"], sides["jittor"]
    rng = random.Random(seed)
    ways = {
        "renamed": port,
        "a layer left out": without_one(port, rng),
        "in another order": shuffled(port, rng),
    }
    for how, changed in ways.items():
        yield judged(model, variant, how, reference, *renamed(changed, rng))


def judged(
    model: str, variant: str, how: str, reference: Description, port: Description, truth: dict[str, str]
) -> Tried:
    """Count what was found against the truth."""
    rules = pair_layers(reference, port).rules.layers
    count = Counter((rule.confidence >= CERTAIN, truth[rule.port] == rule.reference) for rule in rules)
    layers = sum(path != MODEL and truth[path] in reference.layers for path in port.layers)
    known = count[True, True], count[True, False], count[False, True], count[False, False]
    return Tried(model, variant, how, layers, *known, layers - len(rules))


def renamed(model: Description, rng: random.Random) -> tuple[Description, dict[str, str]]:
    """Every part of every name another one; the truth, new to old."""
    names = {"": "", MODEL: MODEL}

    def called(path: str) -> str:
        if path not in names:
            around, _, _ = path.rpartition(".")
            names[path] = f"{called(around)}.m{rng.randrange(10**9)}".lstrip(".")
        return names[path]

    layers = {called(path): note for path, note in model.layers.items()}
    state = []
    for entry in model.state:
        owner, inner = entry.key.rpartition(".")[0], [entry.key.rpartition(".")[2]]
        while owner and owner not in model.layers:
            owner, _, part = owner.rpartition(".")
            inner.insert(0, part)
        state.append(entry._replace(key=".".join(filter(None, [called(owner), *inner]))))
    return replace(model, layers=layers, state=state), {new: old for old, new in names.items()}


def without_one(model: Description, rng: random.Random) -> Description:
    """The same without one layer that has parameters."""
    owners = {entry.key.rpartition(".")[0] for entry in model.state} & set(model.layers)
    gone = rng.choice(sorted(owners))
    return replace(
        model,
        layers={path: note for path, note in model.layers.items() if path != gone},
        state=[entry for entry in model.state if not entry.key.startswith(f"{gone}.")],
    )


def shuffled(model: Description, rng: random.Random) -> Description:
    """The children of each layer in another order."""
    rank = {path: rng.random() for path in model.layers}

    def place(path: str) -> tuple[float, ...]:
        parts = path.split(".")
        return tuple(rank.get(".".join(parts[: depth + 1]), 0.0) for depth in range(len(parts)))

    ordered = sorted(model.layers, key=lambda path: () if path == MODEL else place(path))
    return replace(model, layers={path: model.layers[path] for path in ordered})


if __name__ == "__main__":
    main()

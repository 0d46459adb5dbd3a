"""One pair for each network; a variant for each mistake, and one that is right."""

from __future__ import annotations

import numpy as np

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant
from tests.mutants.ported.mistakes import ATTENTIVE, DETECTOR, ENCODER, MISTAKES, RECURRENT, SEGMENTER

SOUND = "sound"


def _drawn(request: InputRequest, **shapes: tuple[int, ...]) -> Arrays:
    return {name: seeded.tensor(request.seed, name, shape) for name, shape in shapes.items()}


def _encoder(request: InputRequest) -> Arrays:
    draw = np.random.default_rng(request.seed)
    tokens = draw.integers(1, 20, (3, 6))
    tokens[1, 4:] = tokens[2, 5:] = 0
    return {"x": tokens, "label": draw.integers(0, 5, (3,))}


def _recurrent(request: InputRequest) -> Arrays:
    return _drawn(request, x=(3, 7, 4), wanted=(3, 3))


def _detector(request: InputRequest) -> Arrays:
    draw = np.random.default_rng(request.seed)
    wanted = (draw.random((2, 64, 3)) < 0.1).astype(np.float32)
    goal = draw.uniform(0.2, 2.0, (2, 64, 4)).astype(np.float32)
    return {**_drawn(request, x=(2, 3, 16, 16)), "goal": goal, "wanted": wanted}


def _segmenter(request: InputRequest) -> Arrays:
    draw = np.random.default_rng(request.seed)
    mask = (draw.random((2, 2, 16, 16)) < 0.3).astype(np.float32)
    return {**_drawn(request, x=(2, 3, 16, 16)), "mask": mask}


def _attentive(request: InputRequest) -> Arrays:
    draw = np.random.default_rng(request.seed)
    weight = np.array([0.5, 1.0, 2.0, 1.5], np.float32)
    return {**_drawn(request, x=(2, 3, 10, 10)), "label": draw.integers(0, 4, (2, 10, 10)), "weight": weight}


_DRAWS = {
    ENCODER: _encoder,
    RECURRENT: _recurrent,
    DETECTOR: _detector,
    SEGMENTER: _segmenter,
    ATTENTIVE: _attentive,
}


def _pair(network: str) -> Pair:
    names = [SOUND, *(mistake.name for mistake in MISTAKES if mistake.network == network)]
    return Pair(
        name=network,
        title=f"The {network} and ports of it with mistakes",
        variants={name: Variant(name, name, options={"network": network, "wrong": name}) for name in names},
        reference="tests.mutants.ported.reference",
        port="tests.mutants.ported.port",
        draw_inputs=_DRAWS[network],
        forward=("x",),
        recipe=Recipe(optimizer="sgd", lr=0.1),
    )


PAIRS = {network: _pair(network) for network in _DRAWS}
for _network, _made in PAIRS.items():
    globals()[_network.upper()] = _made

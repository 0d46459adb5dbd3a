"""Hypotheses: the layer holds its parameters in another order, or lacks one, or has it twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

Change = Callable[[Array], Array]

# The parameter, what may have happened to it, and how that is said.
CHANGES: tuple[tuple[str, str, Change], ...] = (
    ("weight", "its kernel transposed (height and width exchanged)", lambda w: w.swapaxes(-1, -2)),
    ("weight", "its kernel flipped left to right", lambda w: w[..., ::-1]),
    ("weight", "its kernel flipped upside down", lambda w: w[..., ::-1, :]),
    ("weight", "its kernel turned by half a turn", lambda w: w[..., ::-1, ::-1]),
    ("weight", "input and output channels of its weight exchanged", lambda w: w.swapaxes(0, 1)),
    ("weight", "its input channels in the opposite order", lambda w: w[:, ::-1]),
    ("weight", "its output channels in the opposite order", lambda w: w[::-1]),
    ("weight", "the two halves of its input channels exchanged", lambda w: np.roll(w, w.shape[1] // 2, 1)),
    ("weight", "no weight (ones)", np.ones_like),
    ("weight", "its weight in half precision", lambda w: w.astype(np.float16).astype(w.dtype)),
    ("bias", "no bias", np.zeros_like),
    ("bias", "its bias added twice", lambda b: 2 * b),
    ("bias", "its bias subtracted", lambda b: -b),
    ("running_mean", "a running mean of zero", np.zeros_like),
    ("running_var", "a running variance of one", np.ones_like),
)
_GATES = {"LSTM": ("input", "forget", "cell", "output"), "GRU": ("reset", "update", "new")}
FRESH = {"running_mean": np.zeros_like, "running_var": np.ones_like}


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Each change that leaves the shape as it is and changes something."""
    for name, words, change in CHANGES:
        own = evidence.state.get(name)
        if own is None:
            continue
        try:
            changed = np.ascontiguousarray(change(own))
        except (ValueError, IndexError):  # too few axes for this change
            continue
        if changed.shape == own.shape and not np.array_equal(changed, own):
            yield Trial(f"the reference computed with {words}", state={name: changed})
    yield from of_kin(evidence)
    yield from _gates(evidence)
    yield from _scaled_weight(evidence)
    if evidence.state.keys() >= FRESH.keys():
        fresh = {name: make(evidence.state[name]) for name, make in FRESH.items()}
        yield Trial("the reference computed with the statistics of a fresh norm", state=fresh)


def of_kin(evidence: DifferingLayer) -> Iterator[Trial]:
    """The whole state of another layer of this kind."""
    for path, state in evidence.kin.items():
        yield Trial(f"the reference computed with the parameters of {path}", state=state)


def _gates(evidence: DifferingLayer) -> Iterator[Trial]:
    """The gates of a recurrent layer, which lie one behind the other in its weights, in another order."""
    for kind, gates in _GATES.items():
        if kind not in evidence.type:
            continue
        own = {name: tensor for name, tensor in evidence.state.items() if tensor.shape[0] % len(gates) == 0}
        for order in list(permutations(range(len(gates))))[1:]:
            changed = {name: _in_order(tensor, order) for name, tensor in own.items()}
            said = ", ".join(gates[place] for place in order)
            yield Trial(f"the reference computed with its gates in the order {said}", state=changed)


def _in_order(tensor: Array, order: tuple[int, ...]) -> Array:
    blocks = np.split(tensor, len(order))
    return np.concatenate([blocks[place] for place in order])


def _scaled_weight(evidence: DifferingLayer) -> Iterator[Trial]:
    """The weight times the factor that fits what is left of both results without the bias."""
    weight, bias = evidence.state.get("weight"), evidence.state.get("bias")
    ours, its = (tensor.astype(np.float64) for tensor in (evidence.reference, evidence.port))
    if weight is None or ours.shape != its.shape or ours.ndim < 2 or not evidence.carries(1):
        return
    if bias is not None and bias.shape == ours.shape[1:2]:
        shape = (1, -1, *(1 for _ in ours.shape[2:]))
        ours, its = ours - bias.reshape(shape), its - bias.reshape(shape)
    square = float(np.sum(ours * ours))
    factor = float(np.sum(ours * its)) / square if square else 1.0
    if np.isfinite(factor) and factor != 1.0:
        words = f"the reference computed with its weight times {factor:.6g} (one number fitted)"
        yield Trial(words, state={"weight": (weight * factor).astype(weight.dtype)}, fitted=1)

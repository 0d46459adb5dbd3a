"""Hypotheses about backward passes: the share of one consumer of a tensor in that tensor's gradient."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.diagnose import attributes, fits, tensors
from harness.diagnose._blocks import Blocks
from harness.diagnose._evidence import Array, DifferingLayer, Trial

Pull = Callable[[Sequence[Trial]], list[Array | None]]

_LARGEST = ("max", "amax", "maximum", "maxpool2d", "max_pool2d", "adaptivemaxpool2d", "adaptive_max_pool2d")
_FIRST = 64
_MOST_IN_ANY_NUMBER = 10  # of more consumers only pairs are tried: their subsets double with each
_SMALLEST = ("min", "amin", "minimum")
# What is 0 times its slope on one side and the other: the slopes that a framework may take at 0 itself.
_KINKS = {"relu": (0.5, 1.0), "leakyrelu": (0.0, 0.5, 1.0), "abs": (1.0, -1.0, 0.5), "relu6": (0.5, 1.0),
          "leaky_relu": (0.0, 0.5, 1.0), "clamp": (0.0, 0.5, 1.0)}  # fmt: skip


@dataclass(frozen=True)
class Share:
    """What one layer of the reference gives back of the gradient `given` to its result.

    `share` is what reaches the tensor in question, `taken` that tensor, `pull` what reaches it under trials.
    `instead` is the other recorded tensor that this layer takes in the port, if it does.
    """

    name: str
    evidence: DifferingLayer
    share: Array
    given: Array
    taken: Array | None
    pull: Pull
    instead: str = ""


def trials(
    whole: DifferingLayer, shares: Sequence[Share], are_all: bool = True
) -> Iterator[tuple[Trial, Pull | None]]:
    """Trials of the whole gradient. A trial without a prediction is of a share, to be taken backward."""
    for share in shares:
        rest = _rest(whole, share)
        yield _predicted(f"without the part of {share.name}: {_why_without([share])}", rest), None
        yield _predicted(f"with the part of {share.name} twice", rest + 2 * share.share), None
    for some in _several(whole, shares) if whole.port.any() and whole.carries(0) else ():
        part = np.sum([share.share for share in some], axis=0)
        rest, said = _less(whole, part), _listed([share.name for share in some])
        yield _predicted(f"without the parts of {said}: {_why_without(some)}", rest), None
        yield _predicted(f"with the parts of {said} twice", rest + 2 * part), None
    yield from _alone(whole, shares, are_all)
    for share in shares:
        for words, part in _of_share(share):
            yield _predicted(words, _rest(whole, share) + part), None
        for trial in _changed(share):
            words = f"with {share.name} {trial.words.removeprefix('the reference ')}"
            yield dataclasses.replace(trial, words=words), share.pull
    for share in shares:
        own = _port_share(whole, share)
        for trial in (*tensors.trials(own), *fits.trials(own)):
            if trial.predicted is not None and trial.predicted.shape == share.share.shape:
                words = trial.words.replace("the reference's output", "the reference's")
                said = f"where the part of {share.name} is {words}"
                yield _predicted(said, _rest(whole, share) + trial.predicted), None


def _why_without(some: Sequence[Share]) -> str:
    """Why consumers give nothing back: they take something else, else a branch before them is detached."""
    instead = list(dict.fromkeys(share.instead for share in some if share.instead))
    if instead:
        takes = "it takes" if len(some) == 1 else "they take"
        copies = "" if any(":in" not in name for name in instead) else ": a copy that is detached"
        return f"in the port {takes} {_listed(instead)}, which has the same values{copies}"
    return "that branch is detached" if len(some) == 1 else "these branches are detached"


def with_share(whole: DifferingLayer, share: Share, pulled: Array) -> Array:
    """The whole gradient with another share."""
    return np.asarray(_rest(whole, share) + pulled)


def _predicted(words: str, tensor: Array) -> Trial:
    return Trial(f"the reference's {words}", predicted=np.asarray(tensor))


def _alone(whole: DifferingLayer, shares: Sequence[Share], are_all: bool) -> Iterator[tuple[Trial, None]]:
    """What the known consumers give back, where others take the tensor by a view or an index."""
    if not shares or not whole.port.any():
        return
    given = np.sum([share.share for share in shares], axis=0)
    if _less(whole, given).any():
        said = _listed([share.name for share in shares])
        how = ", by a view or an index," if are_all else ""
        words = f"only the part of {said}: what else takes it{how} is detached"
        yield Trial(f"the reference's gradient, {words}", predicted=given), None


def _several(whole: DifferingLayer, shares: Sequence[Share]) -> Iterator[tuple[Share, ...]]:
    """Several consumers at once: what is detached before it goes to all of them.

    A few elements are looked at first, so that large gradients cost nothing.
    """
    ours, its = (np.asarray(one.flat[:_FIRST], np.float64) for one in (whole.reference, whole.port))
    few = {id(share): np.asarray(share.share.flat[:_FIRST], np.float64) for share in shares}
    most = len(shares) if len(shares) <= _MOST_IN_ANY_NUMBER else 2
    for count in range(2, most + 1):
        for some in combinations(shares, count):
            part = sum((few[id(share)] for share in some), np.zeros(()))
            if any(np.linalg.norm(ours + sign * part - its) <= whole.floor for sign in (1, -1)):
                yield some


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _rest(whole: DifferingLayer, share: Share) -> Array:
    return _less(whole, share.share)


def _less(whole: DifferingLayer, part: Array) -> Array:
    rest = whole.reference.astype(np.float64) - part
    # What remains of a sum of one part is rounding.
    small = np.linalg.norm(rest) <= 1e-5 * np.linalg.norm(whole.reference.astype(np.float64))
    return np.zeros_like(rest) if small else rest


def _port_share(whole: DifferingLayer, share: Share) -> DifferingLayer:
    """The port's share, if all other shares are right."""
    port = (whole.port - _rest(whole, share)).astype(whole.port.dtype)
    return dataclasses.replace(
        share.evidence,
        reference=share.share.astype(whole.port.dtype),
        port=port,
        inputs=(),
        floor=whole.floor,
    )


def _changed(share: Share) -> Iterator[Trial]:
    """The layer itself with something changed."""
    evidence = share.evidence
    for trial in attributes.trials(evidence):
        if not trial.kind and not trial.without and (evidence.differing or not evidence.operation):
            yield trial
    if (
        evidence.training
        and evidence.state.keys() >= {"running_mean", "running_var"}
        and share.taken is not None
    ):
        axes = tuple(axis for axis in range(share.taken.ndim) if axis != 1)
        wide = share.taken.astype(np.float64)
        state = {"running_mean": wide.mean(axes), "running_var": wide.var(axes)}
        yield Trial(
            "taking the batch's statistics for constants, so that no gradient flows through them",
            state={name: array.astype(np.float32) for name, array in state.items()},
            training=False,
        )


def _of_share(share: Share) -> Iterator[tuple[str, Array]]:
    """The share, if a choice that torch makes in its own way is made in another way."""
    kind = share.evidence.type.lower()
    if share.given.shape == share.share.shape:
        yield f"where {share.name} passes on the gradient unchanged", share.given.astype(np.float64)
    if share.taken is None:
        return
    for slope in _KINKS.get(kind, ()):
        if share.given.shape == share.taken.shape and (share.taken == 0).any():
            part = np.where(share.taken == 0, slope * share.given, share.share)
            yield f"where the slope of {share.name} at 0 is {slope:g}", part
    if kind in _LARGEST or kind in _SMALLEST:
        yield from _ties(share)


def _ties(share: Share) -> Iterator[tuple[str, Array]]:
    """Equal largest elements: the gradient goes to all of them, to the first or last, or is divided."""
    assert share.taken is not None
    blocks = Blocks.of(share.taken.shape, share.given.shape)
    if blocks is None:
        return
    values = blocks.split(share.taken)
    ends = values.min(-1) if share.evidence.type.lower() in _SMALLEST else values.max(-1)
    equal = values == ends[..., None]
    if not (equal.sum(-1) > 1).any():
        return
    given = share.given.reshape(ends.shape)[..., None]
    order = np.cumsum(equal, -1)
    choices = {
        "goes to all equal elements in full": equal,
        "is divided among equal elements": equal / equal.sum(-1, keepdims=True),
        "goes to the first of equal elements": equal & (order == 1),
        "goes to the last of equal elements": equal & (order == order[..., -1:]),
    }
    for words, weights in choices.items():
        yield f"where the gradient of {share.name} {words}", blocks.join(weights * given)

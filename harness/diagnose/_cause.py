"""Tries hypotheses in turn, the most exact first, and states the cause that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

import numpy as np

from harness import knowledge
from harness.diagnose import activations, attributes, gradients, parameters, tensors
from harness.diagnose._evidence import Array, Evidence, Trial
from harness.diagnose._signature import signature
from harness.diagnose.gradients import Share

Source = Callable[[Evidence], Iterator[Trial]]
Replay = Callable[[Sequence[Trial]], list[Array | None]]

# In the order in which they are tried: what changes one thing of the layer comes before what is fitted.
HYPOTHESES: tuple[Source, ...] = (
    attributes.trials,
    attributes.trials_of_mode,
    parameters.trials,
    activations.trials,
    tensors.trials,
)
_AT_ONCE = 8
_AS_NEAR = 1.25  # a factor fitted to each channel always fits a little better than one plain explanation


@dataclass(frozen=True)
class Cause:
    """What explains a difference: a sentence, the hypothesis behind it, and what the error looks like.

    `found` says whether a hypothesis reproduces the port's tensor; where none does, `entries` names what
    the knowledge base has nearest to it.
    """

    found: bool
    sentence: str
    hypothesis: str = ""
    attribute: str = ""
    signature: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    tried: int = 0

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def explain_forward(evidence: Evidence, replay: Replay) -> Cause:
    """The first hypothesis that reproduces what the port's layer returned."""
    if evidence.reference.shape != evidence.port.shape:
        return _unexplained(evidence, 0)
    tried = 0
    for source in HYPOTHESES:
        waiting = source(evidence)
        while batch := list(islice(waiting, _AT_ONCE)):
            tried += len(batch)
            best = _best(evidence, batch, replay)
            if best is not None:
                return _explained(evidence, best, tried, "the port's output equals")
    return _unexplained(evidence, tried)


def _best(evidence: Evidence, batch: list[Trial], replay: Replay) -> Trial | None:
    """The first trial that fits, unless another one fits clearly better."""
    results = iter(replay([trial for trial in batch if trial.predicted is None]))
    fitting = []
    for trial in batch:
        tensor = trial.predicted if trial.predicted is not None else next(results)
        if tensor is not None and evidence.reproduces(tensor):
            fitting.append((evidence.distance(tensor), trial))
    nearest = min((distance for distance, _ in fitting), default=0.0)
    return next((trial for distance, trial in fitting if distance <= _AS_NEAR * nearest), None)


def explain_gradient(evidence: Evidence, shares: Sequence[Share] = ()) -> Cause:
    """The same for a gradient: tries each consumer's share of it in other forms, then the whole gradient."""
    if evidence.reference.shape != evidence.port.shape:
        return _unexplained(evidence, 0)
    tried = 0
    pulled = {id(share.pull): share for share in shares}
    for trial, pull in gradients.trials(evidence, shares):
        tried += 1
        predicted = trial.predicted
        if pull is not None:
            (found,) = pull([trial])
            predicted = None if found is None else gradients.with_share(evidence, pulled[id(pull)], found)
        if predicted is not None and evidence.reproduces(predicted.astype(evidence.port.dtype)):
            return _explained(evidence, trial, tried, "the port's gradient is")
    for trial in tensors.trials(evidence):
        tried += 1
        assert trial.predicted is not None  # these hypotheses predict
        if evidence.reproduces(trial.predicted):
            words = trial.words.replace("output", "gradient")
            if words == "zero everywhere":
                words = "zero everywhere: the branch is detached, or the parameter takes no part"
            return _explained(evidence, Trial(words), tried, "the port's gradient is")
    return _unexplained(evidence, tried)


def explain_given(evidence: Evidence, others: Mapping[str, Array]) -> Cause:
    """The same for an input of a layer; `others` are the other inputs of that call in the reference."""
    if evidence.reference.shape != evidence.port.shape:
        return _unexplained(evidence, 0)
    tried = 0
    for name, other in others.items():
        tried += 1
        if other.shape == evidence.port.shape and evidence.reproduces(other):
            words = f"the reference's input {name}: its inputs come in another order"
            return _explained(evidence, Trial(words), tried, "what the port's layer is given is")
    for trial in tensors.trials(evidence):
        tried += 1
        assert trial.predicted is not None  # these hypotheses predict
        if evidence.reproduces(trial.predicted):
            words = trial.words.replace("output", "input")
            return _explained(evidence, Trial(words), tried, "what the port's layer is given is")
    return _unexplained(evidence, tried)


def explain_state(evidence: Evidence, before: Array, momentum: float | None, count: int) -> Cause:
    """The same for a running statistic after a step from `before`; `count` values a channel entered it."""
    old = before.astype(np.float64)
    step = evidence.reference.astype(np.float64) - old
    dtype = evidence.port.dtype
    trials = [Trial("what it was before the step: it is not updated", predicted=before)]
    if count > 1:
        biased = (old + step) if momentum is None else _with_biased(old, step, momentum, count)
        words = "the reference's with the biased variance (divided by n, not n - 1)"
        trials.append(Trial(words, predicted=biased.astype(dtype)))
    size = float(np.sum(step * step))
    if size and momentum:
        factor = float(np.sum(step * (evidence.port.astype(np.float64) - old))) / size
        words = f"the reference's updated with momentum {momentum * factor:.4g}"
        trials.append(Trial(words, predicted=(old + factor * step).astype(dtype)))
    for place, trial in enumerate(trials, 1):
        assert trial.predicted is not None
        if evidence.reproduces(trial.predicted):
            return _explained(evidence, trial, place, "the port's buffer is")
    return _unexplained(evidence, len(trials))


def _with_biased(old: Array, step: Array, momentum: float, count: int) -> Array:
    """The update if the variance of the batch was divided by n."""
    variance = old + step / momentum
    return np.asarray((1 - momentum) * old + momentum * variance * (count - 1) / count)


def _explained(evidence: Evidence, trial: Trial, tried: int, lead: str) -> Cause:
    attribute = next(iter(trial.changes), "")
    entry = knowledge.of_attribute(evidence.type, attribute) if attribute else ""
    return Cause(
        True,
        f"{lead} {trial.words}.",
        trial.words,
        attribute,
        signature(evidence.reference, evidence.port),
        (entry,) if entry else (),
        tried,
    )


def _unexplained(evidence: Evidence, tried: int) -> Cause:
    traits = signature(evidence.reference, evidence.port)
    near = tuple(item.id for item in knowledge.near(evidence.type, traits))
    looks = ", ".join(traits) or "none"
    words = f"none of {tried} hypotheses reproduces the port's tensor; its error is: {looks}."
    return Cause(False, words, signature=traits, entries=near, tried=tried)

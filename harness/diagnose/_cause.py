"""Tries hypotheses in turn, the most exact first, and states the cause that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from harness import address as addresses
from harness.diagnose import (
    activations,
    attributes,
    calls,
    constants,
    decisions,
    detached_parts,
    drops,
    fits,
    formulas,
    functions,
    geometry,
    gradients,
    heads,
    known,
    layouts,
    mask_rules,
    masks,
    means,
    normalised,
    norms,
    numbers,
    operations,
    other_values,
    others,
    parameters,
    partly,
    places,
    products,
    reductions,
    relations,
    repeats,
    resampled,
    resizing,
    running_statistics,
    sums,
    tables,
    tensors,
)
from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose._signature import signature
from harness.diagnose.gradients import Share
from harness.forms import same_shape, shape_text

Source = Callable[[DifferingLayer], Iterator[Trial]]
Replay = Callable[[Sequence[Trial]], list[Array | None]]
Solver = Callable[[DifferingLayer, Replay], Iterator[Trial]]

# In the order in which they are tried: what changes one thing of the layer comes first, what is fitted last.
OF_LAYERS: tuple[Source, ...] = (
    known.trials,
    attributes.trials,
    geometry.trials,
    attributes.trials_of_mode,
    means.trials,
    parameters.trials,
    norms.trials,
    activations.trials,
    repeats.trials,
)
OF_TENSORS: tuple[Source, ...] = (
    masks.of_two_values,
    other_values.trials,
    tensors.trials,
    others.trials,
    functions.trials,
    normalised.trials,
    sums.trials,
    reductions.trials,
    resizing.trials,
    resampled.trials,
    decisions.trials,
    products.trials,
    constants.trials,
    masks.trials,
    tables.trials,
    mask_rules.trials,
    drops.trials,
    partly.trials,
    layouts.trials,
    places.trials,
    calls.trials,
    heads.trials,
)
OF_OPERATIONS: tuple[Source, ...] = (operations.trials,)  # they say less than a function of what is given
OF_NUMBERS: tuple[Solver, ...] = (numbers.trials,)
OF_FORMULAS: tuple[Source, ...] = (
    resampled.of_the_given,
    functions.of_the_right_one,
    normalised.of_the_right_one,
    relations.trials,
    partly.of_the_rest,
    formulas.trials,
)
OF_GRADIENTS: tuple[Source, ...] = (detached_parts.trials, tensors.trials, fits.trials)
AT_LAST: tuple[Source, ...] = (fits.trials,)

_GIVEN = "what the port's layer is given is"
_AT_ONCE = 8
_AS_NEAR = 1.25  # of two that fit, one is better if it is so much nearer
_MOST_TOLD = 3


@dataclass(frozen=True)
class Cause:
    """What explains a difference: a sentence, the hypothesis behind it, and what the error looks like.

    `found` says whether a hypothesis reproduces the port's tensor, `fitted` whether only one does that has
    numbers fitted to it; `also` are other hypotheses that reproduce it as well. `entries` names facts of the
    knowledge base whose own experiments reproduce it. `taken` is the recorded tensor that the port's is,
    `also_taken` are others that it may as well be, `part_of` is the one that it is cut out of. `culprits`
    are the layers at fault, where the cause tells of others than the one that takes the tensor.
    """

    found: bool
    sentence: str
    hypothesis: str = ""
    attribute: str = ""
    signature: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    tried: int = 0
    fitted: int = 0
    also: tuple[str, ...] = ()
    taken: str = ""
    also_taken: tuple[str, ...] = ()
    culprits: tuple[str, ...] = ()
    part_of: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


class _Fit(NamedTuple):
    """A trial that reproduces the port's tensor, and how near it comes."""

    distance: float
    trial: Trial


def explain_forward(evidence: DifferingLayer, replay: Replay) -> Cause:
    """The first hypotheses that reproduce what the port's layer returned."""
    sources = (*OF_LAYERS, *OF_TENSORS, *OF_OPERATIONS, *_of_numbers(replay), *OF_FORMULAS, *AT_LAST)
    return _search(evidence, sources, replay, "the port's output equals")


def explain_call(evidence: DifferingLayer, replay: Replay) -> Cause:
    """The same for what a layer is given: the layer that makes it, in other forms."""
    sources = (*OF_LAYERS, *OF_OPERATIONS, *_of_numbers(replay))
    return _search(evidence, sources, replay, "what the port's layer is given is what comes of")


def explain_module(evidence: DifferingLayer, replay: Replay) -> Cause:
    """The same for a module that makes it by its parts: with the state of another one like it."""
    return _search(evidence, (parameters.of_kin,), replay, "what the port's layer is given is what comes of")


def _of_numbers(replay: Replay) -> list[Source]:
    def bound(source: Solver) -> Source:
        return lambda evidence: source(evidence, replay)

    return [bound(source) for source in OF_NUMBERS]


def explain_given(evidence: DifferingLayer, elsewhere: Mapping[str, Array]) -> Cause:
    """The same for an input of a layer; `elsewhere` are the other inputs of that call, by address."""

    def exchanged(evidence: DifferingLayer) -> Iterator[Trial]:
        found = False
        for name, other in elsewhere.items():
            if others.tells(other):
                key = addresses.parse_layer(name).key
                words = f"the reference's input {key}: its inputs come in another order, or one twice"
                yield Trial(words, predicted=other, taken=name)
                found = found or evidence.reproduces(other)
        if found:  # the same tensor may have other names, which may be what is meant
            yield from others.trials(evidence)

    found = _search(evidence, (exchanged, *OF_TENSORS), _no_replay, _GIVEN, "input")
    return _beside_one_value(evidence, found)


def _beside_one_value(evidence: DifferingLayer, cause: Cause) -> Cause:
    """The cause, with what the reference gives if that is one value everywhere."""
    right = evidence.reference
    if not cause.found or right.size < 2 or not (right == right.reshape(-1)[0]).all():
        return cause
    value = right.reshape(-1)[0]
    said = {0: "zeros", 1: "ones"}.get(value, f"{value:.6g}")
    words = f"{cause.sentence.removesuffix('.')}, where the reference gives {said} everywhere."
    return replace(cause, sentence=words)


def explain_formula(evidence: DifferingLayer) -> Cause:
    """The same for an input of a layer, by formulas alone."""
    return _search(evidence, OF_FORMULAS, _no_replay, _GIVEN, "input")


def explain_at_last(evidence: DifferingLayer, tried: int = 0) -> Cause:
    """The same by fits, which say the least."""
    return _search(evidence, AT_LAST, _no_replay, _GIVEN, "input", tried)


def _no_replay(trials: Sequence[Trial]) -> list[Array | None]:
    return [None for _ in trials]


def _search(
    evidence: DifferingLayer,
    sources: Iterable[Source],
    replay: Replay,
    lead: str,
    noun: str = "output",
    tried: int = 0,
) -> Cause:
    for source in sources:
        waiting, fitting = source(evidence), list[_Fit]()
        while batch := _next(evidence, waiting):
            tried += len(batch)
            fitting += _fitting(evidence, batch, replay)
            if any(fit.trial.fitted for fit in fitting):
                break  # what is fitted has no rivals that mean anything
        if fitting:
            return _explained(evidence, _nearest(fitting), tried, lead, noun)
    return _unexplained(evidence, tried)


def _next(evidence: DifferingLayer, waiting: Iterator[Trial]) -> list[Trial]:
    """The next few trials; none once the time is up."""
    found = list[Trial]()
    while len(found) < _AT_ONCE and not evidence.is_late() and (trial := next(waiting, None)) is not None:
        found.append(trial)
    return found


def _fitting(evidence: DifferingLayer, batch: list[Trial], replay: Replay) -> Iterator[_Fit]:
    """Those of some trials that reproduce the port's tensor."""
    results = iter(replay([trial for trial in batch if trial.predicted is None]))
    for trial in batch:
        tensor = trial.predicted if trial.predicted is not None else next(results)
        if tensor is not None and same_shape(tensor.shape, evidence.port.shape):
            tensor = tensor.reshape(evidence.port.shape)  # a number, as (1,) or as ()
        known = trial.predicted is None or trial.says_itself or bool(trial.fitted)
        if tensor is not None and evidence.reproduces(tensor) and (known or evidence.tells()):
            yield _Fit(evidence.distance(tensor), trial)


def _nearest(fitting: Sequence[_Fit]) -> list[Trial]:
    """Trials that fit about as well as the nearest, in the order tried, with the fewest fitted numbers."""
    fewest = min(fit.trial.fitted for fit in fitting)
    exact = [fit for fit in fitting if fit.trial.fitted == fewest]
    nearest = min(fit.distance for fit in exact)
    return [fit.trial for fit in exact if fit.distance <= _AS_NEAR * nearest]


def explain_gradient(evidence: DifferingLayer, shares: Sequence[Share] = (), are_all: bool = True) -> Cause:
    """The same for a gradient: tries each consumer's share of it in other forms, then the whole gradient.

    `are_all` says that these are the shares of all consumers that are recorded.
    """
    if evidence.reference.shape != evidence.port.shape:
        return _unexplained(evidence, 0)
    tried, lead = 0, "the port's gradient is"
    pulled = {id(share.pull): share for share in shares}
    for trial, pull in gradients.trials(evidence, shares, are_all):
        if evidence.is_late():
            break
        tried += 1
        predicted = trial.predicted
        if pull is not None:
            (found,) = pull([trial])
            predicted = None if found is None else gradients.with_share(evidence, pulled[id(pull)], found)
        if predicted is not None and evidence.reproduces(predicted.astype(evidence.port.dtype)):
            return _explained(evidence, [trial], tried, lead)
    if not evidence.port.any():
        words = "zero everywhere: the branch is detached, or the parameter takes no part"
        return _explained(evidence, [Trial(words)], tried, lead)
    found_whole = _search(evidence, OF_GRADIENTS, _no_replay, lead, "gradient")
    return found_whole if found_whole.found else _unexplained(evidence, tried + found_whole.tried)


def explain_parameter_of_one_side(name: str) -> Cause:
    """A parameter that has a gradient in the port alone, as both sides say themselves."""
    words = f"{name} learns in the port alone"
    why = "in the reference it is frozen (requires_grad is off), or takes no part in the loss"
    return Cause(True, f"{words}: {why}.", words)


def explain_gradient_of_one_side(path: str) -> Cause:
    """A gradient that comes back to a layer's result in the port alone."""
    words = f"a gradient comes back to {path} in the port alone"
    why = "in the reference it runs without gradients (no_grad), is detached, or its part is frozen"
    return Cause(True, f"{words}: {why}.", words)


def explain_state(evidence: DifferingLayer, update: running_statistics.Update) -> Cause:
    """The same for a running statistic after a step."""
    tried = 0
    for trial in running_statistics.trials(evidence, update):
        tried += 1
        assert trial.predicted is not None
        if evidence.reproduces(trial.predicted):
            return _explained(evidence, [trial], tried, "the port's buffer is")
    return _unexplained(evidence, tried)


def _explained(
    evidence: DifferingLayer, trials: Sequence[Trial], tried: int, lead: str, noun: str = "output"
) -> Cause:
    best, *rest = trials
    attribute = next(iter(best.changes), "")
    said = list(dict.fromkeys(trial.words.replace("output", noun) for trial in (best, *rest)))
    also = tuple(words for words in said[1:])
    return Cause(
        True,
        f"{lead} {said[0]}{_rivals(also)}{_shapes(evidence, said[0])}.",
        best.words,
        attribute,
        signature(evidence.reference, evidence.port),
        tuple(dict.fromkeys(trial.entry for trial in trials if trial.entry)),
        tried,
        best.fitted,
        also,
        best.taken,
        tuple(trial.taken for trial in rest if trial.taken),
        best.culprits,
        best.part_of,
    )


def _shapes(evidence: DifferingLayer, said: str) -> str:
    """The shapes of both sides, where they differ and the words do not tell."""
    its, ours = (shape_text(one.shape) for one in (evidence.port, evidence.reference))
    return "" if its == ours or its in said else f", of shape {its} in place of {ours}"


def _rivals(also: Sequence[str]) -> str:
    """What else gives the same tensor, so that the evidence cannot tell them apart."""
    if not also:
        return ""
    more = f", and {len(also) - _MOST_TOLD} more" if len(also) > _MOST_TOLD else ""
    return f" (the same tensor: {'; '.join(also[:_MOST_TOLD])}{more})"


def _unexplained(evidence: DifferingLayer, tried: int) -> Cause:
    traits = signature(evidence.reference, evidence.port)
    looks = ", ".join(traits) or "none"
    if evidence.reference.shape != evidence.port.shape:
        shapes = [shape_text(one.shape) for one in (evidence.port, evidence.reference)]
        looks += f", {shapes[0]} in place of {shapes[1]}"
    late = "; the time was up before all were tried" if evidence.is_late() else ""
    words = f"none of {tried} hypotheses reproduces the port's tensor; its error is: {looks}{late}."
    return Cause(False, words, signature=traits, tried=tried)

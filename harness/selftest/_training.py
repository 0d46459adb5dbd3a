"""Mistakes in training: what each one changes, wherever it applies in a recipe or a model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.layer_note import LayerNote
from harness.pairs.recipe import Recipe
from harness.selftest._catalogue import Mistake
from harness.training.change import Change

EVERYWHERE, RECIPE = "(all norms)", "(recipe)"
_LONG = 1_000_000
_PARAMETERS, _PATHS = ("weight", "bias"), ("running_mean", "running_var")
_DEFAULTS = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}


@dataclass(frozen=True)
class Fault:
    """A fault in one layer of the port, as `harness.sides.inject_fault` knows it."""

    kind: str
    path: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class TrainingMistake:
    """One mistake at one place. An explanation that is right has one of the words in `names`.

    What the port does otherwise is a change of its steps, or faults in its layers.
    """

    kind: str
    place: str
    names: tuple[str, ...]
    change: Change = field(default_factory=Change)
    faults: tuple[Fault, ...] = ()

    def scored(self) -> Mistake:
        """The row of a score."""
        faults = [asdict(fault) for fault in self.faults]
        attributes = {"change": asdict(self.change), "faults": faults}
        return Mistake(self.kind, "training", self.place, "train", self.names, attributes)


@dataclass(frozen=True)
class Trained:
    """What is trained: the recipe, its groups, the parameters in none, the port's layers and state."""

    recipe: Recipe
    groups: Mapping[str, Sequence[str]]
    unclaimed: Sequence[str]
    steps_per_epoch: int
    batch: int
    layers: Mapping[str, LayerNote]
    keys: frozenset[str]

    @property
    def learning(self) -> list[str]:
        """The parameters of all groups."""
        return [name for members in self.groups.values() for name in members]

    def option(self, name: str) -> Any:
        """An option of the optimiser."""
        return self.recipe.options.get(name, _DEFAULTS.get(name))


def training_mistakes(trained: Trained) -> list[TrainingMistake]:
    """Every mistake at every place."""
    return [
        *_rates(trained),
        *_decay(trained),
        *(_momentum(trained) if trained.recipe.optimizer == "sgd" else _adam(trained)),
        *_members(trained),
        *_gathering(trained),
        *_averages(trained),
        *_losses(trained),
        *_norms(trained),
    ]


def training_sample(
    mistakes: Sequence[TrainingMistake], count: int | None, seed: int
) -> list[TrainingMistake]:
    """A seeded sample that takes each kind before it takes a second of any; one of each kind for None."""
    draw = random.Random(seed)
    kinds = list(dict.fromkeys(one.kind for one in mistakes))
    waiting = [[one for one in mistakes if one.kind == kind] for kind in kinds]
    for of_kind in waiting:
        draw.shuffle(of_kind)
    draw.shuffle(waiting)
    wanted = len(kinds) if count is None else min(count, len(mistakes))
    found: list[TrainingMistake] = []
    while len(found) < wanted:
        found += [of_kind.pop() for of_kind in waiting if of_kind]
    return found[:wanted]


def _rates(trained: Trained) -> Iterator[TrainingMistake]:
    def one(kind: str, names: str, **change: Any) -> TrainingMistake:
        return TrainingMistake(kind, RECIPE, (names,), Change(**change))

    yield one("rate times 10", "the learning rate is taken 10 times", rate=10.0)
    yield one("rate too large by 3 %", "the learning rate is taken 1.03 times", rate=1.03)
    yield one("schedule late by a step", "1 steps late", lag=1)
    yield one("schedule early by a step", "1 steps early", lag=-1)
    epoch = trained.steps_per_epoch
    yield one("schedule late by an epoch", f"{epoch} steps late", lag=epoch)
    yield one("no schedule", "stay as in the first step", lag=_LONG)
    for group in trained.recipe.groups:
        if group.factor != 1 and trained.groups.get(group.name):
            change = Change(rate=1 / group.factor, groups=[group.name])
            names = (f"taken {1 / group.factor:.4g} times",)
            yield TrainingMistake("the group's own rate missing", group.name, names, change)


def _decay(trained: Trained) -> Iterator[TrainingMistake]:
    decay, words = trained.option("weight_decay"), ("weight_decay is",)
    if decay:
        yield TrainingMistake("no decay", RECIPE, words, Change(options={"weight_decay": 0.0}))
    other = {"adam": "adamw", "adamw": "adam"}.get(trained.recipe.optimizer)
    if decay and other:
        yield TrainingMistake("decay in the other place", RECIPE, (f"{other} stands",), Change(kind=other))
    for group in trained.recipe.groups if len(trained.groups) > 1 else ():
        if not trained.groups.get(group.name):
            continue
        now = group.options.get("weight_decay", decay)
        change = Change(options={"weight_decay": 0.0 if now else 1e-2}, groups=[group.name])
        kind = "no decay in a group" if now else "decay in a group that has none"
        yield TrainingMistake(kind, group.name, (f"in the group {group.name}",), change)


def _momentum(trained: Trained) -> Iterator[TrainingMistake]:
    momentum = trained.option("momentum") or 0.0
    other = 0.95 if momentum == 0.9 else 0.9
    nesterov = bool(trained.option("nesterov"))
    yield _option("another momentum", "momentum is", momentum=other)
    if momentum:
        yield _option("nesterov", "nesterov is", nesterov=not nesterov)
        yield _lost()
    if momentum and not nesterov:  # torch refuses both together
        yield _option("dampening", "dampening is", dampening=momentum)


def _adam(trained: Trained) -> Iterator[TrainingMistake]:
    betas, eps = trained.option("betas"), trained.option("eps")
    yield _option("second beta", "betas is", betas=[betas[0], 0.99])
    yield _option("betas swapped", "betas is", betas=[betas[1], betas[0]])
    yield _option("eps times 100", "eps is", eps=eps * 100)
    for kind, word, change in (
        ("eps before the correction", "eps is added before", Change(early_eps=True)),
        ("no bias correction", "no bias correction", Change(begun=_LONG)),
        ("a step too many counted", "one step too many", Change(begun=1)),
    ):
        yield TrainingMistake(kind, RECIPE, (word,), change)
    yield _lost()


def _option(kind: str, word: str, **options: Any) -> TrainingMistake:
    return TrainingMistake(kind, RECIPE, (word,), Change(options=options))


def _lost() -> TrainingMistake:
    """What the optimiser remembers is not in the checkpoint that a training goes on from."""
    return TrainingMistake("slots lost", RECIPE, ("remembered is lost",), Change(slots_lost=True))


def _members(trained: Trained) -> Iterator[TrainingMistake]:
    for name, members in trained.groups.items():
        if members and len(trained.groups) > 1:
            words = (f"the group {name} is not updated",)
            yield TrainingMistake("group missing", name, words, Change(left_out=list(members)))
    for name in trained.learning:
        words = (f"{name} is not updated",)
        yield TrainingMistake("parameter missing", name, words, Change(left_out=[name]))
    for name in trained.unclaimed:
        words = (f"{name} is updated",)
        yield TrainingMistake("layer not frozen", name, words, Change(also=[name]))


def _gathering(trained: Trained) -> Iterator[TrainingMistake]:
    if trained.recipe.accumulate > 1 or trained.recipe.passes is not None:
        yield TrainingMistake("mean of gradients", RECIPE, ("as their mean",), Change(sums="mean"))
        yield TrainingMistake("last gradients alone", RECIPE, ("only the last",), Change(sums="last"))
    yield TrainingMistake("gradients not cleared", RECIPE, ("not cleared",), Change(uncleared=True))
    clip = trained.recipe.clip
    if clip is not None:
        yield TrainingMistake("no clipping", RECIPE, ("not clipped",), Change(clip=0.0))
        yield TrainingMistake("each clipped by itself", RECIPE, ("by itself",), Change(clip_by="each"))
    other = 1.0 if clip is None else clip / 10
    yield TrainingMistake("another norm for clipping", RECIPE, ("clipped to",), Change(clip=other))


def _averages(trained: Trained) -> Iterator[TrainingMistake]:
    ema = trained.recipe.ema
    if ema is None:
        return
    words = ("averaged weights",)
    yield TrainingMistake("another decay of averages", RECIPE, words, Change(keeps=1 - 3 * (1 - ema.decay)))
    early = Change(early_average=True)
    yield TrainingMistake("averages before the step", RECIPE, ("weights before the step",), early)
    if ema.ramp:
        yield TrainingMistake("no ramp of averages", RECIPE, ("no ramp",), Change(keeps=ema.decay))


def _losses(trained: Trained) -> Iterator[TrainingMistake]:
    size = float(trained.batch)
    yield TrainingMistake("loss times the batch", RECIPE, (f"{size:g} times",), Change(loss=size))
    words = (f"multiplied by {size:g}", f"taken {size:g} times")  # the same for a plain SGD
    yield TrainingMistake("gradients times the batch", RECIPE, words, Change(gradient=size))


def _norms(trained: Trained) -> Iterator[TrainingMistake]:
    momenta = {
        path: layer.attributes["momentum"]
        for path, layer in trained.layers.items()
        if layer.attributes.get("momentum") and all(f"{path}.{name}" in trained.keys for name in _PATHS)
    }
    other = tuple(Fault("momentum", path, {"momentum": 1 - value}) for path, value in momenta.items())
    if other and trained.recipe.mode == "train":
        yield TrainingMistake("momentum of norms", EVERYWHERE, ("momentum of",), faults=other)
        for fault in other:
            yield TrainingMistake("momentum of one norm", fault.path, ("momentum of",), faults=(fault,))
            for kind, words in (("statistics stale", "not updated"), ("variance biased", "biased variance")):
                yield TrainingMistake(kind, fault.path, (words,), faults=(Fault(kind, fault.path, {}),))
    for name in trained.learning:
        path, _, own = name.rpartition(".")
        if path in trained.layers and own in _PARAMETERS:
            fault = Fault(f"{own} frozen", path, {})
            yield TrainingMistake("layer frozen", name, ("no gradient",), faults=(fault,))

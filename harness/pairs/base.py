"""What a pair is: one model that exists on both sides, declared as data, no framework imported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Literal

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.choices import MODES as MODES
from harness.choices import Mode as Mode
from harness.errors import BadInput
from harness.pairs import option
from harness.pairs.drawing import Drawn as Drawn
from harness.pairs.inference import Inference as Inference
from harness.pairs.option import Numbers as Numbers
from harness.pairs.option import Option as Option
from harness.pairs.own_training import OwnTraining as OwnTraining
from harness.pairs.recipe import PUBLISHED, SHORT
from harness.pairs.recipe import Recipe as Recipe
from harness.spelling import meant, perhaps
from harness.state_table import StateTable

Arrays = Dict[str, NDArray[Any]]
Split = Literal["train", "val"]
SPLITS: tuple[Split, ...] = ("train", "val")


@dataclass(frozen=True)
class Upstream:
    """Where a reference comes from: the repository and commit it is pinned to."""

    repo: str
    commit: str
    licence: str


@dataclass(frozen=True)
class Variant:
    """One form of a model. `upstream` is None where nothing published corresponds to it.

    It is built with `options`; those that `choices` names can be given another value with `--option`.
    """

    name: str
    summary: str
    upstream: Upstream | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class InputRequest:
    """What a pair is asked to draw inputs for; None means the pair's own default."""

    variant: Variant
    mode: Mode
    seed: int
    batch: int | None = None
    size: tuple[int, int] | None = None
    tag: str = "compare"


@dataclass(frozen=True)
class DataRequest:
    """Which samples a pair is asked for; None means the pair's own default.

    `source` is a folder in the data set's published layout, or None for synthetic samples. `limit` is the
    most samples; synthetic ones are as many. `epochs` is the length of the training, for what its last epochs
    change.
    """

    variant: Variant
    split: Split = "train"
    source: Path | None = None
    seed: int = 0
    size: tuple[int, int] | None = None
    fold: int | None = None
    limit: int | None = None
    epochs: int | None = None


class DataSet(ABC):
    """Samples by number. A sample depends on its number, the epoch and the generator that it is given alone.

    `least` is the smallest batch that a training takes; None where only whole batches are taken.
    """

    least: int | None = 1

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One of them, as the network is given it, but for the dimension of the batch."""

    def name(self, index: int) -> str:
        """What a message calls a sample."""
        return str(index)

    def batch(self, samples: Sequence[Arrays]) -> Arrays:
        """Several samples as one batch."""
        return {key: np.stack([sample[key] for sample in samples]) for key in samples[0]}

    def check(self) -> None:  # noqa: B027 - not every data set has something to look at
        """Raise BadInput where it is seen at a glance that a sample cannot be read."""


class Meter(ABC):
    """The metrics of a split, taken batch by batch from what a network returned.

    `figure` names the figure of a sample, `protocol` says how the metrics are taken, in words.
    """

    figure: str = "figure"
    protocol: str = ""

    @abstractmethod
    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in; a figure for each of its samples, by which two networks are compared."""

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """The metrics of all batches so far. The first is the one that counts; more of it is better."""

    def steps(self) -> dict[str, float]:
        """The smallest change that one target, pixel or sample makes to a metric, where it is known."""
        return {}

    def kept(self) -> dict[str, list[float]] | None:
        """All that it remembers, as lists of numbers; None where an evaluation cannot go on from that."""
        return None

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from what another one has kept; any error says that it does not fit."""
        raise BadInput(f"{type(self).__name__} keeps figures, and has no `take_up` that goes on from them")

    def empty(self) -> str:
        """Why the metrics of all batches so far show nothing; empty where they show something."""
        return ""


@dataclass(frozen=True)
class Subset:
    """A small part of a published data set: what is taken from where. None means the pair's own default."""

    source: Path
    target: Path
    count: int | None = None
    classes: tuple[str, ...] = ()
    seed: int | None = None
    train_share: float | None = None
    annotations: Path | None = None


@dataclass(frozen=True)
class Override:
    """Another rule for the addresses matching `pattern` (a glob), with the reason in words.

    `policy` is `absolute` (compare with `atol` alone, for what is zero in theory), `fixed`, or `skip`.
    """

    pattern: str
    policy: Literal["absolute", "fixed", "skip"]
    reason: str
    atol: float = 0.0
    rtol: float = 0.0


@dataclass(frozen=True)
class Pair:
    """A model on both sides.

    `reference` and `port` name importable modules that each offer `build(variant, **options)`, which
    returns a module, and `losses(outputs, inputs)`, which returns named scalars; the first one is
    back-propagated. A model with a method `losses` of the same kind is asked itself instead. A module whose
    training is to be compared as well offers `own_training(model, length)`, which returns an `OwnTraining`.
    Or they name a class, `MODULE:CLASS`, which is called with the options; its loss is the mean square of its
    outputs.
    `forward` lists the inputs the model is called with, in order.

    `seeded_state` draws a whole state where `weight_rule`, entry by entry, does not do: what is folded from
    drawn weights. It is given the state table. `traced_variant` and `traced_prefix` say how traces of the
    upstream code name a variant, and what they put before the names of layers and parameters; it is given the
    trace's header and, in it, the `input_shapes`. `traced_keys` are the keys of such a header that are this
    pair's own, and what each decides;
    `traced_gradients` is a glob of the parameters whose gradients such a trace keeps, if they have any.
    `traced_outputs` gives its names of outputs where they are not ours, `traced_inputs` the inputs that it
    describes and does not hold. A trace of several variants is of that which the user names.
    `prepare_data` writes a small part of a published data set and returns the file that describes it.
    `variant_recipes` are for variants that are trained otherwise than by `recipe`. `recipes` are others, that
    nobody published, by the names that a user asks for them with.
    `data_set` gives the samples of trainings; without it their batches are drawn by `draw_inputs`. It comes
    in `folds`, if in any. `meter` takes the metrics of a split; without it `metrics` are averaged.
    `pictures` draws a batch of one, of its outputs and inputs. `inference` reads a user's own files.
    `layer_map` is a file of `align map`: the reference's names for the port's layers, where its own differ.
    """

    name: str
    title: str
    variants: Mapping[str, Variant]
    reference: str
    port: str
    draw_inputs: Callable[[InputRequest], Arrays]
    forward: tuple[str, ...]
    recipe: Recipe
    weight_rule: Callable[[int, str, tuple[int, ...]], NDArray[np.generic]] = seeded.weight
    metrics: Callable[[Arrays, Arrays], dict[str, float]] | None = None
    overrides: Callable[[Variant, Mode], tuple[Override, ...]] = lambda variant, mode: ()
    checkpoint_prefixes: tuple[str, ...] = ()
    seeded_state: Callable[[Variant, int, StateTable], Arrays] | None = None
    traced_variant: Callable[[Mapping[str, Any]], str] = lambda header: str(header["variant"])
    traced_keys: Mapping[str, str] = field(default_factory=dict)
    traced_prefix: str = ""
    traced_gradients: Callable[[Mapping[str, Any]], str] = lambda header: "*"
    traced_outputs: Callable[[Mapping[str, Any], Variant], dict[str, str]] = lambda header, variant: {}
    traced_inputs: Callable[[Mapping[str, Any]], Arrays] = lambda header: {}
    prepare_data: Callable[[Subset], Path] | None = None
    variant_recipes: Mapping[str, Recipe] = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    data_set: Callable[[DataRequest], DataSet] | None = None
    folds: int = 0
    meter: Callable[[Variant], Meter] | None = None
    pictures: Callable[[Arrays, Arrays], Drawn] | None = None
    inference: Callable[[Variant], Inference] | None = None
    layer_map: Path | None = None

    def variant(self, name: str | None) -> Variant:
        """The variant called `name`, perhaps with options in brackets, or the first one."""
        first = next(iter(self.variants))
        base, given = option.split(first if name is None else name)
        base = self._spelled("variant", base or first, self.variants)
        declared = self.variants[base]
        chosen = option.read(f"{self.name} {base}", declared.choices, given)
        other = {key: value for key, value in chosen.items() if value != declared.options.get(key)}
        if not other:
            return declared
        full = option.joined(base, (f"{key}={value}" for key, value in sorted(other.items())))
        return replace(declared, name=full, options={**declared.options, **other})

    def recipe_of(self, variant: Variant, name: str = SHORT) -> Recipe:
        """How a variant is trained, as published or by another recipe of that name."""
        if name in (SHORT, PUBLISHED):
            return self.variant_recipes.get(option.split(variant.name)[0], self.recipe)
        return self.recipes[self._spelled("recipe", name, self.recipes, SHORT, PUBLISHED)]

    def _spelled(self, kind: str, name: str, known: Collection[str], *others: str) -> str:
        """The known name that a user means."""
        found = meant(name, known)
        if found is None:
            listed = (*others, *known)
            raise BadInput(
                f"{self.name} has no {kind} {name!r}{perhaps(name, listed)}; it has {', '.join(listed)}"
            )
        return found

    def inputs(self, request: InputRequest) -> Arrays:
        """The inputs of a case; what the pair does not draw it refuses in its own words."""
        try:
            return self.draw_inputs(request)
        except BadInput:
            raise
        except ValueError as error:
            raise BadInput(f"{self.name}: {error}") from error
        except Exception as error:  # a stranger's code may raise anything; the message repeats it
            raise BadInput(f"{self.name} cannot draw inputs: {type(error).__name__}: {error}") from error

    def given(self, present: Collection[str]) -> list[str]:
        """The inputs to call the model with, of those `present`: a recorded case may lack the last ones."""
        found = [name for name in self.forward if name in present]
        if found != list(self.forward[: len(found)]):
            lacking = next(name for name in self.forward if name not in present)
            raise BadInput(f"the case has no input {lacking!r}, which {self.name} is called with")
        return found

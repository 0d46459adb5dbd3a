"""The mistakes: what each one changes, where it can be injected, and what a good explanation mentions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from harness.deviation import Deviation
from harness.layer_note import Attributes, LayerNote
from harness.pairs.base import Recipe

Group = Literal["attribute", "forward", "weight", "backward", "buffer", "loss", "optimiser", "training"]
Layers = Mapping[str, LayerNote]
Change = Callable[[Any], Any]

_ACTIVATIONS = ("ReLU", "LeakyReLU", "SiLU", "GELU", "Sigmoid", "Tanh", "ReLU6", "Hardswish", "ELU")
_FUNCTIONS = ("relu", "leaky_relu", "silu", "gelu", "sigmoid", "tanh", "relu6", "hardswish", "softmax")
_NORMS = ("BatchNorm", "BatchNorm1d", "BatchNorm2d", "SyncBatchNorm")
_CONVOLUTIONS = ("Conv", "Conv2d", "ConvTranspose2d")
_JOINING = ("cat", "add", "sub")
LOSS, OPTIMISER = "(loss)", "(optimiser)"


@dataclass(frozen=True)
class Kind:
    """One kind of mistake. `types` limits it to layers of those classes, `needs` to layers with those keys.

    `attribute` and `value` are for kinds that set one, `matters_with` names what must not be zero beside it;
    others are planted under their own name. `names` are words of which an explanation that is right has
    one; where there are none, any cause will do.
    """

    name: str
    group: Group
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    not_types: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    attribute: str = ""
    matters_with: str = ""
    value: Change = lambda value: None

    @property
    def mode(self) -> Literal["eval", "train"]:
        """The mode that shows it."""
        late = self.group in ("backward", "buffer", "loss") or self.name == "momentum"
        return "train" if late else "eval"


@dataclass(frozen=True)
class Mistake:
    """One mistake at one place of one port."""

    kind: str
    group: Group
    path: str
    mode: Literal["eval", "train"]
    names: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def _toggled(value: Any) -> Any:
    return not value if isinstance(value, bool) or value is None else None


def _attribute(name: str, attribute: str, value: Change, names: tuple[str, ...], **more: Any) -> Kind:
    return Kind(name, "attribute", names, attribute=attribute, value=value, **more)


def _weight(name: str, words: str) -> Kind:
    return Kind(name, "weight", (words,), types=_CONVOLUTIONS, needs=("weight",))


KINDS: tuple[Kind, ...] = (
    _attribute("eps x 100", "eps", lambda eps: eps * 100, ("eps",)),
    _attribute("eps of 1e-3", "eps", lambda eps: 1e-3 if eps < 1e-3 else None, ("eps",)),
    _attribute("momentum", "momentum", lambda m: 1 - m if m else None, ("momentum",), types=_NORMS),
    _attribute("slope", "negative_slope", lambda slope: slope + 0.1, ("slope",)),
    _attribute("slope of Jittor's", "scale", lambda slope: slope + 0.1, ("slope",), types=("LeakyReLU",)),
    _attribute("align_corners", "align_corners", _toggled, ("align_corners",)),
    _attribute("ceil_mode", "ceil_mode", _toggled, ("ceil_mode",)),
    _attribute(
        "count_include_pad", "count_include_pad", _toggled, ("count_include_pad",), matters_with="padding"
    ),
    _attribute(
        "padding_mode",
        "padding_mode",
        lambda mode: "reflect" if mode == "zeros" else None,
        ("padding_mode",),
        types=_CONVOLUTIONS,
        matters_with="padding",
    ),
    _attribute("nearest", "mode", lambda mode: "nearest" if mode == "bilinear" else None, ("mode",)),
    _attribute("softmax axis", "dim", lambda dim: 1 if dim != 1 else 2, ("dim",), types=("softmax",)),
    Kind("norm in the other mode", "attribute", ("mode",), types=_NORMS),
    Kind("scaled", "forward", ("times",)),
    Kind("shifted", "forward", ("plus",)),
    Kind("negated", "forward", ("sign", "subtracted", "times -1")),
    Kind("columns flipped", "forward", ("left to right",), types=_CONVOLUTIONS),
    Kind("rows flipped", "forward", ("upside down",), types=_CONVOLUTIONS),
    Kind("height and width exchanged", "forward", ("transposed",), types=_CONVOLUTIONS),
    Kind("shifted by a column", "forward", ("column",), types=_CONVOLUTIONS),
    Kind("shifted by a row", "forward", ("row",), types=_CONVOLUTIONS),
    Kind("channels reversed", "forward", ("channels",), types=_CONVOLUTIONS),
    Kind("channels rolled", "forward", ("channels",), types=_CONVOLUTIONS),
    Kind("ReLU added", "forward", ("ReLU",), not_types=(*_ACTIVATIONS, *_FUNCTIONS)),
    Kind("sigmoid added", "forward", ("sigmoid",), not_types=(*_ACTIVATIONS, *_FUNCTIONS)),
    Kind("tanh added", "forward", ("tanh",), not_types=(*_ACTIVATIONS, *_FUNCTIONS)),
    Kind("absolute value", "forward", ("absolute",), not_types=(*_ACTIVATIONS, *_FUNCTIONS)),
    Kind("half precision", "forward", ("float16",)),
    Kind("zeroed", "forward", ("zero", "times 0.")),
    Kind("left out", "forward", ("missing", "eps", "no "), types=(*_ACTIVATIONS, *_NORMS)),
    Kind("leaky", "forward", ("slope",), types=("ReLU",)),
    Kind("SiLU for ReLU", "forward", ("SiLU",), types=("ReLU",)),
    Kind("capped at 6", "forward", ("ReLU6",), types=("ReLU",)),
    Kind("number a channel added", "forward", ("number a channel", "bias"), types=_CONVOLUTIONS),
    Kind("parts in the opposite order", "forward", ("order", "sign"), types=("cat", "sub")),
    Kind("first part scaled", "forward", ("times",), types=_JOINING),
    Kind("last part scaled", "forward", ("times",), types=_JOINING),
    Kind("first part left out", "forward", ("times 0", "unchanged", "zero"), types=_JOINING),
    _weight("kernel transposed", "transposed"),
    Kind(
        "kernel flipped left to right", "weight", ("left to right",), types=_CONVOLUTIONS, needs=("weight",)
    ),
    _weight("kernel flipped upside down", "upside down"),
    _weight("kernel turned", "half a turn"),
    _weight("input channels reversed", "input channels"),
    _weight("output channels reversed", "channels"),
    _weight("channels exchanged", "exchanged"),
    Kind("bias missing", "weight", ("no bias",), needs=("bias",)),
    Kind("bias doubled", "weight", ("bias added twice",), needs=("bias",)),
    Kind("bias negated", "weight", ("bias",), needs=("bias",)),
    Kind("weight in half precision", "weight", ("half precision",), needs=("weight",)),
    _weight("weight scaled", "times"),
    Kind("running mean of zero", "weight", ("running mean",), types=_NORMS, needs=("running_mean",)),
    Kind("running variance of one", "weight", ("running variance",), types=_NORMS, needs=("running_var",)),
    Kind("norm without weight", "weight", ("no weight",), types=_NORMS, needs=("weight",)),
    Kind("detached", "backward", ("detached",)),
    Kind("gradient doubled", "backward", ("times 2", "twice")),
    Kind("first part detached", "backward", ("detached",), types=_JOINING),
    Kind("last part detached", "backward", ("detached",), types=_JOINING),
    Kind("weight frozen", "backward", ("detached",), needs=("weight",)),
    Kind("bias frozen", "backward", ("detached",), needs=("bias",)),
    Kind("statistics stale", "buffer", ("not updated",), types=_NORMS, needs=("running_mean",)),
    Kind("variance biased", "buffer", ("biased",), types=_NORMS, needs=("running_var",)),
    Kind("loss scaled", "loss", ("times",)),
    Kind("loss shifted", "loss", ("plus", "times")),
)


def optimiser_mistakes(recipe: Recipe, keys: Sequence[str]) -> list[Mistake]:
    """Mistakes in making or using the recipe's optimiser; `keys` are the parameters that have gradients."""
    ways: list[tuple[str, str, Deviation]] = [
        ("late schedule", "late", Deviation(lag=1)),
        ("early schedule", "early", Deviation(lag=-1)),
        ("learning rate times 10", "rate times", Deviation(rate=10.0)),
        ("gradients not cleared", "cleared", Deviation(accumulate=True)),
        ("first step missing", "first step", Deviation(skipped=1)),
    ]
    decay = 0.0 if recipe.options.get("weight_decay") else 1e-4
    ways.append(("weight decay", "weight_decay", Deviation(options={"weight_decay": decay})))
    if recipe.optimizer == "sgd":
        if recipe.options.get("nesterov"):
            ways.append(("nesterov left out", "nesterov", Deviation(options={"nesterov": False})))
        momentum = 0.95 if recipe.options.get("momentum") == 0.9 else 0.9
        ways.append(("another momentum", "momentum", Deviation(options={"momentum": momentum})))
    else:
        eps = 100 * recipe.options.get("eps", 1e-8)
        ways.append(("Adam's eps", "eps=", Deviation(options={"eps": eps})))
        ways.append(("Adam's eps before the correction", "before the", Deviation(corrected_eps=True)))
        ways.append(("no bias correction", "without the bias", Deviation(begun=1_000_000)))
        ways.append(("second beta", "betas", Deviation(options={"betas": (0.9, 0.99)})))
    found = [Mistake(name, "optimiser", OPTIMISER, "train", (word,), asdict(how)) for name, word, how in ways]
    for key in keys:
        how, path = Deviation(left_out=key), key.rpartition(".")[0]
        found.append(
            Mistake("parameter not updated", "optimiser", path, "train", ("not updated",), asdict(how))
        )
    return found


def places(kind: Kind, layers: Layers, keys: frozenset[str]) -> Iterator[Mistake]:
    """Every place of a port where a kind applies; `keys` are those of its state."""
    if kind.group == "loss":
        yield Mistake(kind.name, kind.group, LOSS, kind.mode, kind.names)
        return
    for path, layer in layers.items():
        if path == "(model)" or not _is_leaf(path, layers) or not _fits(kind, path, layer, keys):
            continue
        attributes, changes = layer.attributes, {}
        if kind.attribute:
            if kind.attribute not in attributes:
                continue
            value = kind.value(attributes[kind.attribute])
            if kind.matters_with and not np.any(attributes.get(kind.matters_with, 0)):
                continue
            if value is None or value == attributes[kind.attribute]:
                continue
            changes = {kind.attribute: value}
        yield Mistake(kind.name, kind.group, path, kind.mode, kind.names, changes)


def _is_leaf(path: str, layers: Layers) -> bool:
    return not any(other.startswith(f"{path}.") for other in layers)


def _fits(kind: Kind, path: str, layer: LayerNote, keys: frozenset[str]) -> bool:
    if (kind.types and layer.type not in kind.types) or layer.type in kind.not_types:
        return False
    return all(f"{path}.{name}" in keys for name in kind.needs)


def sample(
    layers: Layers,
    keys: frozenset[str],
    count: int | None,
    seed: int = 0,
    more: Sequence[Mistake] = (),
) -> list[Mistake]:
    """A seeded sample that takes each kind before it takes a second of any; all of them for None."""
    draw = random.Random(seed)
    waiting = [list(places(kind, layers, keys)) for kind in KINDS]
    waiting += [[item for item in more if item.kind == kind] for kind in dict.fromkeys(m.kind for m in more)]
    for mistakes in waiting:
        draw.shuffle(mistakes)
    draw.shuffle(waiting)
    found: list[Mistake] = []
    while any(waiting) and (count is None or len(found) < count):
        found += [mistakes.pop() for mistakes in waiting if mistakes]
    return found if count is None else found[:count]

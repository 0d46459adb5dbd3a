"""Attributes: what differs between two models without being a tensor: eps, slope, padding, kind of layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness import json_codec
from harness.layer_note import Attributes, LayerNote

# One attribute under the names that frameworks give it.
SAME_NAME = (("negative_slope", "scale"),)
# An attribute that matters only where another one is not zero.
MATTERS_WITH = {"count_include_pad": "padding"}
# Operations of a tensor and one number, which frameworks name otherwise or not at all.
_OF_A_NUMBER = ("add", "sub", "mul", "div", "pow")
# Class names of one kind of layer; two classes of different kinds differ, others are not compared.
KINDS = (
    ("Conv", "Conv1d", "Conv2d", "Conv3d"),
    ("ConvTranspose", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
    ("Linear",),
    ("BatchNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"),
    ("InstanceNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    ("LayerNorm",),
    ("GroupNorm",),
    ("ReLU", "Relu", "relu"),
    ("LeakyReLU", "Leaky_relu", "leaky_relu"),
    ("ReLU6", "relu6"),
    ("PReLU",),
    ("ELU",),
    ("GELU", "gelu"),
    ("SiLU", "silu"),
    ("Mish",),
    ("Sigmoid",),
    ("Tanh",),
    ("Softplus",),
    ("Softmax", "softmax"),
    ("Hardswish",),
    ("Hardsigmoid",),
    ("Identity",),
    ("MaxPool2d",),
    ("AvgPool2d",),
    ("AdaptiveAvgPool2d",),
    ("AdaptiveMaxPool2d",),
    ("Upsample",),
    ("UpsamplingBilinear2d",),
    ("UpsamplingNearest2d",),
    ("PixelShuffle",),
    ("ReflectionPad2d",),
    ("ZeroPad2d",),
    ("ReplicationPad2d",),
)

Layers = Mapping[str, LayerNote]
_KIND_OF = {name: kind[0] for kind in KINDS for name in kind}
_OTHER_NAMES = {name: set(names) - {name} for names in SAME_NAME for name in names}


@dataclass(frozen=True)
class AttributeDifference:
    """An attribute of a layer that has another value in the port."""

    layer: str
    name: str
    reference: Any
    port: Any

    def __post_init__(self) -> None:
        for name in ("reference", "port"):
            object.__setattr__(self, name, json_codec.tidy(getattr(self, name)))


def attribute_differences(reference: Layers, candidate: Layers) -> list[AttributeDifference]:
    """What differs in the layers and attributes that both models have."""
    found: list[AttributeDifference] = []
    for path, ours in reference.items():
        its = candidate.get(path)
        if its is None:
            continue
        kinds = _KIND_OF.get(ours.type), _KIND_OF.get(its.type)
        if None not in kinds and kinds[0] != kinds[1]:
            found.append(AttributeDifference(path, "type", ours.type, its.type))
        pairs = _shared(ours.attributes, its.attributes)
        if "/" in path and ours.type == its.type in _OF_A_NUMBER and not pairs:
            pairs = _operands(ours.attributes, its.attributes)
        found += [AttributeDifference(path, name, value, other) for name, value, other in pairs]
    return found


def same_value(name: str, reference: Any, candidate: Any) -> bool:
    """Whether two values of one attribute mean the same: 2 is (2, 2), True is 1, a switch not set is off."""
    if reference is None or candidate is None:
        return not reference and not candidate and {type(reference), type(candidate)} <= {bool, type(None)}
    if isinstance(reference, list | tuple) or isinstance(candidate, list | tuple):
        return _same_items(name, reference, candidate)
    if isinstance(reference, int | float) and isinstance(candidate, int | float):
        return reference == candidate or math.isclose(reference, candidate, rel_tol=1e-6)
    return bool(reference == candidate)


def _same_items(name: str, reference: Any, candidate: Any) -> bool:
    ours, its = (list(v) if isinstance(v, list | tuple) else None for v in (reference, candidate))
    if ours is None or its is None:
        items, single = (its, reference) if ours is None else (ours, candidate)
        return bool(items) and all(same_value(name, single, item) for item in items or ())
    return len(ours) == len(its) and all(same_value(name, a, b) for a, b in zip(ours, its, strict=True))


def _shared(ours: Attributes, its: Attributes) -> list[tuple[str, Any, Any]]:
    found = []
    for name, value in ours.items():
        names = [name, *_OTHER_NAMES.get(name, ())]
        theirs = next((other for other in names if other in its), None)
        if theirs is None or same_value(name, value, its[theirs]) or not _matters(name, ours, its):
            continue
        found.append((name, value, its[theirs]))
    return found


def _operands(ours: Attributes, its: Attributes) -> list[tuple[str, Any, Any]]:
    """The one number that each side is given, whatever they call it, if it is another one."""
    numbers, theirs = (
        [(name, value) for name, value in given.items() if type(value) in (int, float)]
        for given in (ours, its)
    )
    if len(numbers) != 1 or len(theirs) != 1:
        return []
    (name, value), (_, other) = *numbers, *theirs
    return [] if same_value(name, value, other) else [(name, value, other)]


def _matters(name: str, ours: Attributes, its: Attributes) -> bool:
    condition = MATTERS_WITH.get(name)
    return condition is None or not (
        same_value(condition, ours.get(condition), 0) and same_value(condition, its.get(condition), 0)
    )

"""Hypotheses: the layer has another attribute, or the function another argument.

To add one, add the values worth trying to a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from harness.attributes import same_value
from harness.diagnose._evidence import DifferingLayer, Trial

# Attribute or argument, and the values it is often confused with.
VALUES: dict[str, tuple[Any, ...]] = {
    "eps": (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-12, 0.0),
    "negative_slope": (0.01, 0.1, 0.2, 0.3, 0.0, 1.0),
    "alpha": (1.0, 0.1, 0.5, 2.0),
    "approximate": ("none", "tanh"),
    "align_corners": (False, True),
    "mode": (
        "nearest",
        "bilinear",
        "nearest-exact",
        "bicubic",
        "constant",
        "reflect",
        "replicate",
        "circular",
    ),
    "ceil_mode": (False, True),
    "count_include_pad": (False, True),
    "padding_mode": ("zeros", "reflect", "replicate", "circular"),
    "dim": (0, 1, 2, 3, -1),
    "axis": (0, 1, 2, 3, -1),
    "unbiased": (False, True),
    "keepdim": (False, True),
    "beta": (1.0, 2.0, 10.0),
    "threshold": (20.0, 10.0, 0.0),
    "value": (0.0, 1.0, float("-inf")),
    "affine": (False, True),
    "upscale_factor": (2, 4),
    "batch_first": (False, True),
    "nonlinearity": ("tanh", "relu"),
    "num_groups": (1, 2, 4, 8, 16, 32),
    "padding_idx": (None, 0, 1, -1),
}
_MOST_TOGETHER = 3
_KINDS = (("Avg", "Max"), ("Instance", "Batch"), ("Reflection", "Replication"), ("Nearest", "Bilinear"))
# What must change with an attribute for the result to have a shape at all.
TOGETHER: dict[str, dict[Any, dict[str, Any]]] = {
    "mode": {
        "nearest": {"align_corners": None},
        "nearest-exact": {"align_corners": None},
        "bilinear": {"align_corners": False},
        "bicubic": {"align_corners": False},
    },
}
# Arguments that a function takes though the call may not have given them.
OF_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "interpolate": ("align_corners", "mode"),
    "leaky_relu": ("negative_slope",),
    "gelu": ("approximate",),
    "softmax": ("dim",),
    "log_softmax": ("dim",),
    "batch_norm": ("eps",),
    "layer_norm": ("eps",),
    "normalize": ("eps", "dim"),
    "avg_pool2d": ("ceil_mode", "count_include_pad"),
    "max_pool2d": ("ceil_mode",),
    "pad": ("mode", "value"),
    "mean": ("dim",),
    "sum": ("dim",),
    "max": ("dim",),
    "var": ("unbiased",),
    "std": ("unbiased",),
    "grid_sample": ("align_corners", "padding_mode", "mode"),
    "cat": ("dim",),
}


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The port's own values first, one by one and together, then those that are often confused."""
    differing = {name: its for name, (_, its) in evidence.differing.items() if name != "type"}
    for name, its in differing.items():
        yield Trial(computed_with(evidence, {name: its}), {name: its})
    for count in range(2, min(len(differing), _MOST_TOGETHER) + 1):
        for some in combinations(differing, count):
            together = {name: differing[name] for name in some}
            yield Trial(computed_with(evidence, together), together)
    yield from _of_another_kind(evidence)
    yield from _of_other_sizes(evidence)
    names = dict.fromkeys([*evidence.attributes, *OF_FUNCTIONS.get(evidence.type, ())])
    for name in names:
        now = evidence.attributes.get(name)
        for value in (*VALUES.get(name, ()), *_near(name, now)):
            if name in evidence.attributes and same_value(name, now, value):
                continue
            needed = TOGETHER.get(name, {}).get(value, {}) if isinstance(value, str) else {}
            changes = {name: value, **needed}
            yield Trial(computed_with(evidence, {name: value}), changes)
    yield from _not_given(evidence)


def computed_with(evidence: DifferingLayer, changes: Mapping[str, Any]) -> str:
    """What is changed, in words; an argument without a name is named by what it was."""
    parts = []
    for name, its in changes.items():
        was = evidence.attributes.get(name)
        parts.append(f"{its} in place of {was}" if name.isdigit() else f"{name}={its}")
    return f"the reference computed with {' and '.join(parts)}"


def _of_other_sizes(evidence: DifferingLayer) -> Iterator[Trial]:
    """The sizes that it is told to make are those that the port's tensor has."""
    ours, its = evidence.reference.shape, evidence.port.shape
    for name, now in evidence.attributes.items() if ours != its else ():
        count = len(now) if isinstance(now, list | tuple) else 0
        if not count or tuple(now) != ours[-count:] or ours[:-count] != its[:-count]:
            continue
        sizes = list(its[-count:])
        exchanged = " (its sizes are exchanged)" if sorted(sizes) == sorted(now) else ""
        words = f"the reference computed with {name}={sizes}, not {list(now)}{exchanged}"
        yield Trial(words, {name: sizes})


def _of_another_kind(evidence: DifferingLayer) -> Iterator[Trial]:
    """The kind of layer that the port has, then kinds that take the same arguments."""
    own = evidence.type
    ported = evidence.differing["type"][1] if "type" in evidence.differing else ""
    if evidence.operation:
        return
    for kind in dict.fromkeys((ported, *_siblings(own))):
        if kind and kind != own:
            yield Trial(f"that of the reference's layer as {kind} in place of {own}", kind=kind)


def _siblings(kind: str) -> Iterator[str]:
    for one, other in _KINDS:
        if one in kind:
            yield kind.replace(one, other)
        elif other in kind:
            yield kind.replace(other, one)


def _not_given(evidence: DifferingLayer) -> Iterator[Trial]:
    """A call without one of its inputs, if it has several."""
    if not evidence.operation and len(evidence.inputs) > 1:
        for place in range(1, len(evidence.inputs)):
            yield Trial(f"the reference computed without its input number {place}", without=(str(place),))


def _near(name: str, now: Any) -> tuple[Any, ...]:
    """Neighbours of a geometry."""
    if name not in ("padding", "dilation", "groups", "stride", "kernel_size"):
        return ()
    if isinstance(now, list | tuple):
        pair = [int(item) for item in now]
        turned = (pair[::-1],) if pair != pair[::-1] else ()
        return (*([max(0, item + step) for item in pair] for step in (-1, 1)), *turned)
    return (max(0, now - 1), now + 1) if isinstance(now, int) else ()


def _of_one_sample(evidence: DifferingLayer) -> str:
    """That the statistics of one sample are those of its batch, so that either may be meant."""
    one = bool(evidence.inputs) and evidence.inputs[0].ndim > 1 and len(evidence.inputs[0]) == 1
    return " of one sample, or with the statistics of each sample" if one else ""


def trials_of_mode(evidence: DifferingLayer) -> Iterator[Trial]:
    """Each mode: a norm may be in evaluation while the model is in training, as a frozen one is."""
    if evidence.state.keys() & {"running_mean", "running_var"}:
        on_the_batch = f"in training mode, on the batch{_of_one_sample(evidence)}"
        modes = ((True, on_the_batch), (False, "in evaluation mode, on running statistics"))
        for is_training, said in modes if not evidence.training else modes[::-1]:
            yield Trial(f"the reference computed {said}", training=is_training)

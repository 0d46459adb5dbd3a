"""Hypotheses for a map of another size: a convolution or a pooling with another window, step or padding.

Only what gives the port's size is tried, one thing changed and then two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import Any

from harness.diagnose._arguments import Argument, numbers_of
from harness.diagnose._evidence import DifferingLayer, Trial

_VALUES: dict[str, Sequence[int]] = {
    "padding": (0, 1, 2, 3),
    "stride": (1, 2, 3, 4),
    "dilation": (1, 2, 3, 4),
    "kernel_size": (1, 2, 3, 4, 5, 6, 7),
}
_DEFAULTS = {"padding": 0, "stride": 1, "dilation": 1}
_MOST = 40
Sizes = tuple[int, ...]


def trials(evidence: DifferingLayer, told: Mapping[str, Argument]) -> Iterator[Trial]:
    """Every change that gives the port's size."""
    given, port = (evidence.inputs[0].shape if evidence.inputs else ()), evidence.port.shape
    now = _now(evidence, told, len(port) - 2)
    if not now or len(given) != len(port) or given[0] != port[0]:
        return
    for count in (1, 2):
        changes = _changes(evidence, now, count)
        fitting = (change for change in changes if _size(given[2:], {**now, **change}) == port[2:])
        for change in islice(fitting, _MOST):
            yield _trial(told, change)


def is_window(kind: str) -> bool:
    """Whether a layer or a function of this name moves a window over a map, and makes no map larger."""
    name = kind.lower().replace("_", "")
    is_pool = "pool" in name and not any(other in name for other in ("adaptive", "unpool", "lppool"))
    return is_pool or ("conv" in name and "transpose" not in name)


def _now(evidence: DifferingLayer, told: Mapping[str, Argument], axes: int) -> dict[str, Sizes]:
    """What the reference's window is, an entry an axis; empty where that is not known."""
    if axes < 1 or not is_window(evidence.type):
        return {}
    found = {
        name: numbers_of(told[name].value if name in told else value, axes)
        for name, value in _DEFAULTS.items()
    }
    if "pool" in evidence.type.lower():
        kernel = numbers_of(told["kernel_size"].value if "kernel_size" in told else None, axes)
        if "stride" not in told or told["stride"].value is None:
            found.pop("stride")  # it is as large as the window
    else:
        weight = evidence.state.get("weight")
        if weight is None and evidence.operation and len(evidence.inputs) > 1:
            weight = evidence.inputs[1]
        kernel = weight.shape[2:] if weight is not None and weight.ndim == axes + 2 else None
    if kernel is None or any(value is None for value in found.values()):
        return {}
    return {"kernel_size": kernel, **{name: value for name, value in found.items() if value is not None}}


def _changes(evidence: DifferingLayer, now: Mapping[str, Sizes], count: int) -> Iterator[dict[str, Sizes]]:
    is_pool = "pool" in evidence.type.lower()
    names = [name for name in _VALUES if is_pool or name != "kernel_size"]
    if is_pool and "max" not in evidence.type.lower():
        names.remove("dilation")
    axes = len(now["kernel_size"])
    options = {
        name: [
            one
            for one in dict.fromkeys([*((value,) * axes for value in _VALUES[name]), now.get(name, ())[::-1]])
            if one and one != now.get(name)
        ]
        for name in names
    }
    for some in combinations(names, count):
        for values in product(*(options[name] for name in some)):
            yield dict(zip(some, values, strict=True))


def _size(given: Sequence[int], window: Mapping[str, Sizes]) -> tuple[int, ...]:
    """How large the map is that a window makes."""
    kernel, stride = window["kernel_size"], window.get("stride", window["kernel_size"])
    return tuple(
        (size + 2 * pad - step * (width - 1) - 1) // move + 1
        for size, width, move, pad, step in zip(
            given, kernel, stride, window["padding"], window["dilation"], strict=True
        )
    )


def _trial(told: Mapping[str, Argument], change: Mapping[str, Sizes]) -> Trial:
    words, changes = [], dict[str, Any]()
    for name, sizes in change.items():
        value: Any = sizes[0] if len(set(sizes)) == 1 else list(sizes)
        own = told.get(name)
        changes[own.key if own is not None else name] = value
        words.append(own.changed_to(value, _why(own, sizes)) if own is not None else _not_told(name, value))
    return Trial(f"the reference computed with {' and '.join(words)}", changes)


def _not_told(name: str, value: Any) -> str:
    return f"{name}={value}, where the reference tells none"


def _why(own: Argument, sizes: Sizes) -> str:
    if _DEFAULTS.get(own.name) == sizes[0] and len(set(sizes)) == 1:
        return " (what it is where it is not given)"
    now = numbers_of(own.value, len(sizes))
    return " (its sizes are exchanged)" if now is not None and sizes == now[::-1] != now else ""

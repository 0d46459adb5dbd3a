"""Addresses: one name for a tensor, the same on both sides, in the CLI, files and reports.

    layer:PATH#CALL:out     what call number CALL of the layer at PATH returned
    layer:PATH#CALL:in.NAME what it was given (NAME is a position or a keyword)
    layer:PATH#CALL:grad    the gradient of the loss with respect to what it returned
    input:NAME  output:KEY  loss:NAME  grad:PARAM  grad_input:NAME  state:KEY  metric:NAME

In a training there are also:

    sum:PARAM               gradients that have come together for a step that is not due yet
    update:PARAM            by how much a step moved a parameter
    optimizer:PARAM.SLOT    what the optimiser remembers of it
    ema:KEY                 an averaged weight or buffer

Where steps of several passes are compared, `#NUMBER` behind such an address names the pass.

The file of a captured call also has `draw:NUMBER`: the numbers that dropouts drew in it.

A result made of several tensors adds its key: `layer:head#0:out.boxes`. An operation between modules
is a layer named after the module around it: `layer:encoder/add.1#0:out` is the second addition in
`encoder`. The model itself has the path `(model)`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

ROOT = "(model)"
EQUAL = "equal"  # the note of a trace of layers run alone: what is the reference's to the bit
CARRIED = "carried"  # a note of it: where results of calls that are given another shape arrived, and of whom
OWN_SHAPES = "own shapes"  # another note of it: where tensors of another shape arrived, and who made them
KINDS = (
    "input", "layer", "output", "loss", "grad", "grad_input", "state", "sum", "update", "optimizer", "ema",
    "metric", "draw",
)  # fmt: skip
_OTHER_KEY = {"": "0", "0": ""}
_LAYER = re.compile(r"layer:(?P<path>.+)#(?P<call>\d+):(?P<role>out|in|grad)(?:\.(?P<key>.+))?")


class LayerAddress(NamedTuple):
    """The parts of a layer's address."""

    path: str
    call: int
    role: str
    key: str

    @property
    def module(self) -> str:
        """The module this layer is, or the one around this operation."""
        return self.path.partition("/")[0]

    @property
    def module_call(self) -> tuple[str, int]:
        """That module, and the number of its call."""
        return self.module, self.call

    @property
    def is_operation(self) -> bool:
        """Whether this is an operation between modules, not a module."""
        return "/" in self.path


def layer(path: str, call: int, role: str, key: str = "") -> str:
    """The address of one tensor of one call of a layer."""
    return f"layer:{path or ROOT}#{call}:{role}" + (f".{key}" if key else "")


def kind(address: str) -> str:
    """What an address names: one of KINDS."""
    found = address.partition(":")[0]
    if found not in KINDS:
        allowed = ", ".join(KINDS)
        raise ValueError(f"{address!r} is no address: it should begin with one of {allowed} and a colon")
    return found


def is_layer_gradient(address: str) -> bool:
    """Whether an address names the gradient of what a layer returned."""
    return address.startswith("layer:") and parse_layer(address).role == "grad"


def is_result(address: str) -> bool:
    """Whether an address names what a layer or an operation returned."""
    return address.startswith("layer:") and parse_layer(address).role == "out"


def is_gradient(address: str) -> bool:
    """Whether an address names a gradient: of a parameter, an input or a layer."""
    return kind(address).startswith("grad") or is_layer_gradient(address)


def with_role(address: str, role: str) -> str:
    """The address of the same result in another role, as its gradient; what is no layer's stays as it is."""
    if not address.startswith("layer:"):
        return address
    place = parse_layer(address)
    return layer(place.path, place.call, role, place.key)


def lies_in(path: str, outer: str) -> bool:
    """Whether a layer is another one, or runs inside of it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}/"))


def is_inside(address: str, layer: str) -> bool:
    """Whether the tensor at an address belongs to a layer's call, or to what runs inside that layer."""
    if not address.startswith("layer:"):
        return False
    module, path = parse_layer(address).module, parse_layer(layer).path
    return path in (module, ROOT) or module.startswith(f"{path}.")


def other_form(address: str) -> str:
    """A layer's result, or its gradient, by its other name: by itself, or as the first of a tuple."""
    path, call, role, key = parse_layer(address)
    return layer(path, call, role, _OTHER_KEY[key]) if role in ("out", "grad") and key in _OTHER_KEY else ""


@lru_cache(maxsize=1 << 16)
def parse_layer(address: str) -> LayerAddress:
    """Split the address of a layer's tensor."""
    match = _LAYER.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is no layer address: it should look like layer:PATH#0:out")
    return LayerAddress(match["path"], int(match["call"]), match["role"], match["key"] or "")

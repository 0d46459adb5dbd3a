"""Gradients that are wrong since a layer is given another tensor: they have the cause of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness import address as addresses
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause
from harness.diagnose.layouts import same_elements
from harness.flows import recorded
from harness.trace import Trace

_GRADIENTS = ("layer_grad", "operation_grad")
_FORWARD = ("layer", "operation", "layer_input", "operation_input")


def told(sources: Sequence[Source], causes: Sequence[Cause], reference: Trace) -> list[Cause]:
    """The causes, where a gradient that none explains is that of the tensor taken, or of the right one.

    A layer that takes another tensor gives its gradient back to that one, and nothing to the right one. An
    operation that is wrong, or is given something wrong, gives another gradient back to what else it takes.
    """
    about: dict[str, tuple[Source, Cause]] = {}
    for source, cause in zip(sources, causes, strict=True):
        if cause.found and cause.taken and kind_of(source.address).endswith("_input"):
            for name in (cause.taken, source.address):
                for made in (name, *recorded.holders(reference, name)[0]):
                    about.setdefault(made, (source, cause))
    found = [_following(source, cause, about) for source, cause in zip(sources, causes, strict=True)]
    forward = [
        (source, cause)
        for source, cause in zip(sources, causes, strict=True)
        if kind_of(source.address) in _FORWARD
    ]
    return [_beside(source, cause, forward, reference) for source, cause in zip(sources, found, strict=True)]


def _following(source: Source, cause: Cause, about: dict[str, tuple[Source, Cause]]) -> Cause:
    made = addresses.with_role(source.address, "out") if kind_of(source.address) in _GRADIENTS else ""
    if cause.found or made not in about:
        return cause
    first, its = about[made]
    words = f"it follows from the first one, {first.address}: {its.sentence}"
    return Cause(True, words, words, tried=cause.tried, culprits=its.culprits or tuple(first.layers))


def _beside(source: Source, cause: Cause, forward: Sequence[tuple[Source, Cause]], reference: Trace) -> Cause:
    """The cause, where an operation that is wrong takes the very elements by a view, which has no name."""
    made = addresses.with_role(source.address, "out") if kind_of(source.address) in _GRADIENTS else ""
    if cause.found or made not in reference.records or not forward:
        return cause
    right = reference.array(made)
    for first, its in forward:
        for given in _views(first, reference):
            tensor = reference.array(given)
            if right is not None and tensor is not None and same_elements(right, tensor, 0.0):
                words = f"none of its own: it follows from {first.address}, which takes the same elements"
                return Cause(False, f"{words} as {given}.", culprits=its.culprits or tuple(first.layers))
    return cause


def _views(source: Source, reference: Trace) -> Iterator[str]:
    """What a call takes beside what is wrong, that is no result of a layer as it is."""
    call = addresses.parse_layer(source.address)
    for address, record in reference.records.items():
        if record.alias is None and address.startswith("layer:") and address != source.address:
            layer = addresses.parse_layer(address)
            if (layer.path, layer.call, layer.role) == (call.path, call.call, "in"):
                yield address

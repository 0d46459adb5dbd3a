"""Gradients that are wrong since a layer is given another tensor: they have the cause of that."""

from __future__ import annotations

from collections.abc import Sequence

from harness import address as addresses
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause
from harness.flows import recorded
from harness.trace import Trace

_GRADIENTS = ("layer_grad", "operation_grad")


def told(sources: Sequence[Source], causes: Sequence[Cause], reference: Trace) -> list[Cause]:
    """The causes, where a gradient that none explains is that of the tensor taken, or of the right one.

    A layer that takes another tensor gives its gradient back to that one, and nothing to the right one.
    """
    about: dict[str, tuple[Source, Cause]] = {}
    for source, cause in zip(sources, causes, strict=True):
        if cause.found and cause.taken and kind_of(source.address).endswith("_input"):
            for name in (cause.taken, source.address):
                for made in (name, *recorded.holders(reference, name)[0]):
                    about.setdefault(made, (source, cause))
    return [_following(source, cause, about) for source, cause in zip(sources, causes, strict=True)]


def _following(source: Source, cause: Cause, about: dict[str, tuple[Source, Cause]]) -> Cause:
    made = addresses.with_role(source.address, "out") if kind_of(source.address) in _GRADIENTS else ""
    if cause.found or made not in about:
        return cause
    first, its = about[made]
    words = f"it follows from the first one, {first.address}: {its.sentence}"
    return Cause(True, words, words, tried=cause.tried, culprits=its.culprits or tuple(first.layers))

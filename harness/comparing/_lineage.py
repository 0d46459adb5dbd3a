"""Order and flow in a trace: when each tensor was computed, and from which others."""

from __future__ import annotations

from collections import defaultdict

from harness import address as addresses
from harness.trace import Trace


def teller(reference: Trace, candidate: Trace) -> Trace:
    """The trace that knows the order of execution: an upstream trace is sorted by name."""
    return candidate if reference.upstream and not candidate.upstream else reference


def execution_order(reference: Trace, candidate: Trace) -> dict[str, int]:
    """The place of every address in the order of execution; what only the other trace has comes last."""
    first = teller(reference, candidate)
    second = candidate if first is reference else reference
    return {address: place for place, address in enumerate(dict.fromkeys([*first.records, *second.records]))}


def feeds(trace: Trace) -> dict[str, list[str]]:
    """The addresses that feed each address, where the trace records them.

    A layer's result is fed by the layer's inputs, under the addresses where these came about. What is the
    very tensor of another address is fed by that.
    """
    given: dict[tuple[str, int], list[str]] = defaultdict(list)
    found: dict[str, list[str]] = {}
    for address, record in trace.records.items():
        if record.alias:
            found[address] = [record.alias]
        if addresses.kind(address) != "layer":
            continue
        layer = addresses.parse_layer(address)
        if layer.role == "in":
            given[layer.path, layer.call].append(record.alias or address)
        elif layer.role == "out" and not record.alias:
            found[address] = list(given[layer.path, layer.call])
    return found

"""What each recorded call is given, which modules hand a result on, and of what a tensor is cut out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np

from harness import address as addresses
from harness.trace import Record, Trace

_FEWEST_VALUES, _LARGEST, _MOST_LOOKED_AT = 16, 1 << 22, 32
Call = tuple[str, int]


def given_by_call(recorded: Iterable[str]) -> dict[Call, list[str]]:
    """What each call of a layer or operation is given, by address."""
    found: dict[Call, list[str]] = {}
    for address in recorded:
        if address.startswith("layer:"):
            layer = addresses.parse_layer(address)
            if layer.role == "in":
                found.setdefault((layer.path, layer.call), []).append(address)
    return found


def handed_on(records: Mapping[str, Record]) -> dict[str, list[str]]:
    """By result, those of the modules around it that hand it on, the outermost first."""
    found: dict[str, list[str]] = defaultdict(list)
    for address, record in records.items():
        if record.alias is not None and addresses.is_result(address):
            found[record.alias].insert(0, address)
    return found


def holding(address: str, trace: Trace, among: Iterable[str]) -> Iterator[str]:
    """Those of some recorded tensors which hold every element of another one: it is cut out of them."""
    tensor = trace.array(address) if address in trace.records else None
    if tensor is None or tensor.dtype.kind != "f" or len(np.unique(tensor)) < _FEWEST_VALUES:
        return
    fitting = (name for name in among if tensor.size <= trace.records[name].size <= _LARGEST)
    for name in islice(fitting, _MOST_LOOKED_AT):
        found = trace.array(name)
        if found is not None and np.isin(tensor, found).all():
            yield name

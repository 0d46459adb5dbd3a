"""What each recorded call is given, and which modules hand a result on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from harness import address as addresses
from harness.trace import Record

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

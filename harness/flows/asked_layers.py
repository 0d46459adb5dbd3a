"""What `--layers` asks for has to be there: a name that no side has ends the run."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence

from harness import address as addresses
from harness.errors import BadInput
from harness.layer_choice import LayerChoice
from harness.trace import Trace

Unmatched = Mapping[str, Sequence[str]]


class AskedLayers:
    """Collects, side by side, what a rehearsal found nothing for."""

    def __init__(self, sides: Collection[str]) -> None:
        self._waited_for = set(sides)
        self._names = " or ".join(sides)
        self._lock = threading.Lock()
        self._found: list[Unmatched] = []

    def take_trace(self, text: str, trace: Trace) -> None:
        """Count what a stored trace holds as well."""
        choice = LayerChoice(text)
        for address in trace.records:
            if addresses.kind(address) == "layer":
                choice.selects(addresses.parse_layer(address).path, is_leaf=True)
        self._found.append(choice.unmatched())

    def take(self, side: str, unmatched: Unmatched) -> None:
        """Take what one side has nothing for; BadInput once every side has answered and none has it."""
        with self._lock:
            self._found.append(unmatched)
            self._waited_for.discard(side)
            complete = not self._waited_for
        if complete:
            for word in unmatched:
                if all(word in found for found in self._found):
                    raise BadInput(self._refusal(word))

    def _refusal(self, word: str) -> str:
        nearest = dict.fromkeys(name for found in self._found for name in found[word])
        listed = f" The nearest names are: {', '.join(nearest)}." if nearest else ""
        return (
            f"--layers: {word!r} matches nothing that runs in {self._names}.{listed} "
            "Give all, leaf, or globs of such paths with commas between them"
        )

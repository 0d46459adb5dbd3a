"""JSON in a checkpoint, with a limit on its memory: `[],[],[]` takes twenty times its length."""

from __future__ import annotations

import re
from typing import Any

from harness import strict_json
from weight_convert.budget import ITEM, PAIR, Budget
from weight_convert.limits import JSON_MADE

_FREE = 1 << 20
_TEXT, _NUMBER = 60, 40
_COSTS = {b"{": 240, b"[": 88, b",": ITEM + _NUMBER, b":": PAIR}
_PARTS = re.compile(rb'"[^"]*"|[{\[,:]')


def parse_json(raw: bytes) -> Any:
    """The value of a JSON document; ValueError or BadInput where it is none or too much."""
    if len(raw) > _FREE:
        _count(raw)
    return strict_json.parse(raw)


def _count(raw: bytes) -> None:
    """Count piece by piece what the document will become, before anything is made of it."""
    budget = Budget(JSON_MADE)
    width = 1 if raw.isascii() else 4
    budget.spend(len(raw) * width)
    for part in _PARTS.finditer(raw.replace(b"\\\\", b"").replace(b'\\"', b"")):
        piece = part.group()
        budget.spend(_COSTS.get(piece) or _TEXT + len(piece) * width)

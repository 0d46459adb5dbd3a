"""The reference: each model without a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tests.mutants.odd.networks import ODD


def build(variant: str, model: str, fault: str) -> nn.Module:
    return ODD[model]()


def losses(outputs: Any, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = [part for part in tensors(outputs) if part.is_floating_point() and part.numel()]
    finite = [torch.nan_to_num(part, 0.0, 0.0, 0.0) for part in found]
    return {"square": sum((part * part).mean() for part in finite)}  # type: ignore[dict-item]


def tensors(value: Any) -> Iterator[Tensor]:
    """All that came out."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors(part)

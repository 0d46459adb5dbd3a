"""What the modules of a network return, whichever framework it is written in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any


def copied(tensor: Any) -> Any:
    """Its values, which later steps in place do not change."""
    return tensor.numpy().copy()


def watch(
    model: Any, paths: Collection[str] | None = None, keep: Callable[[Any], Any] = lambda tensor: tensor
) -> dict[tuple[str, int], Any]:
    """Fills while the model runs: what `keep` makes of the tensors returned, by path and number of the call.

    Every module is watched, or those at `paths`; one that returns no tensor leaves nothing.
    """
    seen: dict[tuple[str, int], Any] = {}

    def hook(path: str) -> Callable[[Any, Any, Any], None]:
        def note(module: Any, inputs: Any, output: Any) -> None:
            if hasattr(output, "detach"):
                seen[path, sum(name == path for name, _ in seen)] = keep(output.detach())

        return note

    for path, module in model.named_modules():
        if paths is None or path in paths:
            module.register_forward_hook(hook(path))
    return seen

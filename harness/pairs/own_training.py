"""What a side's own training code makes, so that its steps can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OwnTraining:
    """The optimisers of a model, and what its training does around their steps.

    A module of a pair returns one from `own_training(model, length)`, where `length` is a `Length`.
    `begin_pass` is called with the number of the pass, the first being 0, and sets the rates and options that
    the pass uses. `take_step` is called once the optimisers have their gradients, in the place of the
    `step()` of each one: it may clip first, or step with some of them alone.
    """

    optimizers: Sequence[Any]
    begin_pass: Callable[[int], None] | None = None
    take_step: Callable[[], None] | None = None

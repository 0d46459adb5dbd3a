"""Rules that make entries: a constant, drawn numbers, folds for deployment."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from weight_convert.dtypes import DTYPES
from weight_convert.folds import FoldReport, fold_conv_bn, fold_repnr, fold_repvgg
from weight_convert.keymaps.rules import MappedState, Pattern, Rule
from weight_convert.limits import check_shape
from weight_convert.manifest import DroppedKey, MadeTensor
from weight_convert.tensor import Tensor


@dataclass(frozen=True)
class Make(Rule):
    """An entry that the source has not: one value everywhere, or drawn from a normal law."""

    key: str
    shape: tuple[int, ...]
    dtype: str
    value: float
    std: float | None
    seed: int
    reason: str

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        if self.key in work.tensors:
            raise BadInput(
                f"rule {self.number} makes {self.key!r}, which is there already; drop or rename it first"
            )
        check_shape(f"what rule {self.number} makes", self.shape)
        if prod(self.shape) > 1 << 28:
            raise BadInput(f"rule {self.number} makes {self.key!r} of shape {self.shape}, which is too large")
        self._require_fitting()
        how = f"all {self.value:g}" if self.std is None else f"normal, std {self.std:g}, seed {self.seed}"
        work.tensors[self.key] = Tensor(self.dtype, self.shape, self._array)
        work.made.append(MadeTensor(self.key, f"{self.reason} ({how})"))

    def _require_fitting(self) -> None:
        """Refuse a number that this kind of entry cannot hold, before anything is made of it."""
        try:
            with np.errstate(all="raise"):
                np.asarray([self.value, self.std or 0.0]).astype(DTYPES[self.dtype].storage)
        except (ArithmeticError, ValueError) as error:
            raise BadInput(f"rule {self.number}: no {self.dtype} can hold {self.value:g}") from error

    def _array(self) -> NDArray[Any]:
        dtype = DTYPES[self.dtype].storage
        if self.std is None:
            return np.full(self.shape, self.value, dtype)
        drawn = seeded.generator(self.seed, self.key).standard_normal(self.shape)
        return np.asarray(self.value + self.std * drawn).astype(dtype)


@dataclass(frozen=True)
class Fold(Rule):
    """A fold for deployment, over all places that have the parts, but for those in `keep`."""

    kind: str
    eps: float
    branch: int
    optional: bool
    keep: tuple[Pattern, ...]

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        before = set(work.tensors)
        work.tensors, reports = FOLDS[self.kind](self, work.tensors)
        if not reports and not self.optional:
            raise BadInput(
                f"rule {self.number}: nothing to fold as {self.kind}; is the checkpoint folded already?"
            )
        work.folds += reports
        gone = before - set(work.tensors)
        reason = f"folded ({self.kind})"
        work.dropped += [DroppedKey(key, reason) for key in sorted(gone)]
        work.made += [MadeTensor(key, reason) for key in work.tensors if key not in before]

    def wanted(self, path: str) -> bool:
        """Whether a place is not among those kept as they are."""
        return all(pattern.match(path) is None for pattern in self.keep)


_Folding = Callable[[Fold, Dict[str, Tensor]], Tuple[Dict[str, Tensor], List[FoldReport]]]
FOLDS: dict[str, _Folding] = {
    "repvgg": lambda rule, tensors: fold_repvgg(tensors, rule.eps),
    "conv_bn": lambda rule, tensors: fold_conv_bn(tensors, rule.eps, rule.wanted),
    "repnr": lambda rule, tensors: fold_repnr(tensors, rule.branch),
}

"""Tells, with evidence, whether a Jittor port of a PyTorch model computes the same thing.

The names below are the public API; docs/api.md shows each of them at work. Everything is imported at first
use, so that `import harness` costs nothing and needs no framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.alignment import Alignment
    from harness.api import assert_aligned, check, compare, compare_modules, diff, evaluate, record
    from harness.evaluating.result import Evaluation
    from harness.pairs.base import InputRequest, Override, Pair, Recipe, Variant
    from harness.trace import Trace
    from harness.verdict import FixedPolicy, MetricPolicy, NoisePolicy

__all__ = [
    "Alignment",
    "Evaluation",
    "FixedPolicy",
    "InputRequest",
    "MetricPolicy",
    "NoisePolicy",
    "Override",
    "Pair",
    "Recipe",
    "Trace",
    "Variant",
    "assert_aligned",
    "check",
    "compare",
    "compare_modules",
    "diff",
    "evaluate",
    "record",
]

_HOMES = {
    "harness.alignment": ("Alignment",),
    "harness.api": ("assert_aligned", "check", "compare", "compare_modules", "diff", "evaluate", "record"),
    "harness.evaluating.result": ("Evaluation",),
    "harness.pairs.base": ("InputRequest", "Override", "Pair", "Recipe", "Variant"),
    "harness.trace": ("Trace",),
    "harness.verdict": ("FixedPolicy", "MetricPolicy", "NoisePolicy"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""What the wrong tensors of one training step have in common, where no hypothesis makes the step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from harness.diagnose.factors import ALIKE, Array, apart, one_factor, slope
from harness.diagnose.passes import Wrong, listed


def common_of_step(wrong: Sequence[Wrong], values: Mapping[str, Array], outside: Collection[str]) -> str:
    """The sentence; empty where nothing is known to be common to all.

    `values` are the parameters before the step, `outside` names those that no group has.
    """
    moved = {one.name for one in wrong if one.kind == "update"}
    wrong = [one for one in wrong if one.kind != "ema" or one.name not in moved]  # an average follows
    return _of_averages(wrong) or _shrunk(wrong, values, outside) or _multiplied(wrong)


def _of_averages(wrong: Sequence[Wrong]) -> str:
    """Averages that stay as they were."""
    if any(one.kind != "ema" or one.port is None or one.before is None for one in wrong):
        return ""
    if not all(_alike(one.port, one.before) for one in wrong):
        return ""
    return f"the averages of {listed([one.name for one in wrong])} are not kept up: they stay as they were."


def _shrunk(wrong: Sequence[Wrong], values: Mapping[str, Array], outside: Collection[str]) -> str:
    """What no group has becomes smaller by a share of itself: it decays."""
    names = {one.name for one in wrong}
    if not names <= set(outside) or any(one.port is None or one.name not in values for one in wrong):
        return ""
    moved = np.concatenate([np.asarray(one.port, np.float64).reshape(-1) for one in wrong])
    start = np.concatenate([np.asarray(values[one.name], np.float64).reshape(-1) for one in wrong])
    share = -slope(start, moved) if start.any() else 0.0
    rounding = 2.0**-23 * float(np.linalg.norm(start))
    if share <= 0 or np.linalg.norm(moved + share * start) > ALIKE * np.linalg.norm(moved) + rounding:
        return ""
    return f"{listed(sorted(names))} decays by {share:.3g} of itself, though no group has it."


def _multiplied(wrong: Sequence[Wrong]) -> str:
    """All are a multiple of the reference's: one for all, or one for each kind."""
    known = [(one, one.port) for one in wrong if one.port is not None]
    if not wrong or len(known) < len(wrong):
        return ""
    found = {}
    for what in dict.fromkeys(_what(one) for one in wrong):
        factor = one_factor([(one.reference, port) for one, port in known if _what(one) == what])
        if factor is None:
            return ""
        found[what] = factor
    names = listed(list(dict.fromkeys(_parameter(one) for one in wrong)))
    factors = ", ".join(f"the {what} is {factor:.4g} times the reference's" for what, factor in found.items())
    return f"of {names}, {factors}."


def _alike(left: Array | None, right: Array | None) -> bool:
    if left is None or right is None:
        return False
    return bool(np.linalg.norm(apart(left, right)) <= 1e-7 * np.linalg.norm(np.asarray(right, np.float64)))


def _what(one: Wrong) -> str:
    return one.name.rpartition(".")[2] if one.kind == "optimizer" else one.kind


def _parameter(one: Wrong) -> str:
    return one.name.rpartition(".")[0] if one.kind == "optimizer" else one.name

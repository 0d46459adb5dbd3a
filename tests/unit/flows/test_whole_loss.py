"""A loss that is the reference's times a number, or plus one, shown by its gradient; numpy makes both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.diagnose import Cause
from harness.flows.loss_evidence import Gradient
from harness.flows.loss_trials import WantedLosses
from harness.flows.whole_loss import explained
from harness.trace import Trace

OF = "layer:head#0:grad"
GRADIENT = np.random.default_rng(6).standard_normal((4, 8))
LOSSES = {"total": 3.0, "words": 1.0}


def recorded(arrays: dict[str, Any]) -> Trace:
    return cast(Trace, SimpleNamespace(array=arrays.__getitem__, records=arrays))


def told(
    port: dict[str, float], gradient: Any, reference: Any = GRADIENT, losses: dict[str, float] = LOSSES
) -> Cause:
    wanted = WantedLosses(port, losses, dict.fromkeys(losses, 1e-5))
    return explained(wanted, [Gradient(OF, gradient, 1e-3)], recorded({OF: reference}), recorded({}), 9)


def test_a_factor_is_told_where_the_gradient_has_it_too() -> None:
    found = told({"total": 3.6, "words": 1.2}, 1.2 * GRADIENT)
    assert found.sentence == (
        "the port's loss is the reference's times 1.2, and so are 32 elements of its gradient."
    )


def test_what_is_added_without_a_gradient_is_told() -> None:
    found = told({"total": 3.1, "words": 1.1}, GRADIENT)
    assert found.sentence == (
        "the port's loss is the reference's total plus 0.1, words plus 0.1, which has no gradient: "
        "32 elements of the gradient agree."
    )


def test_a_loss_of_zero_is_times_any_number() -> None:
    losses = {**LOSSES, "unused": 0.0}
    assert told({"total": 3.6, "words": 1.2, "unused": 0.0}, 1.2 * GRADIENT, losses=losses).found


@pytest.mark.parametrize(("behind", "found"), [(1.2 * GRADIENT, True), (1.1 * GRADIENT, False)])
def test_of_a_gradient_of_one_element_the_first_one_behind_it_tells(behind: Any, found: bool) -> None:
    """As where a model returns its losses: what comes back to it is a number for each."""
    names = ["layer:early#0:grad", OF, "grad:bias", "layer:mean#0:grad", "layer:rows#0:grad"]
    arrays = dict(zip(names, (np.ones((4, 8)), np.ones(1), np.ones(9), np.ones(2), GRADIENT), strict=True))
    reference = SimpleNamespace(
        array=arrays.__getitem__, records={name: SimpleNamespace(size=arrays[name].size) for name in names}
    )
    port = recorded({"layer:rows#0:grad": behind})
    wanted = WantedLosses({"total": 3.6, "words": 1.2}, LOSSES, dict.fromkeys(LOSSES, 1e-5))
    gradients = [Gradient(OF, np.full(1, 1.2), 1e-3)]
    assert explained(wanted, gradients, cast(Trace, reference), port, 9).found == found


def test_two_different_elements_have_to_be_met_in_all_digits() -> None:
    of_labels = np.where(GRADIENT > 0, 0.25, -0.75)
    scaled = {"total": 3.6, "words": 1.2}
    assert told(scaled, 1.2 * of_labels, of_labels).found
    assert not told(scaled, 1.20001 * of_labels, of_labels).found


@pytest.mark.parametrize(
    ("port", "gradient", "reference"),
    [
        ({"total": 3.6, "words": 1.2}, 1.3 * GRADIENT, GRADIENT),  # the gradient says otherwise
        ({"total": 3.6, "words": 1.1}, 1.2 * GRADIENT, GRADIENT),  # not all losses say the same
        ({"total": 3.6, "words": 1.0}, 1.2 * GRADIENT, GRADIENT),  # one of them is right
        ({"total": 3.6, "words": 1.2}, np.full((4, 8), 1.2), np.ones((4, 8))),  # one number, once more
        ({"total": 3.0, "words": 1.0}, GRADIENT, GRADIENT),  # all is right
    ],
)
def test_one_number_alone_is_no_cause(port: dict[str, float], gradient: Any, reference: Any) -> None:
    assert not told(port, gradient, reference).found


def test_without_a_gradient_nothing_is_told() -> None:
    wanted = WantedLosses({"total": 6.0}, {"total": 3.0}, {"total": 1e-5})
    assert not explained(wanted, [], recorded({}), recorded({}), 9).found

"""Why a layer differs: hypotheses tried on the reference until one reproduces what the port returned."""

from __future__ import annotations

from harness.diagnose._cause import (
    Cause,
    explain_at_last,
    explain_call,
    explain_formula,
    explain_forward,
    explain_given,
    explain_gradient,
    explain_gradient_of_one_side,
    explain_module,
    explain_parameter_of_one_side,
    explain_state,
)
from harness.diagnose._evidence import DifferingLayer, Producer, ReferenceTensor, Trial
from harness.diagnose._room import in_proportion
from harness.diagnose._signature import signature
from harness.diagnose.gradients import Share
from harness.diagnose.running_statistics import UPDATED_AGAIN, Update

__all__ = [
    "UPDATED_AGAIN",
    "Cause",
    "DifferingLayer",
    "Producer",
    "ReferenceTensor",
    "Share",
    "Trial",
    "Update",
    "explain_at_last",
    "explain_call",
    "explain_formula",
    "explain_forward",
    "explain_given",
    "explain_gradient",
    "explain_gradient_of_one_side",
    "explain_module",
    "explain_parameter_of_one_side",
    "explain_state",
    "in_proportion",
    "signature",
]

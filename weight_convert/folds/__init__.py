"""Folding what a model folds for deployment: batch norms into convolutions, branches into one kernel.

Each fold is a pure function on a state's tensors. It computes in float64, rounds once to the kernel's kind of
number, and says how far the rounded kernel's output is from the unfolded branches' output in float64.
"""

from __future__ import annotations

from weight_convert.folds.conv_bn import fold_conv_bn
from weight_convert.folds.parts import FoldReport
from weight_convert.folds.repnr import fold_repnr
from weight_convert.folds.repvgg import fold_repvgg

__all__ = ["FoldReport", "fold_conv_bn", "fold_repnr", "fold_repvgg"]

"""The words that a user chooses from, each list once. Nothing heavy is imported: `align --help` is quick."""

from __future__ import annotations

from typing import Literal, get_args

Mode = Literal["eval", "train", "frozen"]
Keep = Literal["compact", "whole", "none"]
TraceKeep = Literal["compact", "whole"]
Isolation = Literal["auto", "always", "never"]
Judge = Literal["all", "outputs"]
Dropout = Literal["shared", "off"]

SIDES = REFERENCE, PORT = ("torch", "jittor")
DEVICES = ("cpu", "cuda")
AUTO = "auto"
DTYPES = ("float32", "float64")
POLICIES = ("noise", "fixed", "metric")
MODES: tuple[Mode, ...] = get_args(Mode)
INFER = "infer"  # what `align bench` may be asked for in the place of eval
STEP = "step"  # beside the modes of a pass: an optimiser's steps alone are compared
KEEPS: tuple[Keep, ...] = get_args(Keep)
TRACE_KEEPS: tuple[TraceKeep, ...] = get_args(TraceKeep)
ISOLATIONS: tuple[Isolation, ...] = get_args(Isolation)
JUDGES: tuple[Judge, ...] = get_args(Judge)
DROPOUTS: tuple[Dropout, ...] = get_args(Dropout)

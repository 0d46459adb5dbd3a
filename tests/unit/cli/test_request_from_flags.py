"""What flags become of which no command makes more than a field."""

from __future__ import annotations

from harness.cli import request_from_flags


def test_infer_is_eval_and_each_mode_is_measured_once() -> None:
    assert request_from_flags.modes(["infer", "train", "eval"], ("train",)) == ("eval", "train")
    assert request_from_flags.modes(None, ("eval", "train")) == ("eval", "train")

"""Each side waits for what the other draws, never for one that is lost or that need not be known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from harness.dropout import Agreement, Draw
from harness.flows.shared_dropout import DropoutAgreement


def test_both_learn_what_they_agree_on() -> None:
    talk, ours, its = DropoutAgreement(), [Draw("a.drop#0.0", [4])], [Draw("a#0.0", [4])]
    with ThreadPoolExecutor(2) as pool:
        reference = pool.submit(talk.agree, "torch", ours)
        port = pool.submit(talk.agree, "jittor", its)
        assert reference.result(10) == Agreement()
        assert port.result(10) == Agreement(moved={"a#0.0": "a.drop#0.0"})


def test_a_side_without_dropout_waits_for_nobody() -> None:
    assert DropoutAgreement().agree("torch", []) == Agreement()


def test_a_lost_side_is_not_waited_for() -> None:
    talk = DropoutAgreement()
    talk.tell("jittor", None)
    assert talk.agree("torch", [Draw("a#0.0", [4], "so")]) == Agreement({"a#0.0": "so"})


def test_what_was_told_stays() -> None:
    talk = DropoutAgreement()
    talk.tell("jittor", [Draw("a#0.0", [2, 3])])
    talk.tell("jittor", None)
    assert talk.agree("torch", [Draw("a#0.0", [3, 2])]).off

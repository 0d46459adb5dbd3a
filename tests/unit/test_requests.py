"""Requests and answers go through the pipe and back; each verb takes the fields of its request."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from harness import answers, json_codec
from harness.answers import CallDescription, Cost, Description, Identity, Observer, RunDone, Times
from harness.case import Case
from harness.deviation import Deviation
from harness.layer_note import LayerNote
from harness.requests import REQUESTS, CallChange, Load, Run, TakeSteps, TryChanges, read_request
from harness.state_table import StateEntry
from harness.trace_header import TraceHeader
from harness.worker_answers import Nonsense, read_result

IDENTITY = Identity("torch", "3.12", "python", "x86_64", {"torch": "2"}, "cpu", "cpu", "2", 0, "")
INF = float("inf")


@pytest.mark.parametrize(
    "request_",
    [
        Load("state.h5"),
        Run(
            "i.h5", "train", trace="t.h5", header=TraceHeader(Case("toy", "small", size=(4, 5)), side="torch")
        ),
        TryChanges([CallChange({"eps": INF, "padding": [1, 1]}, training=True)], "folder"),
        TakeSteps("g.h5", [0.5, 0.05], "s.h5", deviation=Deviation("SGD", {"momentum": 0.9}, lag=1)),
    ],
    ids=lambda request: request.verb,
)
def test_a_request_comes_out_as_it_went_in(request_: Any) -> None:
    sent = json.dumps(json_codec.to_plain(request_))
    assert read_request(request_.verb, json.loads(sent)) == request_


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (
            Description,
            Description(
                IDENTITY,
                [StateEntry("a.weight", (2, 3), "float32", True), StateEntry("n", (), "int64", False)],
                {"a": LayerNote("Linear", {"padding": -INF, "size": [1, 2]}, "torch.nn")},
            ),
        ),
        (RunDone, RunDone(Cost(1.0, 2.0, 3), 4, room=Times(0.1, 0.2), observer=Observer(True, 0.0, 1.0))),
        (
            list[answers.TrialDone],
            [answers.TrialDone(trace="t.h5"), answers.TrialDone(error="TypeError: no")],
        ),
        (CallDescription, CallDescription("a", "torch.cat", False, [[{"tensor": "0"}], 1], {"dim": None})),
    ],
    ids=["description", "run", "list", "call"],
)
def test_an_answer_comes_out_as_it_went_in(kind: Any, value: Any) -> None:
    assert read_result(kind, json.loads(json.dumps(json_codec.to_plain(value, kind)))) == value


@pytest.mark.parametrize(
    ("verb", "result", "words"),
    [
        ("load", "fine", "it is 'fine', it should be an object"),
        ("load", {"keys": "two"}, "it.keys is 'two', it should be a whole number"),
        ("load", {}, "it.keys is missing"),
        ("try_changes", {}, "it is {}, it should be a list"),
        ("try_changes", [{"trace": 1, "error": ""}], r"it\[0\].trace is 1, it should be a text"),
        ("backward", {**json_codec.to_plain(RunDone(Cost(1.0, 2.0, 3), 4)), "cost": []}, "it.cost is "),
    ],
)
def test_an_answer_of_another_form_is_nonsense(verb: str, result: object, words: str) -> None:
    with pytest.raises(Nonsense, match=f"a result that does not fit .{words}"):
        read_result(REQUESTS[verb].answer_type(), result)


def parts(kind: Any) -> tuple[Any, ...]:
    """A type in a form that is one for `list[X]` and `List[X]`."""
    return (get_origin(kind) or kind, *get_args(kind))


@pytest.mark.torch
@pytest.mark.parametrize("verb", sorted(REQUESTS))
def test_the_function_of_a_verb_takes_the_fields_of_its_request_and_gives_its_answer(verb: str) -> None:
    from harness.sides import verbs
    from harness.sides.torch_side import TorchSide

    kind = REQUESTS[verb]
    function = verbs.function_of(object.__new__(TorchSide), verb)
    taken = list(inspect.signature(function).parameters)
    hints = get_type_hints(getattr(function, "func", function))
    assert taken == [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    assert parts(hints["return"]) == parts(kind.answer_type())
    for name, hint in get_type_hints(kind).items():
        if name in taken:
            assert hints[name] in (hint, hint | None), name

"""The walk of a command: files in the order of their first entry, calls within a file not counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests import ROOT
from tests.walk import Walk


def frame(file: str, function: str, caller: Any = None) -> Any:
    """A frame as a profiler sees it."""
    code = SimpleNamespace(co_filename=str(ROOT / file), co_name=function)
    return SimpleNamespace(f_code=code, f_back=caller)


def test_a_file_is_entered_where_another_one_calls_it() -> None:
    command = frame("harness/cli/compare.py", "compare")
    flow = frame("harness/flows/compare.py", "compare", command)
    helper = frame("harness/trace/_reader.py", "open", flow)  # of another room: its caller counts
    inner = frame("harness/flows/compare.py", "_inner", helper)
    judge = frame("harness/flows/judge.py", "judge", inner)
    walk = Walk()
    for one in (command, flow, helper, inner, judge, frame("harness/flows/judge.py", "again", flow)):
        walk.follow(one, "call", None)
    walk.follow(judge, "return", None)
    assert walk.lines() == [
        "1. harness/cli/compare.py:compare (1)",
        "2. harness/flows/compare.py:compare (1)",
        "3. harness/flows/judge.py:judge (2)",
    ]


def test_what_lies_elsewhere_does_not_count() -> None:
    walk = Walk()
    walk.follow(frame("harness/trace/_reader.py", "open"), "call", None)
    walk.follow(frame("harness/flows/judge.py", "<listcomp>"), "call", None)
    assert walk.lines() == []

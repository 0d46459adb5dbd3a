"""In a module of other operations only the first source that is explained is claimed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Literal, cast

import pytest

from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.diagnose import Cause
from harness.flows.rebuilt_modules import told
from harness.verdict import Verdict

FIRST, SECOND, OTHER = "layer:norm/add.0#0:in.0", "layer:norm/add.1#0:in.0", "layer:head/add.0#0:in.0"


def alignment(found: Literal["both", "reference"]) -> Alignment:
    verdict = Verdict("aligned", "noise", "")
    row = Row("layer:norm/rsqrt.0#0:out", "rsqrt", (2,), "float32", 0, None, verdict, found=found)
    return cast(Alignment, SimpleNamespace(rows=[row]))


def claimed(found: Literal["both", "reference"], first: Cause) -> list[bool]:
    sources = [Source(address, "forward", [], "") for address in (FIRST, SECOND, OTHER)]
    other = Cause(True, "it is some product.")
    return [cause.found for cause in told(alignment(found), sources, [first, other, other])]


@pytest.mark.parametrize(
    ("found", "first", "expected"),
    [
        ("reference", Cause(True, "it is the deviation."), [True, False, True]),
        ("both", Cause(True, "it is the deviation."), [True, True, True]),
        ("reference", Cause(False, "none of 3."), [False, True, True]),
        ("reference", Cause(True, "times 1.2 (one number fitted).", fitted=1), [True, True, True]),
    ],
)
def test_what_follows_claims_nothing(
    found: Literal["both", "reference"], first: Cause, expected: list[bool]
) -> None:
    assert claimed(found, first) == expected


def test_what_is_done_once_a_level_is_wrong_once_a_level() -> None:
    sources = [Source(address, "forward", [], "") for address in (FIRST, SECOND)]
    first, second = (
        Cause(True, "given.", f"the smaller of the reference's layer:norm/maximum.{number}#0:in.0")
        for number in (3, 4)
    )
    assert told(alignment("reference"), sources, [first, second]) == [first, second]
    other = Cause(True, "given.", "the larger of the reference's layer:norm/maximum.4#0:in.0")
    assert [cause.found for cause in told(alignment("reference"), sources, [first, other])] == [True, False]

"""A source that the reference has no tensor for is told so: its gradients stop elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.flows.find_causes import explain
from harness.flows.reference_probe import ReferenceProbe


def explained(address: str, isolated: bool) -> Any:
    """The cause of one source of which the port alone has the tensor, in its run or when run alone."""
    verdict = SimpleNamespace(reason="the reference has none")
    row = SimpleNamespace(address=address, verdict=verdict, isolated=None)
    probe = SimpleNamespace(
        reference=SimpleNamespace(records={}), isolated=SimpleNamespace(records={address} if isolated else {})
    )
    alignment = SimpleNamespace(row=lambda name: row)
    source = Source(address, "backward", [], "")
    return explain(cast(ReferenceProbe, probe), cast(Alignment, alignment), source)


@pytest.mark.parametrize("isolated", [True, False])
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("grad:head.bias", "head.bias learns in the port alone"),
        ("layer:stem#0:grad", "a gradient comes back to stem in the port alone"),
        (
            "layer:(model)/interpolate.2#0:grad",
            "a gradient comes back to (model)/interpolate.2 in the port alone",
        ),
    ],
)
def test_a_gradient_of_the_port_alone_is_told(address: str, words: str, isolated: bool) -> None:
    found = explained(address, isolated)
    assert found.found
    assert found.sentence.startswith(words)
    assert "frozen" in found.sentence


def test_another_tensor_of_the_port_alone_has_no_cause() -> None:
    found = explained("layer:extra#0:out", isolated=False)
    assert not found.found
    assert found.sentence == "the reference has none"

from __future__ import annotations

import pytest

from harness.alignment import Alignment
from harness.alignment_rows import AgainstStored, Isolated, IsolatedRun, Source
from reports.overview import MOST_WORDS, cards, headline
from reports.roles import roles
from tests.unit.reports import samples


def undecided(verdict: str) -> Alignment:
    return samples.alignment(verdict=verdict)


@pytest.mark.parametrize(
    ("alignment", "said"),
    [
        (samples.diverging(), "The port diverges in 10 of 31 tensors"),
        (samples.alignment(), "The port agrees in 30 of 31 tensors"),
        (undecided("failed"), "A side stopped before the end"),
        (undecided("inconclusive"), "The evidence does not decide"),
        (
            samples.alignment(
                verdict="diverged", against_stored=[AgainstStored("torch", "up.h5", "diverged", "no")]
            ),
            "The port diverges from a stored trace",
        ),
    ],
)
def test_the_verdict_has_at_most_eight_words(alignment: Alignment, said: str) -> None:
    assert headline(alignment) == said
    assert len(said.split()) <= MOST_WORDS == 8


def test_the_cards_tell_what_the_table_tells() -> None:
    alignment = samples.diverging()
    found = {card.name: card for card in cards(alignment)}
    assert found["First divergence"].value == alignment.first
    assert found["First divergence"].more == "relative error 1.0e-04, 13.3 bits, 25 times its limit"
    assert found["Worst"].address == alignment.worst
    assert found["Coverage"].more == "layers 30/31, operations 0/0"
    assert found["Cost"].value == "2.4 times the bare runs"
    assert "Nearest to its limit" in {card.name for card in cards(samples.alignment())}


def test_the_cause_is_that_of_the_first_source_explained() -> None:
    alignment = samples.diverging()
    alignment.sources = [Source(alignment.first, "forward", ["a"], "", 2.0, "eps=0.001", ["norm"])]
    assert {card.name: card.value for card in cards(alignment)}["Cause"] == "eps=0.001"


def test_every_diverged_tensor_has_a_role() -> None:
    alignment = samples.diverging()
    bad = [row for row in alignment.rows if row.verdict.status == "diverged"]
    assert {role.name for role in roles(alignment).values()} == {"neither"}
    assert all(role.why == "layers were not run alone" for role in roles(alignment).values())
    good = samples.row("layer:a#0:out", 0)
    alignment.isolated = IsolatedRun(ran=True, judged=2)
    alignment.sources = [Source(bad[0].address, "forward", [bad[0].address[6:-6]], "", 2.0)]
    bad[1].isolated = Isolated(good.measured, good.verdict)
    bad[2].isolated = Isolated(bad[2].measured, bad[2].verdict)
    repeated = samples.row("layer:last#0:in.0", 99, 1e-4, type="Conv2d")
    repeated.inputs = [bad[0].address]
    alignment.rows.append(repeated)
    found = roles(alignment)
    assert found.keys() == {row.address for row in [*bad, repeated]}
    assert found[bad[0].address].name == "source"
    assert found[bad[1].address].name == "carrier"
    assert found[repeated.address].name == "carrier"
    assert {role.name for role in found.values()} == {"source", "carrier", "neither"}
    assert all(role.why for role in found.values() if role.name != "source")

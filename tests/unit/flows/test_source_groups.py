"""Places that one edit makes are one finding, and causes come into the stored alignment and its report."""

from __future__ import annotations

from pathlib import Path

from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.attributes import AttributeDifference
from harness.diagnose import Cause
from harness.flows.explain import keep_causes
from harness.flows.source_groups import groups, of_all
from reports import summaries
from tests.unit.reports import samples

CAUSE = "eps is 1."
NAMES = ("a", "b", "c", "d", "e")


def alignment() -> Alignment:
    """Five layers of one class; eps differs in all but the last."""
    made = samples.alignment([samples.row(f"layer:{name}#0:out", place) for place, name in enumerate(NAMES)])
    made.attributes = [AttributeDifference(name, "eps", 1e-5, 1e-3) for name in NAMES[:4]]
    made.sources = [Source(f"layer:{name}#0:out", "forward", [name], "wrong") for name in NAMES]
    return made


def test_layers_in_which_the_same_differs_are_one_group() -> None:
    made = alignment()
    assert [len(group) for group in groups(made, made.sources)] == [4, 1]


def test_another_value_makes_another_group() -> None:
    made = alignment()
    made.attributes[1] = AttributeDifference("b", "eps", 1e-5, 1e-4)
    assert [len(group) for group in groups(made, made.sources)] == [3, 1, 1]


def test_a_cause_holds_for_its_group_if_it_is_what_differs_there() -> None:
    made = alignment()
    group = groups(made, made.sources)[0]
    shared = of_all(made, group, Cause(True, "computed with eps=0.001.", attribute="eps"))
    assert shared is not None
    kind = made.rows[0].type
    assert shared.sentence == f"computed with eps=0.001; it differs so in 4 places of the class {kind}."
    assert of_all(made, group, Cause(True, "without bias.", attribute="")) is None
    assert of_all(made, group, Cause(False, "none of 5.", attribute="eps")) is None


def test_causes_come_into_the_file_and_its_report(tmp_path: Path) -> None:
    path = tmp_path / "alignment.json"
    stored, explained = alignment(), alignment()
    stored.save(path)
    (tmp_path / "report.html").write_text("old", encoding="utf-8")
    for place in range(4):
        source = explained.sources[place]
        explained.sources[place] = Source(source.address, "forward", source.layers, "wrong", cause=CAUSE)
    keep_causes(stored, explained, path)
    assert [source.cause for source in Alignment.load(path).sources] == [CAUSE] * 4 + [""]
    assert CAUSE in (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = summaries.sources(stored)
    assert [item.name for item in shown].count("cause") == 1
    assert ("forward source", "and 1 more") in [(item.name, item.text) for item in shown]


def test_nothing_is_written_where_no_cause_was_found(tmp_path: Path) -> None:
    keep_causes(alignment(), alignment(), tmp_path / "alignment.json")
    assert not list(tmp_path.iterdir())

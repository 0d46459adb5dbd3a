"""An alignment as JUnit XML: every tensor is a test, so that continuous integration can list them."""

from __future__ import annotations

from xml.etree import ElementTree

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.text import printable, printable_lines
from reports import summaries


def junit(alignment: Alignment) -> str:
    """The report."""
    name = printable(".".join(str(alignment.case.get(key, "unknown")) for key in ("pair", "variant")))
    suite = ElementTree.Element("testsuite", name=name)
    for side, found in summaries.failures(alignment):
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=f"side {printable(side)}")
        problem = ElementTree.SubElement(case, "error", message=printable(found.error))
        problem.text = printable_lines(found.stderr_tail)
    if alignment.verdict == "inconclusive":
        case = ElementTree.SubElement(suite, "testcase", classname=name, name="verdict")
        ElementTree.SubElement(case, "error", message=printable(alignment.sentence))
    for row in alignment.rows:
        suite.append(_case(name, row))
    tags = [child.tag for case in suite for child in case]
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(tags.count(tag)))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _case(name: str, row: Row) -> ElementTree.Element:
    where = f"{name}.{addresses.kind(row.address)}"
    case = ElementTree.Element("testcase", classname=where, name=printable(row.address))
    tag = {"diverged": "failure", "aligned": None}.get(row.verdict.status, "skipped")
    if tag is not None:
        ElementTree.SubElement(case, tag, message=printable(row.verdict.reason))
    return case

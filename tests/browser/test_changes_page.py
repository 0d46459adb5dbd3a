"""The page of two results in a real browser: it fits, and axe finds nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.language import spoken
from reports.changes import html
from reports.judged import Result
from tests.browser.browser import CHROMIUM, audited
from tests.browser.test_report_page import found_out
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made
from tests.unit.reports import samples
from tests.unit.reports.test_training import logged
from tests.unit.training import samples as trainings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


def trained(folder: Path, gap: float) -> Result:
    """A training that is off by a gap."""
    folder.mkdir()
    return logged(folder, trainings.records(gap=gap))


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
@pytest.mark.parametrize("kind", ["alignment", "training", "evaluation", "measurement"])
def test_axe_finds_nothing_and_nothing_overflows(
    tmp_path: Path, kind: str, language: str, scheme: str
) -> None:
    pairs: dict[str, tuple[Result, Result]] = {
        "alignment": (samples.alignment(), found_out()),
        "training": (trained(tmp_path / "a", 1e-5), trained(tmp_path / "b", 1.0)),
        "evaluation": (made(), made(0.7, 30.0)),
        "measurement": (several(), replace(several(), rows=several().rows[1:])),
    }
    with spoken(language):
        page = html(*pairs[kind])
    assert audited(page, tmp_path, scheme) == {}

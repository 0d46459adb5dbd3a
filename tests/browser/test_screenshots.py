"""Pages look as they did, but for a tolerance that no broken layout passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.browser import CHROMIUM
from tests.browser.shots import KEPT, MOST, Shot, apart, shots, taken

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
BROKEN = {
    "cards in one column": ("alignment", ".cards { display: grid;", ".cards { display: block;"),
    "no room around": ("alignment", "padding: 0 20px; }", "padding: 0; }"),
    "another colour of links": ("alignment", "--link: #0a56b3", "--link: #ff0000"),
    "no charts": ("training", "new uPlot(", "noPlot("),
    "a table that is as wide as it likes": ("changes", "overflow-wrap: anywhere", "white-space: nowrap"),
    "a panel of all the width": ("panel", "width: min(960px, 100%)", "width: 100%"),
    "cards that overflow": ("alignment-360", "minmax(min(100%, 180px), 1fr)", "minmax(480px, 1fr)"),
    "no style": ("measurement", "<style>", '<style media="print">'),
}


IN_THE_GATE = ("cards in one column", "no charts")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    """What a browser shows of every page, and of a few that are broken on purpose."""
    folder = tmp_path_factory.mktemp("shots")
    whole = shots(folder)
    return taken(whole | {name: broken(name, whole) for name in IN_THE_GATE}, folder)


@pytest.fixture(scope="module")
def more_seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    """The same of all that are broken."""
    folder = tmp_path_factory.mktemp("broken")
    whole = shots(folder)
    return taken({name: broken(name, whole) for name in BROKEN}, folder)


def broken(name: str, whole: dict[str, Shot]) -> Shot:
    """A page with another style or script."""
    page, before, after = BROKEN[name]
    shot = whole[page]
    assert before in shot.page
    return replace(shot, page=shot.page.replace(before, after))


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.png")))
def test_a_page_looks_as_it_did(name: str, seen: dict[str, Image.Image], tmp_path: Path) -> None:
    with Image.open(KEPT / f"{name}.png") as kept:
        share = apart(kept, seen[name])
    seen[name].save(tmp_path / f"{name}.png")
    advice = f"see {tmp_path}; if that is meant: python -m tests.browser.shots"
    assert share <= MOST, f"{share:.2%} of the pixels are others; {advice}"


@pytest.mark.parametrize("name", IN_THE_GATE)
def test_a_broken_page_does_not_pass(name: str, seen: dict[str, Image.Image]) -> None:
    with Image.open(KEPT / f"{BROKEN[name][0]}.png") as kept:
        assert apart(kept, seen[name]) > MOST


def test_every_page_has_its_picture(tmp_path: Path) -> None:
    assert {path.stem for path in KEPT.glob("*.png")} == set(shots(tmp_path))


@pytest.mark.slow
def test_no_broken_page_passes(more_seen: dict[str, Image.Image]) -> None:
    for name, (page, *_) in BROKEN.items():
        with Image.open(KEPT / f"{page}.png") as kept:
            assert apart(kept, more_seen[name]) > MOST, name

"""`--lang` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Align
from tests.unit.reports import samples


def test_the_flag_may_stand_anywhere_and_changes_no_document(align: Align, tmp_path: Path) -> None:
    samples.diverging().save(tmp_path / "alignment.json")
    for words in (("--lang", "zh", "show", "alignment.json"), ("show", "alignment.json", "--lang=zh")):
        assert "移植" in align(*words).stdout or "偏离" in align(*words).stdout
        assert align(*words, "--json").document == samples.diverging().to_dict()
    assert "偏离" not in align("show", "alignment.json").stdout
    assert "模型对" in align("compare", "--help", "--lang", "zh").stdout
    assert "模型对" not in align("compare", "--help").stdout


@pytest.mark.parametrize("words", [("--lang", "fr"), ("--lang",), ("--lang=",)])
def test_another_language_is_refused(align: Align, words: tuple[str, ...]) -> None:
    ran = align("list", *words)
    assert ran.exit_code == 2
    assert "it should be en or zh" in ran.stderr

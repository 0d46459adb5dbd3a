"""The program in another language: nothing is missing, and nothing is cut by a wrong width."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from harness import language
from harness.evaluating.picture_files import NOISE, PANELS, file_name
from harness.training.records import End, Finding, Forced, ForcedRow
from reports import bench, bench_page, evaluation, evaluation_page, training_page, training_sentences
from reports.changes import html as changed
from reports.html import html
from reports.markdown import markdown
from reports.roles import roles
from reports.sheet import Sheet
from reports.terminal import draw
from tests import messages
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made
from tests.unit.reports import samples
from tests.unit.reports.page_rows import rows_of
from tests.unit.reports.test_html import Page, data_of
from tests.unit.reports.test_training import logged
from tests.unit.training import samples as trainings

OTHERS = language.LANGUAGES[1:]
FIELDS = re.compile(r"\{[^}]*\}")


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_has_a_translation(name: str) -> None:
    known = messages.entries(messages.catalogue(name))
    wanted = messages.in_code() | messages.in_templates() | messages.in_scripts() | messages.in_help()
    assert len(wanted) > 200
    assert sorted(text for text in wanted if not known.get(text)) == []


@pytest.mark.parametrize("name", OTHERS)
def test_translations_take_the_same_values(name: str) -> None:
    for text, said in messages.entries(messages.catalogue(name)).items():
        assert Counter(FIELDS.findall(text)) == Counter(FIELDS.findall(said)), text


@pytest.mark.parametrize("name", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_text(name: str) -> None:
    with language.spoken(name):
        for text, said in messages.entries(messages.catalogue(name)).items():
            assert language.tr(text) == said, "run `python -m tests.messages`"


class Missing:
    """Stands in for a catalogue, and keeps what it is asked for in vain."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known, self.found = known, set[str]()

    def gettext(self, text: str) -> str:
        if text not in self.known:
            self.found.add(text)
        return self.known.get(text, text)


def test_all_that_reports_of_an_alignment_look_up_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Missing(messages.entries(messages.catalogue("zh")))
    monkeypatch.setattr(language, "_catalogue", lambda name: missing)
    alignment = samples.diverging()
    with language.spoken("zh"):
        html(alignment), markdown(alignment), changed(alignment, samples.alignment())
        draw(alignment, Sheet(io.StringIO(), 120))
    figures = {"name", "factor", "max factor"}  # the policy's own, and what the other sides are called
    assert {text for text in missing.found if not re.search(r"torch|jittor", text)} <= figures


@pytest.mark.parametrize("gap", [1e-5, 1.0])
def test_all_that_reports_of_a_training_look_up_is_there(
    gap: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = Missing(messages.entries(messages.catalogue("zh")))
    monkeypatch.setattr(language, "_catalogue", lambda name: missing)
    training = logged(tmp_path, trainings.records(gap=gap))
    with language.spoken("zh"):
        training_page.html(training), training_page.markdown(training)
    assert missing.found == set()


def test_all_that_reports_of_a_measurement_look_up_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Missing(messages.entries(messages.catalogue("zh")))
    monkeypatch.setattr(language, "_catalogue", lambda name: missing)
    with language.spoken("zh"):
        bench_page.html(several()), bench.markdown(several())
    assert missing.found <= {"torch", "jittor", "A", "B"}


@pytest.mark.parametrize("ratio", [0.1, 30.0])
def test_all_that_reports_of_an_evaluation_look_up_is_there(
    ratio: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = Missing(messages.entries(messages.catalogue("zh")))
    monkeypatch.setattr(language, "_catalogue", lambda name: missing)
    (tmp_path / "pictures").mkdir()
    for name in (*PANELS, NOISE):
        (tmp_path / "pictures" / file_name(2, name)).touch()
    with language.spoken("zh"):
        evaluation_page.html(made(0.7, ratio), tmp_path, tmp_path / "a.html"), evaluation.markdown(made())
    assert missing.found <= {"torch", "jittor"}


def test_reasons_are_composed_from_the_figures() -> None:
    alignment = samples.diverging()
    with language.spoken("zh"):
        text = html(alignment)
        page, data = Page(text), data_of(text)
        assert page.of("html")[0]["lang"] == "zh"
        assert page.text["h1"] == ["移植偏离：10 个，共 31 个张量"]
        assert all("一" <= role.why[0] <= "鿿" for role in roles(alignment).values())
    first = rows_of(data)[data["first"]]["more"]["why"]
    figures = "相对误差 1.0e-04，参考实现自身的噪声 1.0e-06，是允许值的 25 倍"
    assert first == f"{figures}，最差处 [0, 3]：得到 1.0001，应为 1"
    assert data["words"]["diverged"] == "偏离"


def test_the_result_of_a_training_is_composed_from_the_figures(tmp_path: Path) -> None:
    wrong = Forced(2, "", "diverged", 9, [ForcedRow("grad:a", "diverged", 25.0, "off")], "s")
    finding = Finding(3, "jittor", "update:a.weight", "it moved")
    end = End(40, "done", "diverged", "2 of 7 checks diverged")
    training = logged(tmp_path, [*trainings.records()[:-1], wrong, finding, end])
    assert training_sentences.sentence(training) == "2 of 7 checks diverged"
    with language.spoken("zh"):
        said = training_sentences.sentence(training)
        assert said.startswith("2 / 7 项检查偏离，共训练 40 步。 损失：在每一步，移植的偏差至多是孪生的 ")
        assert training_sentences.reason(wrong) == "是允许值的 25 倍"
        assert training_sentences.finding(finding) == "它变了，而这一步不应有任何东西改变它"


def test_english_is_as_it_was_stored() -> None:
    alignment = samples.diverging()
    console = Console(file=io.StringIO(), width=300)
    draw(alignment, console)
    assert alignment.sentence in console.file.getvalue()  # type: ignore[attr-defined]


def test_wide_letters_fit_a_table() -> None:
    with language.spoken("zh"):
        for width in (60, 100):
            drawn = io.StringIO()
            draw(samples.diverging(), Sheet(drawn, width))
            assert "地址" in drawn.getvalue()

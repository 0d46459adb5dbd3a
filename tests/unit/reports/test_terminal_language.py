"""What `align train`, `align evaluate` and `align bench` print, in Chinese."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness import language
from harness.bench.baseline import RatioChange
from harness.evaluating.side_by_side import side_by_side
from harness.training.equivalence import equivalence
from harness.training.planned import Planned, PlannedStep
from harness.training.records import Finding, Forced, ForcedRow
from reports import bench, evaluation, seeds, training
from reports import side_by_side as together
from reports.plan import draw_plan
from reports.sheet import Sheet
from tests import messages
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made
from tests.unit.reports.test_training import logged
from tests.unit.test_language import Missing
from tests.unit.training import samples
from tests.unit.training.test_over_seeds import over


@pytest.fixture(autouse=True)
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Missing]:
    """Everything is told in Chinese; what the catalogue lacks is kept."""
    found = Missing(messages.entries(messages.catalogue("zh")))
    monkeypatch.setattr(language, "_catalogue", lambda name: found)
    with language.spoken("zh"):
        yield found


def shown(draw: Callable[[Console], None], width: int = 400) -> str:
    """What a terminal shows."""
    out = io.StringIO()
    draw(Sheet(out, width=width, colours=False))
    return out.getvalue()


def test_a_training(tmp_path: Path, missing: Missing) -> None:
    text = shown(lambda console: training.draw(logged(tmp_path, samples.records()), console, "runs/x"))
    lines = text.splitlines()
    assert lines[0].startswith("一致: 全部 5 次强制步一致，共训练 40 步。")
    assert lines[1].startswith("40 步后的损失：torch 0.1")
    assert "第 4 轮之后，torch 和 jittor：IoU 0.975 和 0.975" in text
    assert "强制步  结论" in text
    assert lines[-1] == "保存于: runs/x"
    assert missing.found == set()


def test_a_training_that_is_off_and_one_that_still_runs(tmp_path: Path, missing: Missing) -> None:
    rows = [ForcedRow("grad:a.weight", "diverged", 25.0, "relative error 1.0e-01")]
    wrong = [Forced(step, "", "diverged", 12, rows, "1 of 12 diverged") for step in range(7, 12)]
    unsure = Forced(12, "", "inconclusive", 12, [], "unread", "float32 rounds too coarsely", 4)
    finding = Finding(3, "jittor", "loss:loss", "it is not finite")
    records = samples.records(gap=1.0)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    text = shown(
        lambda console: training.draw(logged(tmp_path / "a", [*records[:-1], *wrong, finding]), console)
    )
    assert "训练尚未结束" in text
    assert "第 3 步，loss:loss：只有 jittor 一侧不是有限数" in text
    assert "以及另外 2 个" in text
    found = logged(tmp_path / "b", [samples.start(), unsure])
    assert "4 个（共 12 个）得以判定" in shown(lambda console: training.draw(found, console))
    assert missing.found == set()


def test_a_plan(missing: Missing) -> None:
    steps = [PlannedStep(n, 0, {"a": {"lr": 0.1}, "b": {"lr": 0.1}}, n > 0, "") for n in range(2)]
    names = {"a": [f"w{n}" for n in range(6)], "b": ["v"]}
    found = Planned("adam", {"eps": 1}, 2, 10, 4, 20, names, ["u"], steps, [0], ["it is so"])
    text = shown(lambda console: draw_plan(found, console))
    assert text.startswith("adam（eps 1）；2 轮，每轮10 步，批次 4；在20 步后停止。")
    assert "与公开代码相同：it is so" in text
    assert missing.found == set()


def test_seeds_are_told_by_their_figures(tmp_path: Path, missing: Missing) -> None:
    found = over(tmp_path, [(0.700, 0.701), (0.702, 0.700), (0.698, 0.699)])
    text = shown(lambda console: seeds.draw(found, console))
    assert text.startswith("3 种子，最后一轮之后：")
    assert "等效" in text
    for one in [*found.last, *found.best]:
        assert re.sub(r"[^-+.\d]", "", seeds.sentence(one)) == re.sub(
            r"[^-+.\d]", "", one.sentence.replace("90 % interval", "90 %")
        )
    cases = [
        equivalence("m", reference, port, margin)
        for reference, port, margin in (
            ([0.7, 0.71], [0.5, 0.51], 0.01), ([0.7, 0.71], [0.75, 0.6], 0.01), ([0.7], [0.7], 0.01),
            ([0.7, float("nan")], [0.7, 0.7], 0.01), ([0.0, 0.0], [0.1, 0.1], 0.01),
            ([0.70, 0.7001], [0.7071, 0.7068], 0.01),
        )
    ]  # fmt: skip
    for one in cases:
        assert (
            re.findall(r"[-+]?\d[-+.e\d]*", seeds.sentence(one))[1:4]
            == re.findall(r"[-+]?\d[-+.e\d]*", one.sentence)[1:4]
        )
        assert not re.search(r"[a-z]{4}", seeds.sentence(one).replace("--seeds", ""))
    assert missing.found == set()


@pytest.mark.parametrize("ratio", [0.1, 30.0])
def test_an_evaluation(ratio: float, missing: Missing) -> None:
    found = made(0.7, ratio)
    text = shown(lambda console: evaluation.draw(found, console, "runs/x"))
    assert text.startswith("偏离: ")
    for word in (
        "指标",
        "差异",
        "最差样本",
        "IoU，torch",
        "大于",
        "3 样本; 保存于: runs/x",
    ):
        assert word in text
    assert missing.found <= {"torch", "jittor"}


def test_several_evaluations(tmp_path: Path, missing: Missing) -> None:
    made().save(tmp_path / "a.json")
    replace(made(0.81), seed=1).save(tmp_path / "b.json")
    found = side_by_side([str(tmp_path / "a.json"), str(tmp_path / "b.json")], 0.01)
    text = shown(lambda console: together.draw(found, console))
    assert "模型" in text
    assert missing.found == set()


def test_a_measurement(missing: Missing) -> None:
    changes = [RatioChange("eval", 1.1, 1.05, 1.2, True), RatioChange("train", 1.0, 0.9, 1.1, False)]
    text = shown(lambda console: bench.draw(several(), changes, console, "runs/x"))
    for word in (
        "中位数",
        "与基线相比，eval：比值的 1.100 倍（1.050 到 1.200），过慢",
        "在限度内",
        "保存于：runs/x",
    ):
        assert word in text
    assert missing.found <= {"torch", "jittor", "A", "B"}

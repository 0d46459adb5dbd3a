"""Several evaluations and published figures in one table, and what seeds say."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from harness.errors import BadInput
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.result import Evaluation
from harness.evaluating.side_by_side import published_names, read_published, side_by_side
from reports.side_by_side import document, draw, markdown
from tests.unit.evaluating.samples import made


def seeds(folder: Path, reference: list[float], port: list[float], step: float = 0.0) -> list[str]:
    """Evaluations of several pairs of trainings."""
    places = []
    for number, (one, other) in enumerate(zip(reference, port, strict=True)):
        rows = metric_rows({"mIoU": one}, {"mIoU": other}, {"mIoU": step}, 0.01, own_weights=True)
        weights = {side: f"{side}-{number}.pt" for side in ("torch", "jittor")}
        found = dataclasses.replace(made(), policy="metric", metrics=rows, weights=weights)
        places.append(str(folder / f"{number}.json"))
        found.save(Path(places[-1]))
    return places


def test_every_built_in_pair_has_its_published_figures() -> None:
    assert published_names() == ["cpanet", "gold_yolo", "l2sknet", "led"]
    found = side_by_side(published_names(), 0.01)
    assert {"mIoU", "FB-IoU", "AP", "mAP50", "Pd", "Fa", "PSNR (8 bits)"} <= set(found.metrics)
    assert all(row.torch or row.jittor for row in found.rows)
    shares = [
        value
        for row in found.rows
        for name, value in {**row.torch, **row.jittor}.items()
        if "PSNR" not in name
    ]
    assert all(0 < value < 1 for value in shares)
    assert not found.seeds


def test_published_probabilities_are_whole_targets() -> None:
    """Of 945 targets, rounded or cut to four digits; a note names the rows that are not so."""
    for row in side_by_side(["l2sknet"], 0.01).rows:
        for side in (row.torch, row.jittor):
            targets = round(side["Pd"] * 945)
            fits = any(abs(side["Pd"] - one / 945) < 1e-4 for one in (targets, targets + 1))
            assert fits or (row.name.startswith("1D") and "second" in row.name), (row.name, side["Pd"])


def test_seeds_that_are_alike_are_equivalent_and_others_are_not(tmp_path: Path) -> None:
    draw_ = np.random.default_rng(0)
    reference = list(0.8 + 0.001 * draw_.standard_normal(6))
    for shift, verdict in ((0.0, "equivalent"), (0.05, "different"), (0.008, "inconclusive")):
        port = list(0.8 + shift + 0.001 * draw_.standard_normal(6))
        folder = tmp_path / verdict
        folder.mkdir()
        ((judged,),) = side_by_side(seeds(folder, reference, port), 0.01).seeds.values()
        assert judged.verdict == verdict
        assert judged.seeds == (6, 6)


def test_what_the_samples_cannot_resolve_is_not_called_equivalent(tmp_path: Path) -> None:
    """Ten targets in all: the same Pd in every training shows no more than a tenth."""
    for shift, verdict in ((0.0, "inconclusive"), (0.1, "inconclusive"), (0.3, "different")):
        folder = tmp_path / str(shift)
        folder.mkdir()
        places = seeds(folder, [0.6, 0.6, 0.6], [0.6 + shift] * 3, step=0.1)
        ((judged,),) = side_by_side(places, 0.01).seeds.values()
        assert (judged.verdict, "evaluate more samples" in judged.sentence) == (verdict, shift < 0.2)


def test_the_same_weights_given_twice_are_one_training(tmp_path: Path) -> None:
    places = seeds(tmp_path, [0.8, 0.81], [0.8, 0.81])
    found = side_by_side([*places, *places, places[0]], 0.01)
    ((judged,),) = found.seeds.values()
    assert judged.seeds == (2, 2)
    assert [note for note in found.notes if "torch-0.pt; they count once" in note]
    assert "3 evaluations" in found.notes[0]


def test_evaluations_of_other_samples_are_not_taken_together(tmp_path: Path) -> None:
    places = seeds(tmp_path, [0.8, 0.81, 0.8, 0.82], [0.8, 0.81, 0.8, 0.82])
    for place, change in zip(
        places[:3], ({"samples": made().samples[:2]}, {"split": "train"}, {"size": (9, 9)}), strict=True
    ):
        dataclasses.replace(Evaluation.load(Path(place)), **change).save(Path(place), replace=True)
    found = side_by_side(places, 0.01)
    assert len(found.seeds) == 4
    assert [row.samples for row in found.rows] == [2, 3, 3, 3]


def test_one_training_decides_nothing(tmp_path: Path) -> None:
    ((judged,),) = side_by_side(seeds(tmp_path, [0.8], [0.8]), 0.01).seeds.values()
    assert judged.verdict == "inconclusive"


def test_evaluations_with_the_same_weights_are_no_seeds(tmp_path: Path) -> None:
    for number in range(3):
        made().save(tmp_path / f"{number}.json")
    found = side_by_side([str(tmp_path / f"{number}.json") for number in range(3)], 0.01)
    assert not found.seeds
    assert len(found.rows) == 3


def test_the_table_has_a_row_a_side(tmp_path: Path) -> None:
    found = side_by_side([*seeds(tmp_path, [0.8, 0.81], [0.8, 0.82]), "led"], 0.01)
    lines = [line for line in markdown(found).splitlines() if line.startswith("|")]
    assert [line.count("|") for line in lines] == [5] * (2 + 2 * 2) + [6] * (2 + 2)
    text = io.StringIO()
    draw(found, Console(file=text, width=100))
    assert "38.69" in text.getvalue()
    assert "over seeds, toy one, synthetic" in text.getvalue()
    assert document(found)["exit_code"] == 0


def test_names_and_figures_of_several_models_are_never_cut() -> None:
    found, text = side_by_side(published_names(), 0.01), io.StringIO()
    draw(found, Console(file=text, width=80))
    assert "…" not in text.getvalue()
    for row in found.rows:
        assert row.name in text.getvalue()
    assert "samples" not in text.getvalue()


def test_rows_with_some_of_the_metrics_of_others_stand_in_their_table(tmp_path: Path) -> None:
    rows = ("a", "{ x = 1.0, y = 2.0 }"), ("b", "{ y = 3.0 }"), ("c", "{ z = 4.0 }")
    lines = [f"[[row]]\nname = '{name}'\nsamples = 7\ntorch = {metrics}\n" for name, metrics in rows]
    (tmp_path / "t.toml").write_text("".join(lines))
    tables = markdown(side_by_side([str(tmp_path / "t.toml")], 0.01)).split("\n\n")
    assert "| a | torch | 7 | 1 | 2 |\n| b | torch | 7 | - | 3 |" in tables[0]
    assert tables[1].startswith("| model | side | samples | z |")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[row]]\nname = 'a'\ntorch = { mIoU = 'x' }", "should be a number"),
        ("[[row]]\nname = 'a'\nother = 1", "unknown"),
        ("row = 1", "should be a list"),
        ("[", "no table of metrics"),
        ("notes = [1]", "should be a text"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_published(tmp_path / "t.toml")


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml", "../l2sknet"])
def test_what_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no such file"):
        side_by_side([name], 0.01)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text("notes = ['n']\n[[row]]\nname = 'a'\njittor = { mIoU = 0.5 }\n")
    found = side_by_side([str(tmp_path / "t.toml")], 0.01)
    assert found.metrics == ["mIoU"]
    assert found.notes == ["n"]

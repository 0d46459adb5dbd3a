"""Names and flags are taken as people spell them, and completed by the shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import parse, typed_flags
from harness.flows.request import CompareRequest
from harness.pairs import find
from tests.unit.cli.conftest import Align, Flow
from tests.unit.reports import samples


def test_flags_are_spelled_in_any_way_and_values_stay() -> None:
    typed = ["compare", "--Input_Size", "64x64", "--OPTION=a_B=C-d", "-m", "A_b", "--", "--Kept_As"]
    assert typed_flags.spelled(typed) == [
        "compare", "--input-size", "64x64", "--option=a_B=C-d", "-m", "A_b", "--", "--Kept_As",
    ]  # fmt: skip


def test_a_request_has_the_names_as_they_are_written_here(align: Align, flow: Callable[..., Flow]) -> None:
    placed = flow("compare", samples.alignment())
    names = "--Model Gold-YOLO --Variant S-Deployed --mode Eval"
    align("compare", *names.split(), *["--POLICY", "Fixed", "--RTOL", "1e-3"])
    request = placed.asked[0]
    assert (request.model, request.mode, request.policy.name) == ("gold_yolo", "eval", "fixed")
    case = request.case(find(request.model))
    assert case == CompareRequest("gold_yolo", "s_deployed").case(find("gold_yolo"))
    assert (case.variant, case.name) == ("s_deployed", "")


def test_options_and_their_words_are_spelled_in_any_way() -> None:
    pair = find("gold_yolo")
    spelled = pair.variant("S[IoU-Type=GIOU,class_prior=2]")
    assert spelled.name == pair.variant("s[iou_type=giou,class_prior=2]").name
    assert spelled.options["iou_type"] == "giou"


def test_the_json_flag_counts_in_any_spelling(align: Align) -> None:
    ran = align("compare", "-m", "L2SKNt", "--JSON")
    assert ran.exit_code == 2
    assert "perhaps l2sknet?" in ran.document["error"]


def test_a_word_of_the_harness_stands_behind_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (parse.parse_weights("SEEDED"), parse.parse_reference("Golden")) == ("seeded", "golden")
    Path("Seeded").write_text("")
    Path("Golden").write_text("")
    assert (parse.parse_weights("Seeded"), parse.parse_reference("Golden")) == ("Seeded", "Golden")


def completed(*words: str) -> list[str]:
    """What a shell is offered for the last word."""
    asked = {
        "_ALIGN_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["align", *words]),
        "COMP_CWORD": str(len(words)),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "harness.cli"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("compare --model g", ["gold_yolo"]),
        ("train -m Gold-YOLO --variant s_f", ["s_fuse_ab", "s_folded_blocks"]),
        ("compare -m gold_yolo --option iou_type=g", ["iou_type=giou"]),
        ("compare -m nonesuch --variant s", []),
    ],
)
def test_a_shell_is_offered_the_words_that_may_stand_there(words: str, offered: list[str]) -> None:
    assert completed(*words.split()) == offered


def test_no_file_is_run_by_the_tab_key(tmp_path: Path) -> None:
    trap, pair = tmp_path / "ran", tmp_path / "pair.py"
    pair.write_text(f"open({str(trap)!r}, 'w')\n")
    assert completed("compare", "-m", str(pair), "--variant", "x") == []
    assert not trap.exists()

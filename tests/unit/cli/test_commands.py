"""Each command: what it asks of the flows, what it prints, how it ends."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

import golden
from harness import comparing, pairs
from harness.alignment import Alignment
from harness.alignment_rows import SideReport
from harness.cli import options
from harness.errors import BadInput, NoEnvironment, WorkerLost
from harness.flows import CompareRequest, PinResult
from harness.flows.kept_trace import RecordedTrace
from harness.pairs.base import Override, Variant
from harness.verdict import FixedPolicy, MetricPolicy, NoisePolicy
from tests.unit.cli.conftest import Align, Flow
from tests.unit.reports import samples

Place = Callable[..., Flow]


def test_compare_hands_on_what_was_asked_and_nothing_else(align: Align, flow: Place) -> None:
    placed = flow("compare", samples.alignment())
    assert align("compare", "--model", "led").exit_code == 0
    assert placed.asked[0] == CompareRequest("led")


def test_compare_hands_on_every_flag(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("compare", samples.alignment())
    (tmp_path / "w.pt").touch()
    words = (
        "compare -m led --variant v --option camera=3 --option b=x --layers head.* --weights w.pt "
        "--device cuda --dtype float64 --mode train --seed 7 --input-size 32x64 --batch 2 "
        "--reference golden --timeout 60 --policy fixed --rtol 1e-3 --rtol layer:a*=1e-2 --atol 0 "
        "--atol layer:b*=1 --keep whole -o out"
    )
    align(*words.split())
    patterns = {"layer:a*": (1e-2, None), "layer:b*": (None, 1.0)}
    assert placed.asked[0] == CompareRequest(
        model="led",
        variant="v[camera=3,b=x]",
        layers="head.*",
        weights="w.pt",
        device="cuda",
        dtype="float64",
        mode="train",
        seed=7,
        input_size=(32, 64),
        batch=2,
        reference="golden",
        policy=FixedPolicy(rtol=1e-3, atol=0.0, per_pattern=patterns),
        timeout=60.0,
        output=Path("out"),
        keep="whole",
    )


def test_compare_hands_on_what_steps_are_asked_for(
    align: Align, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from harness.flows import compare_steps
    from harness.flows.train_request import TrainRequest

    placed = Flow(samples.diverging())
    monkeypatch.setattr(compare_steps, "compare_steps", placed)
    (tmp_path / "w.pt").touch()
    (tmp_path / "align.toml").write_text('layers = "leaf"\ndtype = "float32"\n')  # of other modes
    words = (
        "compare -m led --mode step --variant v --option camera=3 --weights w.pt --device cpu --seed 7 "
        "--input-size 32x64 --batch 2 --timeout 60 -o out"
    )
    assert align(*words.split()).exit_code == 1
    assert placed.asked[0] == TrainRequest(
        "led", "v[camera=3]", "w.pt", "cpu", 7, (32, 64), 2, timeout=60.0, output=Path("out")
    )


def test_steps_are_checked_as_strictly_as_they_were_compared(align: Align, tmp_path: Path) -> None:
    alignment = samples.alignment()
    path = tmp_path / "steps.json"
    for tag, ulps in (("compare", NoisePolicy().ulps), ("step", 2.0)):
        dataclasses.replace(alignment, case={**alignment.case, "tag": tag}).save(path, replace=True)
        assert align("check", str(path), "--json").document["policy"]["ulps"] == ulps


def test_compare_reports_and_ends_with_the_verdict(align: Align, flow: Place) -> None:
    flow("compare", samples.diverging(), folder="runs/now-toy-small")
    Path("runs/now-toy-small").mkdir(parents=True)
    samples.diverging().save("runs/now-toy-small/alignment.json")
    ran = align("compare", "-m", "toy")
    assert ran.exit_code == 1
    assert ran.stdout.startswith("✘ jittor diverges, first at")
    assert "kept in: runs/now-toy-small" in ran.stdout
    assert "next: align show runs/now-toy-small/alignment.json 'layer:" in ran.stdout


def test_compare_names_the_folder_it_was_given(align: Align, flow: Place) -> None:
    flow("compare", samples.alignment())
    assert "kept in: here" in align("compare", "-m", "toy", "-o", "here").stdout


def test_a_side_that_died_is_exit_4_and_its_log_is_reported(align: Align, flow: Place) -> None:
    side = SideReport("failed", "the worker ended", "SIGKILL", "layer:head#0", "line 1\nOut of memory\n")
    flow("compare", samples.alignment(verdict="failed", sides={"torch": SideReport(), "jittor": side}))
    ran = align("compare", "-m", "toy")
    assert ran.exit_code == 4
    for stated in (
        "jittor failed: the worker ended",
        "SIGKILL",
        "last layer: layer:head#0",
        "| Out of memory",
    ):
        assert stated in ran.stdout


def test_json_is_the_alignment_itself(align: Align, flow: Place) -> None:
    flow("compare", samples.diverging())
    ran = align("compare", "-m", "toy", "--json")
    assert ran.exit_code == 1
    assert Alignment.from_dict(ran.document).to_dict() == samples.diverging().to_dict()


def test_json_has_no_number_that_json_does_not_know(align: Align, flow: Place) -> None:
    flow("compare", samples.alignment([samples.row("layer:a#0:out", 0, math.inf)]))
    ran = align("compare", "-m", "toy", "--json")
    json.loads(ran.stdout, parse_constant=pytest.fail)
    assert Alignment.from_dict(ran.document).rows[0].verdict.ratio == math.inf


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(BadInput("no pair"), 2), (NoEnvironment("no torch"), 3), (WorkerLost("gone"), 4)],
)
def test_errors_of_the_flows(align: Align, flow: Place, error: Exception, exit_code: int) -> None:
    flow("compare", error)
    ran = align("compare", "-m", "toy")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (exit_code, "", f"align: {error}\n")
    ran = align("compare", "-m", "toy", "--json")
    assert ran.document == {"error": str(error), "exit_code": exit_code}


def test_flags_win_over_the_config_file(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("compare", samples.alignment())
    (tmp_path / "align.toml").write_text(
        'model = "led"\nseed = 4\ninput-size = "8x8"\npolicy = "fixed"\nrtol = 0.1\natol = ["0", "x*=1"]\n'
    )
    align("compare", "--seed", "5")
    request = placed.asked[0]
    assert (request.model, request.seed, request.input_size) == ("led", 5, (8, 8))
    assert request.policy == FixedPolicy(0.1, 0.0, {"x*": (None, 1.0)})
    align("compare", "--policy", "noise")
    assert placed.asked[0].policy == NoisePolicy()


def test_the_config_file_counts_for_every_command_that_runs_a_pair(
    align: Align, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.flows import lint, selftest

    (tmp_path / "align.toml").write_text('model = "led"\nvariant = "v"\nseed = 4\ntimeout = 9\n')
    for module, name, words in ((lint, "lint", "lint"), (selftest, "selftest_pair", "selftest")):
        placed = Flow(BadInput("far enough"))
        monkeypatch.setattr(module, name, placed)
        assert "far enough" in align(words).stderr
        asked = placed.asked[0]
        assert "led" in (asked, getattr(asked, "model", None))
    assert placed.asked[0] == CompareRequest("led", "v", seed=4, timeout=9.0)


def test_the_config_file_says_nothing_of_what_a_stored_file_is_of(
    align: Align, flow: Place, stored: Path, tmp_path: Path
) -> None:
    (tmp_path / "w.pt").touch()
    (tmp_path / "align.toml").write_text('model = "led"\nweights = "w.pt"\n')
    placed = flow("diff", samples.alignment())
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).touch()
    align("diff", "a.h5", "b.h5")
    assert placed.asked[-1] is None
    align("diff", "a.h5", "b.h5", "--model", "cpanet")
    assert placed.asked[-1] == "cpanet"
    assert "'toy', which is not built in" in align("explain", stored).stderr
    assert align("check", stored).exit_code == 1


def test_check_takes_the_overrides_of_the_pair_that_is_typed(
    align: Align, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = dataclasses.replace(
        pairs.find("led"),
        name="toy",
        variants={"small": Variant("small", "")},
        overrides=lambda variant, mode: (Override("layer:backbone.neck*", "skip", "known"),),
    )
    monkeypatch.setattr(pairs, "find", lambda name: toy)
    document = align("check", stored, "--model", "toy.py", "--json").document
    assert [rule["reason"] for rule in document["overrides"]] == ["known"]
    assert align("check", stored, "--json").document["overrides"] == []


def test_a_bad_value_in_the_config_file_is_named_with_the_file(align: Align, tmp_path: Path) -> None:
    (tmp_path / "align.toml").write_text('model = "led"\nmode = "evil"\n')
    ran = align("compare")
    assert ran.exit_code == 2
    assert "'evil' is not allowed; it should be one of eval" in ran.stderr
    assert f"(from {tmp_path / 'align.toml'})" in ran.stderr
    (tmp_path / "align.toml").write_text("colour = 1\n")
    assert "unknown key 'colour'" in align("compare", "-m", "led").stderr
    assert align("compare", "--help").exit_code == 0
    assert align("list").exit_code == 0


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("--policy metric", MetricPolicy()),
        ("--policy metric --rtol 0.03", MetricPolicy(0.03)),
        ("--policy fixed", FixedPolicy()),
        ("--policy noise", NoisePolicy()),
    ],
)
def test_policies(align: Align, flow: Place, words: str, policy: object) -> None:
    placed = flow("compare", samples.alignment())
    align("compare", "-m", "toy", *words.split())
    assert placed.asked[0].policy == policy


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rtol 1e-3", "--rtol: policy noise takes neither. Add --policy fixed"),
        ("--atol 1 --rtol 1 --policy noise", "--rtol and --atol: policy noise takes neither"),
        ("--policy metric --atol 1", "--atol: policy metric takes one --rtol"),
        ("--policy metric --rtol metric:*=1", "--rtol: policy metric takes one --rtol"),
    ],
)
def test_tolerances_that_a_policy_does_not_take(align: Align, words: str, said: str) -> None:
    ran = align("compare", "-m", "toy", *words.split())
    assert ran.exit_code == 2
    assert said in ran.stderr


def test_record(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("record", RecordedTrace(tmp_path / "a.h5", "carried"))
    ran = align("record", "--side", "jittor", "-m", "led", "-o", "a.h5", "--keep", "whole", "--seed", "2")
    request, side, path, _ = placed.asked
    assert (request, side, path) == (CompareRequest("led", keep="whole", seed=2), "jittor", Path("a.h5"))
    assert (ran.exit_code, ran.stdout) == (0, f"{tmp_path / 'a.h5'}\nfloat64 truth: carried\n")
    assert placed.named["truth"]
    assert align("record", "--side", "torch", "-m", "led", "-o", "a.h5", "--json").document == {
        "written": [str(tmp_path / "a.h5")],
        "exit_code": 0,
        "truth": "carried",
    }
    align("record", "--side", "torch", "-m", "led", "-o", "a.h5", "--no-truth")
    assert not placed.named["truth"]


def test_diff(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("diff", samples.diverging())
    for name in ("a.h5", "b.h5", "t.h5"):
        (tmp_path / name).touch()
    words = ("diff", "a.h5", "b.h5", "--truth", "t.h5", "--policy", "fixed", "-o", "found.json")
    ran = align(*words)
    assert placed.asked == (Path("a.h5"), Path("b.h5"), FixedPolicy(), Path("t.h5"), None)
    assert ran.exit_code == 1
    assert Alignment.load(tmp_path / "found.json").to_dict() == samples.diverging().to_dict()
    assert align(*words).stderr == "align: found.json exists; use --force or name another\n"


def test_check_judges_stored_numbers_anew(align: Align, stored: Path, tmp_path: Path) -> None:
    loose = ("--policy", "fixed", "--rtol", "1", "--atol", "1")
    ran = align("check", stored, *loose, "-o", tmp_path / "loose.json")
    assert ran.exit_code == 0
    assert Alignment.load(tmp_path / "loose.json").verdict == "aligned"
    assert align("check", stored.parent, "--policy", "fixed", "--rtol", "0", "--atol", "0").exit_code == 1
    expected = comparing.rejudge(samples.diverging(), NoisePolicy())
    ran = align("check", stored, "--json")
    assert (ran.exit_code, ran.document) == (expected.exit_code, expected.to_dict())


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "align-alignment", "version": 99}', "\x00"])
@pytest.mark.parametrize("command", ["check", "show", "report"])
def test_files_that_are_no_alignment(align: Align, tmp_path: Path, text: str, command: str) -> None:
    (tmp_path / "x.json").write_text(text)
    words = (command, "x.json", *(("-o", "r.html") if command == "report" else ()))
    ran = align(*words)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "x.json" in ran.stderr
    assert align(*words, "--json").document["exit_code"] == 2


@pytest.mark.parametrize(
    ("ending", "start"), [("html", "<!DOCTYPE html>"), ("md", "**✘"), ("xml", "<?xml"), ("json", "{")]
)
def test_report(align: Align, stored: Path, tmp_path: Path, ending: str, start: str) -> None:
    for force in ((), ("--force",)):
        ran = align("report", stored, "-o", f"r.{ending}", *force)
        assert (ran.exit_code, ran.stdout) == (0, f"r.{ending}\n")
    assert (tmp_path / f"r.{ending}").read_text().startswith(start)
    assert align("report", stored, "-o", "r.html", "--force", "--json").document == {
        "written": ["r.html"],
        "exit_code": 0,
    }


def test_report_of_two_alignments_and_of_a_folder_of_runs(align: Align, stored: Path, tmp_path: Path) -> None:
    assert align("report", stored, stored.parent, "-o", "changed.md").exit_code == 0
    assert (tmp_path / "changed.md").read_text().startswith("**0 newly failing, 0 newly passing")
    runs = tmp_path / "many"
    (runs / "one").mkdir(parents=True)
    assert align("report", runs, "-o", "index.md").exit_code == 2
    (runs / "one" / "alignment.json").write_bytes(stored.read_bytes())
    assert align("report", runs, "-o", "index.md").exit_code == 0
    assert "1 diverged" in (tmp_path / "index.md").read_text()
    refused = align("report", runs, stored, "-o", "changed.html")
    assert refused.exit_code == 2
    assert "is a folder of many runs; what changed is drawn for two results" in refused.stderr


def test_report_into_a_folder_that_is_missing(align: Align, stored: Path) -> None:
    ran = align("report", stored, "-o", "nowhere/r.html")
    assert ran.exit_code == 2
    assert "nowhere/r.html cannot be written: there is no folder nowhere" in ran.stderr


def test_show_an_alignment(align: Align, stored: Path) -> None:
    ran = align("show", stored)
    assert ran.exit_code == 0
    assert ran.stdout.startswith("✘ jittor diverges")
    assert f"kept in: {stored.parent}" in ran.stdout
    assert align("show", stored.parent, "--json").document == samples.diverging().to_dict()


def test_show_one_address_of_an_alignment(align: Align, stored: Path) -> None:
    ran = align("show", stored, "layer:backbone.stage3.conv#0:out")
    assert ran.exit_code == 0
    for stated in (
        "✔ aligned: error 1.0e-06",
        "shape: 1x4x5x5",
        "worst element: 1.000001 instead of 1.0 at [0, 3]",
    ):
        assert stated in ran.stdout
    assert len(align("show", stored, "layer:backbone.stage1*", "--json").document["rows"]) == 11


def test_show_an_address_that_is_not_there(align: Align, stored: Path) -> None:
    ran = align("show", stored, "layer:backbone.stage3.cnov#0:out")
    assert ran.exit_code == 2
    assert "near it: layer:backbone.stage3.conv#0:out" in ran.stderr


def test_list(align: Align) -> None:
    found = align("list", "--json").document["pairs"]
    assert [pair["name"] for pair in found] == pairs.names()
    for pair in pairs.all_pairs():
        listed = next(entry for entry in found if entry["name"] == pair.name)
        assert [variant["name"] for variant in listed["variants"]] == list(pair.variants)
        assert sum(len(variant["goldens"]) for variant in listed["variants"]) == len(golden.names(pair.name))
    shown = align("list").stdout
    assert all(name in shown for name in pairs.names())


def test_golden_record(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("golden_record", [tmp_path / "v.eval.h5"])
    ran = align("golden", "record", "-m", "led", "--variant", "v", "--seed", "3")
    request, modes, _ = placed.asked
    assert (request, modes) == (CompareRequest("led", "v", seed=3), ("eval", "train"))
    assert ran.stdout == f"{tmp_path / 'v.eval.h5'}\n"
    align(
        "golden", "record", "-m", "led", "--mode", "frozen", "--mode", "eval", "--mode", "frozen", "-o", "g"
    )
    assert placed.asked[1] == ("frozen", "eval")
    assert placed.named == {"folder": Path("g"), "replace": False}
    align("golden", "record", "-m", "led", "--force")
    assert placed.named == {"replace": True}


def test_golden_verify(align: Align, flow: Place) -> None:
    placed = flow("golden_verify", {"v.eval": samples.alignment(), "v.train": samples.diverging()})
    ran = align("golden", "verify", "-m", "led", "--json")
    assert placed.asked[:2] == (CompareRequest("led"), ("eval", "train", "frozen"))
    assert ran.exit_code == 1
    assert {name: found["verdict"] for name, found in ran.document["goldens"].items()} == {
        "led v.eval": "aligned",
        "led v.train": "diverged",
    }
    assert "✔ led v.eval: jittor agrees" in align("golden", "verify", "-m", "led").stdout


def test_golden_verify_of_every_pair(align: Align, flow: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = flow("golden_verify", {"v.eval": samples.alignment()})
    monkeypatch.setattr(pairs, "names", lambda: ["a", "b", "c"])
    monkeypatch.setattr(golden, "names", lambda model: [] if model == "b" else ["v.eval"])
    assert list(align("golden", "verify", "--json").document["goldens"]) == ["a v.eval", "c v.eval"]
    assert placed.asked[0].model == "c"
    monkeypatch.setattr(golden, "names", lambda model: [])
    ran = align("golden", "verify")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "there is no golden to verify" in ran.stderr


def test_pin_verify(align: Align, flow: Place, tmp_path: Path) -> None:
    placed = flow("pin_verify", PinResult(samples.alignment(), "net:Net", ["another commit"]))
    (tmp_path / "checkout").mkdir()
    words = (
        "pin",
        "verify",
        "-m",
        "led",
        "--upstream",
        "checkout",
        "--entry",
        "net:Net",
        "--option",
        "depth=[1]",
    )
    ran = align(*words)
    request, checkout, _, entry, given = placed.asked
    assert (request, checkout, entry, given) == (
        CompareRequest("led"),
        Path("checkout"),
        "net:Net",
        {"depth": [1]},
    )
    assert ran.exit_code == 0
    assert "warning: another commit\nupstream: net:Net\n✔" in ran.stdout
    document = align(*words, "--json").document
    assert (document["warnings"], document["alignment"]["verdict"]) == (["another commit"], "aligned")


def test_defaults_that_the_help_shows_are_those_of_the_request() -> None:
    shown = {
        "layers": options.Layers,
        "weights": options.Weights,
        "device": options.Device,
        "dtype": options.Dtype,
        "mode": options.Mode,
        "seed": options.Seed,
        "timeout": options.Timeout,
        "keep": options.Keep,
        "isolated": options.Isolated,
        "dropout": options.Dropout,
    }
    request = CompareRequest("any")
    for name, option in shown.items():
        assert option.__metadata__[0].show_default == f"{getattr(request, name)}".removesuffix(".0")
    assert options.Policy.__metadata__[0].show_default == request.policy.name
    own = {field.name for field in fields(request)}
    others = {"model", "variant", "input_size", "batch", "reference", "policy", "output"}
    assert own == {*shown, *others}


@pytest.mark.parametrize(
    "words",
    ["compare", "record --side torch -o a.h5", "lint", "train", "train --plan", "bench", "selftest"],
)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("camera=6", "option camera=6 is not allowed; it should be a whole number from -1 to 5"),
        ("camera=two", "option camera=two is not allowed"),
        ("camrea=3", "led repnr_unet_pretrain has no option 'camrea' (perhaps camera?); it has camera"),
    ],
)
def test_an_option_that_the_pair_does_not_have_is_refused_before_anything_runs(
    align: Align, words: str, given: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*arguments: object, **more: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr("harness.session.Worker.__init__", started)
    monkeypatch.chdir(tmp_path)
    ran = align(*words.split(), *f"-m led --variant repnr_unet_pretrain --option {given}".split())
    assert ran.exit_code == 2
    assert said in " ".join(ran.stderr.split())


def test_every_command_that_builds_a_model_takes_its_options(align: Align, flow: Place) -> None:
    placed = flow("compare", samples.alignment())
    align(*["compare", "-m", "led", "--option", "camera=3"])
    assert placed.asked[0].variant == "[camera=3]"

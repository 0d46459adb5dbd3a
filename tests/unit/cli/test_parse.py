from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from harness import choices
from harness.assignment import assignment
from harness.cli import options, parse
from harness.verdict import POLICIES

GOOD = [
    (parse.one_of(choices.DEVICES), "cuda", "cuda"),
    (parse.one_of(choices.DTYPES), "float64", "float64"),
    (parse.one_of(choices.MODES), "frozen", "frozen"),
    (parse.one_of(choices.MODES), "EVAL", "eval"),
    (parse.one_of(choices.KEEPS), "none", "none"),
    (parse.one_of(choices.ISOLATIONS), "always", "always"),
    (parse.one_of(choices.TRACE_KEEPS), "whole", "whole"),
    (parse.one_of(choices.POLICIES), "metric", "metric"),
    (parse.one_of(choices.SIDES), "jittor", "jittor"),
    (parse.parse_layers, "backbone.[ab]*", "backbone.[ab]*"),
    (parse.parse_name, "my/pair.py:PAIR", "my/pair.py:PAIR"),
    (parse.parse_model, "Gold-YOLO", "gold_yolo"),
    (parse.parse_model, "my/Pair.py", "my/Pair.py"),
    (parse.parse_size, "64x1024", "64x1024"),
    (parse.parse_count, "128", 128),
    (parse.parse_counts, "1,4", "1,4"),
    (parse.parse_bytes, "512MiB", 512 << 20),
    (parse.parse_bytes, "2GiB", 2 << 30),
    (parse.parse_percent, "2.5%", "2.5%"),
    (parse.parse_share, "0.8", 0.8),
    (parse.parse_whole_share, "0", 0.0),
    (parse.parse_whole_share, "1", 1.0),
    (parse.parse_names, "person,traffic light", "person,traffic light"),
    (parse.parse_seed, "0", 0),
    (parse.parse_seed, str(2**63 - 1), 2**63 - 1),
    (parse.parse_timeout, "0.5", 0.5),
    (parse.parse_rate, "5e-4", 5e-4),
    (parse.parse_data, "synthetic", "synthetic"),
    (parse.parse_data, "/", "/"),
    (parse.parse_tolerance, "1e-4", "1e-4"),
    (parse.parse_tolerance, "layer:head.*=0", "layer:head.*=0"),
    (parse.parse_entry, "models.net:Network", "models.net:Network"),
    (parse.parse_input, "image=1x3x8x8", "image=1x3x8x8"),
    (parse.parse_python_out, "pair.py", Path("pair.py")),
    (parse.parse_results, ".", Path()),
    (parse.parse_assignment, "channels=[1, 2]", "channels=[1, 2]"),
    (parse.parse_option, "IoU-Type=giou", "IoU-Type=giou"),
    (parse.parse_weights, "seeded", "seeded"),
    (parse.parse_reference, "golden", "golden"),
    (parse.parse_trace_out, "a.h5", Path("a.h5")),
    (parse.parse_json_out, "a.json", Path("a.json")),
    (parse.parse_report_out, "a.HTML", Path("a.HTML")),
    (parse.parse_folder_out, "somewhere/new", Path("somewhere/new")),
]


@pytest.mark.parametrize(("parser", "text", "value"), GOOD, ids=lambda item: getattr(item, "__name__", None))
def test_good_values(parser: Callable[[str], object], text: str, value: object) -> None:
    assert parser(text) == value


BAD = [
    (parse.one_of(choices.DEVICES), "gpu", "one of cpu, cuda"),
    (parse.one_of(choices.DTYPES), "fp32", "one of float32, float64"),
    (parse.one_of(choices.MODES), "evla", "one of eval, train, frozen. Did you mean eval?"),
    (parse.one_of(choices.KEEPS), "", "one of compact, whole, none"),
    (parse.one_of(choices.ISOLATIONS), "often", "one of auto, always, never"),
    (parse.one_of(choices.TRACE_KEEPS), "none", "one of compact, whole"),
    (parse.one_of(choices.POLICIES), "exact", "one of noise, fixed, metric"),
    (parse.one_of(choices.SIDES), "both", "one of torch, jittor"),
    (parse.parse_layers, " ", "all, leaf, or globs"),
    (parse.parse_layers, "head,,body", "all, leaf, or globs"),
    (parse.parse_whole_share, "1.1", "a share from 0 to 1"),
    (parse.parse_whole_share, "nan", "a share from 0 to 1"),
    (parse.parse_layers, "a[b", "all, leaf, or globs"),
    (parse.parse_name, "\x1b[31m", "a name that `align list` shows"),
    (parse.parse_size, "64", "HEIGHTxWIDTH"),
    (parse.parse_size, "0x64", "HEIGHTxWIDTH"),
    (parse.parse_size, "64x-1", "HEIGHTxWIDTH"),
    (parse.parse_size, "64x64 ", "HEIGHTxWIDTH"),
    (parse.parse_count, "0", "a whole number, 1 or more"),
    (parse.parse_count, "1.5", "a whole number, 1 or more"),
    (parse.parse_count, "٣", "a whole number, 1 or more"),
    (parse.parse_counts, "1,0", "whole numbers above 0"),
    (parse.parse_counts, "1,", "whole numbers above 0"),
    (parse.parse_bytes, "2GB", "an amount of memory, such as 512MiB or 2GiB"),
    (parse.parse_percent, "0.05", "a share in percent, such as 5%"),
    (parse.parse_share, "1", "a share between 0 and 1, such as 0.8"),
    (parse.parse_share, "80%", "a share between 0 and 1, such as 0.8"),
    (parse.parse_names, "person,,car", "names with commas between them, such as person,car"),
    (parse.parse_names, "", "names with commas between them, such as person,car"),
    (parse.parse_seed, "-1", "a whole number, 0 or more"),
    (parse.parse_seed, str(2**63), "a whole number, 0 or more"),
    (parse.parse_seed, "9" * 200, "a whole number, 0 or more"),
    (parse.parse_timeout, "0", "seconds above 0"),
    (parse.parse_timeout, "inf", "seconds above 0"),
    (parse.parse_timeout, "nan", "seconds above 0"),
    (parse.parse_timeout, "1h", "seconds above 0"),
    (parse.parse_rate, "0", "a learning rate above 0"),
    (parse.parse_rate, "nan", "a learning rate above 0"),
    (parse.parse_data, "nowhere", "there is no folder of that name"),
    (parse.parse_result, "nowhere", "an alignment.json or a training.jsonl, or a run folder"),
    (parse.parse_tolerance, "-1", "a number such as 1e-4"),
    (parse.parse_tolerance, "nan", "a number such as 1e-4"),
    (parse.parse_tolerance, "=1", "a number such as 1e-4"),
    (parse.parse_tolerance, "head.*=", "a number such as 1e-4"),
    (parse.parse_entry, "network", "MODULE:CLASS"),
    (parse.parse_input, "image", "NAME=SHAPE"),
    (parse.parse_python_out, "pair.txt", "a path that ends in .py"),
    (parse.parse_results, "no.json", "there is no file of that name"),
    (parse.parse_assignment, "channels", "NAME=VALUE"),
    (parse.parse_model, " ", "a name that `align list` shows"),
    (parse.parse_option, "shots", "NAME=VALUE"),
    (parse.parse_weights, "no.pt", "seeded, or the path of a checkpoint; there is no file of that name"),
    (parse.parse_reference, ".", "golden, or the path of a trace; that is a folder"),
    (parse.parse_file, "no.h5", "there is no file of that name"),
    (parse.parse_stored, "nowhere", "an alignment.json, or a run folder"),
    (parse.parse_measured, "nowhere", "a bench.json, or a run folder"),
    (parse.parse_shown, "nowhere", "an alignment.json or an evaluation.json, or a run folder"),
    (parse.parse_folder, "nowhere", "the path of a folder"),
    (parse.parse_trace_out, "a.npz", "a path that ends in .h5"),
    (parse.parse_json_out, "a", "a path that ends in .json"),
    (parse.parse_report_out, "a.pdf", ".html, .md, .xml (JUnit) or .json"),
    (parse.parse_folder_out, "", "a folder"),
    (parse.parse_weights, "~nobody-of-this-name/w.pt", "path of a checkpoint; Could not determine home"),
    (parse.parse_file, "n" * 299, "the path of a file; File name too long"),
    (parse.parse_stored, "n" * 299, "a run folder that holds one; File name too long"),
    (parse.parse_folder, "n" * 299, "the path of a folder; File name too long"),
    (parse.parse_folder_out, "n" * 299, "a folder, new or not; File name too long"),
    (parse.parse_report_out, "n" * 290 + ".html", "File name too long"),
]


@pytest.mark.parametrize(("parser", "text", "allowed"), BAD, ids=lambda item: getattr(item, "__name__", None))
def test_bad_values_are_repeated_with_what_is_allowed(
    parser: Callable[[str], object], text: str, allowed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.BadParameter) as refusal:
        parser(text)
    assert repr(text) in str(refusal.value)
    assert allowed in str(refusal.value)


def test_every_parser_is_tested() -> None:
    parsers = {name for name in vars(parse) if name.startswith("parse_")}
    assert parsers == {parser.__name__ for parser, *_ in GOOD} - {"parse_choice"} | {
        "parse_file",
        "parse_stored",
        "parse_measured",
        "parse_shown",
        "parse_result",
        "parse_folder",
    }
    assert parsers == {parser.__name__ for parser, *_ in BAD} - {"parse_choice"}


def test_files_and_folders_that_exist(tmp_path: Path) -> None:
    (tmp_path / "w.pt").touch()
    (tmp_path / "alignment.json").touch()
    assert parse.parse_weights(str(tmp_path / "w.pt")) == str(tmp_path / "w.pt")
    assert parse.parse_file(str(tmp_path / "w.pt")) == tmp_path / "w.pt"
    assert parse.parse_folder(str(tmp_path)) == tmp_path
    assert parse.parse_stored(str(tmp_path)) == tmp_path / "alignment.json"
    assert parse.parse_stored(str(tmp_path / "w.pt")) == tmp_path / "w.pt"
    assert parse.parse_result(str(tmp_path)) == tmp_path / "alignment.json"
    assert parse.parse_shown(str(tmp_path)) == tmp_path / "alignment.json"
    (tmp_path / "alignment.json").unlink()
    (tmp_path / "training.jsonl").touch()
    assert parse.parse_result(str(tmp_path)) == tmp_path / "training.jsonl"
    (tmp_path / "training.jsonl").unlink()
    (tmp_path / "bench.json").touch()
    assert parse.parse_measured(str(tmp_path)) == tmp_path / "bench.json"
    (tmp_path / "evaluation.json").touch()
    assert parse.parse_shown(str(tmp_path)) == tmp_path / "evaluation.json"
    assert parse.parse_results(str(tmp_path)) == tmp_path / "evaluation.json"


def test_a_file_takes_no_folder_s_place_and_a_folder_no_file_s(tmp_path: Path) -> None:
    (tmp_path / "a.h5").touch()
    (tmp_path / "a.html").mkdir()
    with pytest.raises(typer.BadParameter, match="that is a folder"):
        parse.parse_report_out(str(tmp_path / "a.html"))
    with pytest.raises(typer.BadParameter, match="a folder, new or not"):
        parse.parse_folder_out(str(tmp_path / "a.h5"))


def test_a_value_without_end_is_cut_in_the_message() -> None:
    for text in ("9" * 100_000, "x" * 100_000):
        with pytest.raises(typer.BadParameter) as refusal:
            parse.parse_seed(text)
        assert len(str(refusal.value)) < 500


def test_texts_are_split_after_they_were_checked() -> None:
    assert parse.size("64x128") == (64, 128)
    assert parse.size(None) is None
    assert parse.tolerance("1e-3") == ("*", 1e-3)
    assert parse.tolerance("layer:a=b#0:*=2") == ("layer:a=b#0:*", 2.0)
    assert assignment("depth=[1, 2]") == ("depth", [1, 2])
    assert assignment("name=small=er") == ("name", "small=er")


def test_a_flag_shows_and_takes_the_words_of_one_list() -> None:
    lists = {
        options.Device: (choices.AUTO, *choices.DEVICES),
        options.Dtype: choices.DTYPES,
        options.Mode: ("eval", "train", "frozen"),
        options.Modes: ("eval", "train", "frozen"),
        options.ModeOrStep: ("eval", "train", "frozen", "step"),
        options.Side: choices.SIDES,
        options.Policy: tuple(POLICIES),
        options.Keep: ("compact", "whole", "none"),
        options.TraceKeep: ("compact", "whole"),
        options.Isolated: ("auto", "always", "never"),
    }
    for option, words in lists.items():
        flag = option.__metadata__[0]
        assert flag.metavar == "|".join(words)
        assert tuple(map(flag.parser, words)) == words
        with pytest.raises(typer.BadParameter, match=re.escape(", ".join(words))):
            flag.parser("another")

"""How commands end: one message, one exit code, and with --json one document."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness import flows
from harness.cli.app import app
from tests import ROOT
from tests.unit.cli.conftest import Align, Flow
from tests.unit.reports import samples

COMMANDS = [
    ["compare"],
    ["init"],
    ["lint"],
    ["explain"],
    ["reproduce"],
    ["selftest"],
    ["train"],
    ["bench"],
    ["evaluate"],
    ["infer"],
    ["record"],
    ["diff"],
    ["check"],
    ["show"],
    ["report"],
    ["list"],
    ["map"],
    ["doctor"],
    ["golden"],
    ["golden", "record"],
    ["golden", "verify"],
    ["pin"],
    ["pin", "verify"],
    ["knowledge"],
    ["knowledge", "scan"],
    ["data"],
    ["data", "prepare"],
    ["cache"],
    ["cache", "show"],
    ["cache", "warm"],
    ["cache", "prune"],
]


def in_a_process(*words: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as users do."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment.pop("ALIGN_DEBUG", None)
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *map(str, words)],
        **{"capture_output": True, "text": True, "env": environment, "timeout": 120, "check": False, **more},
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(align: Align, command: list[str]) -> None:
    ran = align(*command, "--help")
    assert ran.exit_code == 0
    assert f"Usage: align {' '.join(command)}" in ran.stdout
    assert ran.stderr == ""


def test_the_commands_are_those_of_the_design(align: Align) -> None:
    shown = align("--help").stdout
    listed = re.findall(r"^│ (\w+) {2,}\w", shown, re.MULTILINE)
    assert sorted({command[0] for command in COMMANDS}) == sorted(listed)


def test_no_command_is_wrong_usage_with_the_help(align: Align) -> None:
    ran = align()
    assert ran.exit_code == 2
    assert "Usage: align" in ran.stdout


BAD = [
    ("bogus", "No such command 'bogus'"),
    ("compare", "name a pair with --model, or two classes with --torch and --jittor"),
    ("compare --torch a:A --input x=1", "--torch and --jittor go together"),
    ("compare -m a --torch a:A --jittor b:B --input x=1", "give one or the other"),
    ("compare -m a --input x=1", "belong to --torch and --jittor"),
    ("compare -m a --map no.json", "'no.json' is not allowed"),
    ("map", "name a pair with --model, or two classes with --torch and --jittor"),
    ("map -m l2sknet -o a.txt", "'a.txt' is not allowed"),
    ("compare --torch a:A --jittor b:B", "each input is named once with --input"),
    ("compare --torch a --jittor b:B", "'a' is not allowed; it should be MODULE:CLASS"),
    ("compare --torch a:A --jittor b:B --input x", "'x' is not allowed; it should be NAME=SHAPE"),
    ("compare --torch a:A --jittor b:B --input x=2x2:odd", "has the law 'odd'"),
    ("init --torch a:A --jittor b:B -o p.py", "Missing option '--input'"),
    ("init --torch a:A --jittor b:B --input x=1 -o p.txt", "'p.txt' is not allowed"),
    ("compare -m a --mode", "'--mode' requires an argument"),
    ("compare -m a b", "unexpected extra argument"),
    ("compare -m a --modle x", "No such option: --modle"),
    ("compare -m a --variant", "'--variant' requires an argument"),
    ("compare -m a --layers [", "'[' is not allowed"),
    ("compare -m a --weights no.pt", "'no.pt' is not allowed"),
    ("compare -m a --device tpu", "'tpu' is not allowed"),
    ("compare -m a --dtype int8", "'int8' is not allowed"),
    ("compare -m a --mode fast", "'fast' is not allowed"),
    ("compare -m a --mode step --layers leaf", "--layers does not go with --mode step"),
    ("compare --mode step --torch a:A --jittor b:B --input x=1", "--torch does not go with --mode step"),
    ("compare --mode step", "name a pair with --model: its recipe says which steps"),
    ("compare -m nonesuch --mode step", "there is no pair 'nonesuch'"),
    ("compare -m a --seed x", "'x' is not allowed"),
    ("compare -m a --input-size 64", "'64' is not allowed"),
    ("compare -m a --batch 0", "'0' is not allowed"),
    ("compare -m a --reference no.h5", "'no.h5' is not allowed"),
    ("compare -m a --policy best", "'best' is not allowed"),
    ("compare -m a --policy fixed --rtol x", "'x' is not allowed"),
    ("compare -m a --policy fixed --atol -1", "'-1' is not allowed"),
    ("compare -m a --timeout soon", "'soon' is not allowed"),
    ("compare -m a --keep all", "'all' is not allowed"),
    ("compare -m nonesuch", "there is no pair 'nonesuch'"),
    ("record -m a -o a.h5", "Missing option '--side'"),
    ("record -m a --side left -o a.h5", "'left' is not allowed"),
    ("record -m a --side torch", "Missing option '--output'"),
    ("record -m a --side torch -o a.txt", "'a.txt' is not allowed"),
    ("diff no.h5 no.h5", "'no.h5' is not allowed"),
    ("check no.json", "'no.json' is not allowed"),
    ("show no.h5", "'no.h5' is not allowed"),
    ("report no.json -o r.html", "'no.json' is not allowed"),
    ("golden record -m nonesuch", "there is no pair 'nonesuch'"),
    ("golden verify --mode evla", "'evla' is not allowed"),
    ("pin verify -m a --upstream nowhere", "'nowhere' is not allowed"),
    ("pin verify -m a --upstream . --entry x", "'x' is not allowed"),
    ("golden", "Missing command"),
    ("pin", "Missing command"),
    ("list extra", "unexpected extra argument"),
]


@pytest.mark.parametrize(("words", "said"), BAD)
def test_wrong_usage_is_exit_2_with_one_message(align: Align, words: str, said: str) -> None:
    ran = align(*words.split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("align: ")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(("words", "said"), BAD)
def test_with_json_the_message_is_a_document(align: Align, words: str, said: str) -> None:
    document = align(*words.split(), "--json").document
    assert set(document) == {"error", "exit_code"}
    assert document["exit_code"] == 2


def test_a_mistake_of_our_own_asks_for_a_report(align: Align, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "compare", Flow(KeyError("nothing\nhere")))
    ran = align("compare", "-m", "toy", "--json")
    assert ran.exit_code == ran.document["exit_code"] == 70
    assert len(ran.stderr.splitlines()) == 1
    log = Path(re.search(r"Please report it with the log (\S+)", ran.stderr)[1])
    text = log.read_text()
    log.unlink()
    assert text.startswith("align compare -m toy --json\nPython ")
    assert "Traceback" in text
    assert "KeyError" in text


def test_an_exit_inside_a_flow_is_no_verdict(align: Align, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "compare", Flow(SystemExit(0)))
    ran = align("compare", "-m", "toy")
    assert ran.exit_code == 70
    Path(ran.stderr.split()[-1]).unlink()


def test_debugging_shows_the_traceback(align: Align, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "compare", Flow(KeyError("nothing")))
    monkeypatch.setenv("ALIGN_DEBUG", "1")
    ran = align("compare", "-m", "toy")
    assert ran.exit_code == 70
    assert ran.stderr.startswith("Traceback")
    assert ran.stderr.endswith(
        "align: this is a mistake of align itself (KeyError: 'nothing'). Please report it\n"
    )


def test_an_interruption_is_exit_130(align: Align, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "compare", Flow(KeyboardInterrupt()))
    ran = align("compare", "-m", "toy")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (130, "", "align: interrupted\n")
    assert align("compare", "-m", "toy", "--json").document == {"error": "interrupted", "exit_code": 130}


def test_what_libraries_print_does_not_spoil_the_document(
    align: Align, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy(*_: object) -> object:
        print("hello from a library")
        return samples.alignment()

    monkeypatch.setattr(flows, "compare", noisy)
    ran = align("compare", "-m", "toy", "--json")
    assert ran.document["verdict"] == "aligned"
    assert "hello from a library" in ran.stderr


def test_messages_cannot_steer_the_terminal(align: Align) -> None:
    ran = align("compare", "-m", "toy", "--mode", "\x1b[31mred")
    assert ran.exit_code == 2
    assert "\x1b" not in ran.stderr


def test_the_runner_of_typer_sees_the_same(stored: Path) -> None:
    result = CliRunner().invoke(app, ["show", str(stored), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verdict"] == "diverged"
    assert CliRunner().invoke(app, ["compare"]).exit_code == 2


def test_as_a_process(stored: Path) -> None:
    done = in_a_process("check", stored, "--policy", "fixed", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["policy"]["name"] == "fixed"
    assert done.stderr == ""
    done = in_a_process("compare", "--mode", "fast")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("align: ")


def test_help_imports_nothing_heavy() -> None:
    heavy = (
        "numpy",
        "h5py",
        "jinja2",
        "torch",
        "jittor",
        "harness.flows",
        "harness.trace",
        "harness.verdict",
    )
    program = (
        "import sys\n"
        "from harness.cli import main\n"
        "sys.argv = ['align', 'compare', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    "words", [["--help"], ["show", "RUN"], ["show", "RUN", "--json"], ["bogus", "--json"]]
)
def test_a_reader_that_goes_away_is_no_error_of_ours(stored: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [str(stored) if word == "RUN" else word for word in words]
    done = in_a_process(*words, capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == (2 if words[0] == "bogus" else 141)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_terminal_that_knows_only_ascii(stored: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = in_a_process("show", stored, env=environment)
    assert done.returncode == 0
    assert done.stdout.startswith("? jittor diverges")
    assert json.loads(in_a_process("show", stored, "--json", env=environment).stdout)["verdict"] == "diverged"


@pytest.mark.parametrize(
    ("sent", "exit_code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_signals_end_a_process_cleanly(
    tmp_path: Path, sent: signal.Signals, exit_code: int, word: str
) -> None:
    program = (
        "import time\n"
        "from harness import flows\n"
        "def forever(*_):\n"
        "    open('started', 'w').close()\n"
        "    try:\n        time.sleep(60)\n"
        "    finally:\n        open('cleared', 'w').close()\n"
        "flows.compare = forever\n"
        "import sys\n"
        "from harness.cli import main\n"
        "sys.argv = ['align', 'compare', '-m', 'toy', '--json']\n"
        "main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(sent)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == exit_code
    assert json.loads(stdout) == {"error": word, "exit_code": exit_code}
    assert stderr == f"align: {word}\n"
    assert (tmp_path / "cleared").exists()

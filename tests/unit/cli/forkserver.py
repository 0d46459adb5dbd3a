"""Runs the programs many times for the price of one start: imports everything once, then forks for each call.

Reads one JSON object a line: program, words, folder, out, err (a path, or "closed"), encoding, the size that
a file may have, and whether the flows that start workers are stood in for. Answers with the exit code. The
child ends as Python ends, the last flush of its streams included. A superuser's right to read and write
everything is given up first.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import gc
import importlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import typer

from harness import flows, pairs
from harness.cli import doctor, main
from harness.environment.findings import DoctorFinding, Report
from harness.flows import (
    bench_run,
    cache,
    evaluate,
    explain,
    infer,
    knowledge_scan,
    lint,
    map_layers,
    reproduce,
    selftest,
    selftest_training,
    train,
)
from harness.flows.kept_trace import RecordedTrace
from harness.layer_map import LayerMap, MapRule
from harness.layer_pairing import Pairs
from harness.selftest import Score
from harness.training.log import Training
from tests.unit.bench import samples as bench_samples
from tests.unit.evaluating import samples as evaluation_samples
from tests.unit.reports import samples
from tests.unit.training import samples as training_samples
from weight_convert import cli

PATIENCE = 100.0  # seconds for one call
LATE = (
    "harness.knowledge", "harness.lint", "harness.mistake", "harness.reproduce", "jinja2", "reports.html",
    "reports.junit", "reports.markdown", "reports.terminal", "weight_convert.command",
    "weight_convert.converting", "weight_convert.keymaps.draft", "weight_convert.verify",
    "weight_convert.words",
)  # fmt: skip
_OVERRIDE, _SEARCH = 1 << 1, 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_VERSION = 0x20080522


def give_up_rights() -> None:
    """Be refused what the permissions of a file refuse, as everybody else is."""
    library = ctypes.CDLL(None, use_errno=True)
    header, data = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    library.capget(header, data)
    for place in range(3):
        data[place] &= ~(_OVERRIDE | _SEARCH)
    if library.capset(header, data):
        raise OSError(ctypes.get_errno(), "rights cannot be given up")


def warm_up() -> None:
    """Import what the programs import when they need it: once, not in every child."""
    for name in LATE:
        importlib.import_module(name)
    command = typer.main.get_command(importlib.import_module("harness.cli.app").app)
    for words in (["list"], ["--help"]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            command.main(words)
    gc.freeze()


def trained() -> Training:
    """A training that nobody made."""
    start, *records = training_samples.records()
    found = Training(Path("run"), start)
    for record in records:
        found.add(record)
    return found


def stand_in() -> None:
    """Put what needs no framework in the place of every flow that starts a worker."""
    diverging = samples.diverging()
    result = selftest.SelftestScore(Score(1.0, 1.0, 1.0, 1, 3, 2), [], ["eval, seed 0: it diverges"], 1.0)
    broken = Report([DoctorFinding("torch", "torch", "nothing", "wrong", "it is missing", "install it")])
    stands: dict[Any, dict[str, Any]] = {
        flows: {
            "compare": diverging,
            "diff": diverging,
            "record": RecordedTrace(Path("a.h5"), ""),
            "golden_record": [Path("a.h5")],
            "golden_verify": {"v.eval": diverging},
            "pin_verify": flows.PinResult(diverging, "net:Net", ["another commit"]),
        },
        train: {"train": trained()},
        bench_run: {"measure": (bench_samples.made([2.0, 2.1, 2.0]), Path("run")), "keep": Path("run")},
        evaluate: {"evaluate": (dataclasses.replace(evaluation_samples.made(), broken=[]), Path("run"))},
        infer: {"infer": (dataclasses.replace(evaluation_samples.made(), broken=[]), Path("run"))},
        knowledge_scan: {
            "scan_knowledge": knowledge_scan.KnowledgeScan("python", "1.3.9.9", {"mean-drift": True})
        },
        map_layers: {"map_layers": Pairs(LayerMap(layers=[MapRule("a", "b", 0.5, "by order", False)]), 1)},
        lint: {"lint": lint.Linted("toy", "v", [], 1, 1, {"start": 1.0})},
        selftest: {"selftest_pair": result},
        selftest_training: {"selftest_training": result},
        explain: {"explain_stored": diverging},
        cache: {"cache": cache.Cache(Path("cache"), [], [], 1, 1, ""), "warm": 1.0},
        reproduce: {"reproduce_layer": reproduce.Reproduced([Path("a.py")], [])},
        doctor: {"examine": broken},
        type(pairs.find("gold_yolo")): {"prepare_data": lambda subset: Path("dataset.yaml")},
    }
    for room, answers in stands.items():
        for name, answer in answers.items():
            if room is flows or not isinstance(room, type):
                setattr(room, name, lambda *_, answer=answer, **__: answer)
    gold = pairs.find("gold_yolo")
    object.__setattr__(gold, "prepare_data", lambda subset: Path("dataset.yaml"))


def lead(number: int, where: str, encoding: str) -> Any:
    """Lead a standard stream to a file, or close it, and make of it what Python makes as it starts."""
    if where == "closed":
        os.close(number)
        return None
    opened = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(opened, number)
    os.close(opened)
    return open(number, "w", encoding=encoding, errors="strict" if number == 1 else "backslashreplace")


def child(call: dict[str, Any]) -> None:
    """Be one call of a program."""
    os.environ.update(call["environment"])
    for name in call["without"]:
        os.environ.pop(name, None)
    if call["stand_in"]:
        stand_in()
    os.chdir(call["folder"])
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    sys.stderr = lead(2, call["err"], call["encoding"])
    sys.stdout = lead(1, call["out"], call["encoding"])
    if call["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (call["limit"], call["limit"]))
    sys.argv = [call["program"], *call["words"]]
    {"align": main, "convert-weights": cli.main}[call["program"]]()


def waited_for(pid: int) -> int:
    """The exit code of a child; -99 where it hung."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -99


def serve() -> None:
    """Answer every call; return in a child, which then ends as a program does."""
    answers = os.fdopen(os.dup(1), "w")
    calls = os.fdopen(os.dup(0))
    for line in calls:
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            answers.close()
            calls.close()
            child(json.loads(line))
            return
        answers.write(f"{waited_for(pid)}\n")
        answers.flush()


if __name__ == "__main__":
    give_up_rights()
    warm_up()
    serve()

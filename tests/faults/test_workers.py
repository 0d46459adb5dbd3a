"""A worker that dies, hangs or raises becomes a finding: a clear sentence, exit code 4, and no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from benchmarks.random_kills import MARK, processes_of
from harness import flows
from harness.errors import BadInput, NoEnvironment, WorkerLost
from harness.progress import Kind, Silent
from harness.requests import Load
from harness.session import Worker
from reports.hints import next_steps
from tests import ROOT
from tests.faults.test_guard import until
from tests.selection import others_slow

MODEL = "tests.faults.models.pair:PAIR"

pytestmark = [pytest.mark.fault, pytest.mark.torch]


def request(variant: str, **more: object) -> flows.CompareRequest:
    return flows.CompareRequest(model=MODEL, variant=variant, **{"timeout": 120.0, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("killed", "killed by SIGKILL, often the kernel reclaiming memory"),
        pytest.param("crashes", "killed by SIGSEGV", marks=pytest.mark.slow),
        ("exits", "exit status 0"),
        ("raises", "RuntimeError: the head gave up"),
        ("hungry", "run: "),
        pytest.param("forks and dies", "killed by SIGKILL", marks=pytest.mark.slow),
        pytest.param("real-time signal", r"killed by SIGRTMIN\+3", marks=pytest.mark.slow),
        pytest.param("raises at length", "RuntimeError: xxx", marks=pytest.mark.slow),
        ("raises the unspeakable", r"Unspeakable: \(its text cannot be shown\)"),
    ],
)
def test_lost_worker_says_how_and_where(variant: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match=words) as lost:
        flows.record(request(variant), "torch", tmp_path / "trace.h5", Silent())
    assert "head" in str(lost.value)
    assert lost.value.exit_code == 4
    assert not list(tmp_path.iterdir())


def test_hang_ends_at_the_time_limit_and_names_the_layer(tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match=r"no answer to `run` within 15 s.*last layer reached: head"):
        flows.record(request("hangs", timeout=15.0), "torch", tmp_path / "trace.h5", Silent())


def test_a_copy_that_a_model_made_of_its_process_has_no_say(tmp_path: Path) -> None:
    assert flows.record(request("forks"), "torch", tmp_path / "trace.h5", Silent()).path.is_file()


def test_what_a_model_prints_does_not_reach_the_channel(tmp_path: Path) -> None:
    assert flows.record(request("prints"), "torch", tmp_path / "trace.h5", Silent()).path.is_file()


def test_a_dismissed_worker_ends_by_itself(tmp_path: Path) -> None:
    log = tmp_path / "torch.log"
    with Worker("torch", "cpu", tmp_path, log, 120.0) as worker:
        worker.ready()
        worker.dismiss()
        with pytest.raises(WorkerLost):
            worker.call(Load("nowhere"))
        expected = worker.loss(WorkerLost("asked too late"))
    assert expected.signal == "", "it was not killed"


class PortWaits:
    """Keeps the port from warming up until the reference is done, so that it is killed after that."""

    def __init__(self) -> None:
        self._reference_is_done = threading.Event()

    def event(self, side: str, kind: Kind, **fields: object) -> None:
        if side == "jittor" and fields.get("text") == "warming up":
            assert self._reference_is_done.wait(120)
        if side == "torch" and kind == "done":
            self._reference_is_done.set()


@pytest.mark.jittor
def test_killed_port_leaves_an_alignment_that_says_so(tmp_path: Path) -> None:
    alignment = flows.compare(request("port killed", output=tmp_path / "run"), PortWaits())
    assert (alignment.verdict, alignment.exit_code) == ("failed", 4)
    side = alignment.sides["jittor"]
    assert (side.status, side.signal) == ("failed", "SIGKILL")
    assert side.last_layer == "conv"
    assert "Jittor(" in side.stderr_tail, "what the framework printed is reported"
    assert "\x1b" not in side.stderr_tail, "without the colours of a terminal"
    assert alignment.sides["torch"].status == "ok"
    assert alignment.costs.ratio is None, "there was nothing to compare, at no cost"
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "traces" / "torch.h5").is_file()


@pytest.mark.jittor
@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("port raises", "the port gave up"),
        ("port pools", "size of var should be larger than kernel_size"),
        pytest.param("port adds", "x:float32[1,4,16,16,] y:float32[1,4,3,5,]", marks=pytest.mark.slow),
    ],
)
def test_what_a_port_did_until_it_raised_is_compared(variant: str, expected: str, tmp_path: Path) -> None:
    alignment = flows.compare(request(variant, output=tmp_path / "run"), Silent())
    assert alignment.exit_code == 4
    assert expected in alignment.sentence
    assert "\x1b" not in alignment.sides["jittor"].error
    assert "compared before that, 0 diverged" in alignment.sentence
    assert alignment.row("layer:conv#0:out").verdict.status == "aligned"
    assert "stopped before it" in alignment.row("layer:head#0:out").verdict.reason
    known = "align explain --op pool-small"
    assert (known in next_steps(alignment, str(tmp_path / "run"))) == (variant == "port pools")


@pytest.mark.jittor
def test_a_port_that_raises_while_its_dropouts_are_awaited_is_compared(tmp_path: Path) -> None:
    alignment = flows.compare(request("port raises", mode="train", output=tmp_path / "run"), Silent())
    assert alignment.exit_code == 4
    assert alignment.sides["torch"].status == "ok"
    assert "compared before that, 0 diverged" in alignment.sentence


@pytest.mark.jittor
def test_killed_reference_does_not_leave_the_port_waiting(tmp_path: Path) -> None:
    alignment = flows.compare(request("killed", output=tmp_path / "run"), Silent())
    assert alignment.exit_code == 4
    assert alignment.sides["torch"].signal == "SIGKILL"
    assert alignment.sides["jittor"].signal == "", "it did nothing wrong"


@pytest.mark.jittor
def test_a_reference_killed_in_its_float64_run_is_reported(tmp_path: Path) -> None:
    alignment = flows.compare(request("killed, in float64", output=tmp_path / "run"), Silent())
    assert alignment.exit_code == 4
    assert "`measure_truth` (killed by SIGKILL" in alignment.sides["torch"].error
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "traces" / "torch.h5").is_file(), "what was recorded until then is kept"


@pytest.mark.jittor
def test_a_reference_that_fails_ends_a_port_that_is_at_work(tmp_path: Path) -> None:
    alignment = flows.compare(request("raises, port hangs", timeout=600.0, output=tmp_path / "run"), Silent())
    assert alignment.exit_code == 4
    assert "the head gave up" in alignment.sides["torch"].error
    assert alignment.sides["jittor"].error == "it was ended because the torch side had failed"


@pytest.mark.jittor
def test_command_line_tells_a_lost_worker_in_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.cli", "compare", "--model", MODEL, "--variant", "port killed"]
    done = subprocess.run(
        [*command, "--json", "-o", tmp_path / "run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert json.loads(done.stdout)["verdict"] == "failed"
    assert "Traceback" not in done.stderr


@pytest.mark.jittor
def test_weights_that_do_not_fit_name_the_key(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"head\.weight: \[1, 4, 1, 1\] in the file, \[2, 4, 1, 1\] in the model"
    ):
        flows.compare(request("other shape", output=tmp_path / "run"), Silent())
    assert not (tmp_path / "run" / "alignment.json").exists()


def test_missing_interpreter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(tmp_path / "nowhere" / "python"))
    with pytest.raises(NoEnvironment, match=r"ALIGN_TORCH_PYTHON.*nowhere/python") as missing:
        flows.record(request("sound"), "torch", tmp_path / "trace.h5", Silent())
    assert missing.value.exit_code == 3


def test_output_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not an empty folder"):
        flows.compare(request("sound", output=tmp_path), Silent())
    assert (tmp_path / "kept.txt").read_text() == "mine"


def own_scratch(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs make their temporary folders in a place of their own."""
    place.mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)


class Removes:
    """Removes what lies in a folder as soon as a side begins to warm up."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def event(self, side: str, kind: Kind, **fields: object) -> None:
        if fields.get("text") == "warming up":
            for folder in self._place.iterdir():
                shutil.rmtree(folder)


def test_a_temporary_folder_removed_in_mid_run_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_scratch(tmp_path / "scratch", monkeypatch)
    with pytest.raises(WorkerLost, match=r"temporary folder .*scratch/align-\w+ was removed while it ran"):
        flows.record(request("sound"), "torch", tmp_path / "trace.h5", Removes(tmp_path / "scratch"))
    assert not (tmp_path / "trace.h5").exists()


@pytest.mark.jittor
@pytest.mark.parametrize("layers", others_slow(["nosuch*", "conv,nosuch"], "conv,nosuch"))
def test_layers_that_neither_side_has_are_refused_before_anything_is_judged(
    layers: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=r"'nosuch.*' matches nothing that runs .*: head, conv"):
        flows.compare(request("sound", layers=layers, output=tmp_path / "run"), Silent())
    assert not (tmp_path / "run" / "alignment.json").exists()


def test_layers_that_the_side_lacks_are_refused_before_it_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'nosuch' matches nothing that runs in torch"):
        flows.record(request("sound", layers="nosuch"), "torch", tmp_path / "trace.h5", Silent())
    assert not list(tmp_path.iterdir())


@pytest.mark.jittor
def test_a_runs_folder_removed_in_mid_run_is_reported(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    place.mkdir()
    with pytest.raises(WorkerLost, match=r"its folder .*runs/run was removed while it ran"):
        flows.compare(request("sound", output=place / "run"), Removes(place))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_nothing_is_left_of_a_killed_command(number: signal.Signals, code: int, tmp_path: Path) -> None:
    mark, scratch = uuid.uuid4().hex, tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "harness.cli", "record", "--side", "torch", "--model", MODEL]
    with subprocess.Popen(
        [*command, "--variant", "hangs", "-o", str(tmp_path / "trace.h5")],
        env={**os.environ, MARK: mark, "TMPDIR": str(scratch)},
        cwd=ROOT,
    ) as process:
        until(lambda: any(b"head" in place.read_bytes() for place in scratch.glob("*/torch.place")))
        process.send_signal(number)
        assert process.wait(60) == code
    until(lambda: processes_of(mark) == {})
    assert [path.name for path in tmp_path.rglob("*")] == ["scratch"]

"""Two workers at once: the first that fails ends the other, and so does an interruption."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.errors import WorkerLost
from harness.flows.together import together
from harness.requests import Load
from harness.session import Worker
from tests.faults.test_answers import interpreter

pytestmark = [pytest.mark.fault, pytest.mark.torch]  # fakes take the place of torch's worker alone

MANNERS = {"first": "words", "second": "deaf"}


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Worker]]:
    """Two fakes: one answers with nonsense, one never answers."""
    with ExitStack() as stack:
        made = {}
        for name, manner in MANNERS.items():
            folder = tmp_path / name
            folder.mkdir()
            monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(interpreter(folder, manner)))
            made[name] = stack.enter_context(Worker("torch", "cpu", folder, folder / "log", timeout=600.0))
        yield made
        for worker in made.values():
            worker.stop("the test is over")


def ask(worker: Worker) -> None:
    worker.ready()
    worker.call(Load("nowhere"))


def is_alive(worker: Worker) -> bool:
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_first_failure_ends_the_other_and_is_what_is_reported(workers: dict[str, Worker]) -> None:
    said: dict[str, str] = {}

    def task(name: str) -> None:
        try:
            ask(workers[name])
        except WorkerLost as error:
            said[name] = str(error)
            raise

    with pytest.raises(WorkerLost, match="Segmentation fault"):
        together(workers, MANNERS, task)
    assert said["second"] == "it was ended because the first side had failed"
    assert not any(map(is_alive, workers.values()))


def test_an_error_of_the_harness_itself_ends_the_other_too(workers: dict[str, Worker]) -> None:
    def task(name: str) -> None:
        if name == "first":
            raise KeyError("a mistake of ours")
        ask(workers[name])

    with pytest.raises(KeyError):
        together(workers, MANNERS, task)
    assert not is_alive(workers["second"])


def test_what_both_sides_find_is_handed_back(workers: dict[str, Worker]) -> None:
    assert together(workers, MANNERS, lambda name: name.upper()) == {"first": "FIRST", "second": "SECOND"}
    assert all(map(is_alive, workers.values()))


def test_an_interruption_ends_both(workers: dict[str, Worker]) -> None:
    waits = threading.Event()

    def task(name: str) -> None:
        workers[name].ready()
        if name == "second":
            waits.set()
            workers[name].call(Load("nowhere"))

    def interrupt() -> None:
        assert waits.wait(60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    # Jittor, imported by other tests, takes SIGINT for itself and ends the process without a word.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            together(workers, MANNERS, task)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not any(map(is_alive, workers.values()))

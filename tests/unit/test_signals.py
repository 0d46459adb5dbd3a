"""A signal ends what runs between `clearing_away`, wherever Python happens to be when it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests import ROOT

HEAD = """
import os, signal, sys, time, weakref
from harness import process

class Thing:
    pass

def swallowed(number):
    # what is raised in a callback of a weak reference is swallowed by Python
    thing = Thing()
    reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), number))
    del thing

def turned(number):
    # as code in C does that cannot go on
    try:
        signal.raise_signal(number)
    except KeyboardInterrupt:
        raise ImportError("numpy failed to import") from None

"""
WAITING = """
try:
    with process.clearing_away():
        {cause}
        time.sleep(30)
        print("went on")
except process.Terminated:
    print("terminated")
except KeyboardInterrupt:
    print("interrupted")
"""


def run(program: str) -> tuple[str, str]:
    """What a program prints on both streams."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program],
        capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.parametrize("cause", ["signal.raise_signal", "swallowed", "turned"])
@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_is_recognised_in_every_place(cause: str, number: signal.Signals, word: str) -> None:
    assert run(WAITING.format(cause=f"{cause}({number.value})")) == (f"{word}\n", "")


def test_an_error_without_a_signal_stays_what_it_is() -> None:
    program = "try:\n  with process.clearing_away(): raise ImportError('x')\nexcept ImportError: print('x')"
    assert run(program) == ("x\n", "")


def test_other_errors_that_nobody_can_catch_are_reported_as_ever() -> None:
    program = "def fail(_): raise ValueError('lost')\nwith process.clearing_away():\n  thing = Thing()\n"
    out, err = run(f"{program}  reference = weakref.ref(thing, fail)\n  del thing\nprint('on')")
    assert out == "on\n"
    assert "ValueError: lost" in err


def test_a_signal_after_everything_is_done_comes_too_late() -> None:
    program = "with process.clearing_away():\n  process.finished(); os.kill(os.getpid(), 15)\nprint('done')"
    assert run(program) == ("done\n", "")

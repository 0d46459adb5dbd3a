"""The command line: one file a verb, everything heavy imported by the verb that needs it."""

from __future__ import annotations

import signal
from typing import NoReturn

from harness import own_packages


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end; workers and scratch files are cleared away as after Ctrl-C."""


def main() -> None:
    """Run `align`."""
    own_packages.prefer()
    from harness.cli.app import app

    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number: int, frame: object) -> NoReturn:
    raise Terminated

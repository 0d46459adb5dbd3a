"""The errors that a user can see, each with its exit code."""

from __future__ import annotations

ALIGNED, DIVERGED, BAD_INPUT, NO_ENVIRONMENT, WORKER_LOST, INCONCLUSIVE = range(6)
BUG, CANNOT_WRITE = 70, 74  # a mistake of our own; standard output takes no more
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143  # as a shell numbers SIGINT, SIGPIPE and SIGTERM


class HarnessError(Exception):
    """A failure that is reported to the user in one sentence: what was found, where, what to do."""

    exit_code = BAD_INPUT


class BadInput(HarnessError):
    """Wrong usage, or a file with the wrong content."""


class NoEnvironment(HarnessError):
    """A side cannot run here."""

    exit_code = NO_ENVIRONMENT


class WorkerLost(HarnessError):
    """A worker died, hung or stopped short."""

    exit_code = WORKER_LOST

"""How far the tests are and how long they still take: a line now and then, more often in a terminal.

What a test took is remembered in pytest's cache. A test that never ran here is guessed by the framework that
it needs. The speed of what has run so far corrects the guess, so the time is about right after some minutes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

GUESSED = {"jittor": 3.0, "torch": 0.5}  # seconds of a test that needs it, on two cores
GUESSED_OTHERWISE = 0.1
EVERY_IN_A_TERMINAL, EVERY_IN_A_PIPE = 10.0, 60.0
_KEY = "align/seconds"
_TRUSTED = 60.0  # seconds of tests whose speed counts as much as the guess
_REMEMBERED = 0.05  # seconds; shorter tests are all alike


class TimeLeft:
    """Writes the lines. A plugin; `tests/conftest.py` registers it."""

    def __init__(
        self, config: pytest.Config, every: float, write: Callable[[str], None], now: Callable[[], float]
    ) -> None:
        self._cache: pytest.Cache | None = getattr(config, "cache", None)  # absent with -p no:cacheprovider
        self._every, self._write, self._now = every, write, now
        self._took: dict[str, float] = dict(self._cache.get(_KEY, {})) if self._cache is not None else {}
        self._spent: Counter[str] = Counter()
        self._expected: dict[str, float] = {}
        self._done = self._done_expected = 0.0
        self._count = self._total = self._processes = 0
        self._last = self._began = now()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What each test is expected to take."""
        self._expect({item.nodeid: self._took.get(item.nodeid, guess(item)) for item in session.items})

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """The same where other processes have collected the tests: only names are known of them."""
        self._processes += 1
        self._expect({name: self._took.get(name, GUESSED_OTHERWISE) for name in ids})

    def _expect(self, seconds: dict[str, float]) -> None:
        self._expected, self._total = seconds, len(seconds)
        self._last = self._began = self._now()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the three phases of a test."""
        self._spent[report.nodeid] += report.duration

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Take a test as done; write a line if it is time."""
        spent = self._spent.pop(nodeid, 0.0)
        self._took[nodeid] = round(spent, 2)
        self._count += 1
        self._done += spent
        self._done_expected += self._expected.pop(nodeid, 0.0)
        if self._now() - self._last >= self._every:
            self._last = self._now()
            self._write(self.line())

    def line(self) -> str:
        """How many are done, how long that took, how long the others take."""
        speed = (self._done + _TRUSTED) / (self._done_expected + _TRUSTED)
        left = speed * sum(self._expected.values()) / max(1, self._processes)
        gone = self._now() - self._began
        return f"{self._count} of {self._total} tests, {words(gone)} gone, about {words(left)} left"

    def pytest_sessionfinish(self) -> None:
        """Remember what took a while."""
        if self._cache is not None and self._count:
            self._cache.set(_KEY, {name: took for name, took in self._took.items() if took > _REMEMBERED})


def guess(item: pytest.Item) -> float:
    """What a test that never ran here may take."""
    needed = [seconds for name, seconds in GUESSED.items() if item.get_closest_marker(name)]
    return max(needed, default=GUESSED_OTHERWISE)


def words(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def of(config: pytest.Config) -> TimeLeft | None:
    """The plugin for a run that shows anything."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.collectonly:
        return None

    def write(line: str) -> None:
        reporter.ensure_newline()
        reporter.write_line(line)
        reporter.flush()

    every = EVERY_IN_A_TERMINAL if reporter.isatty else EVERY_IN_A_PIPE
    return TimeLeft(config, every, write, time.monotonic)

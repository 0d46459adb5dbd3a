"""What every test can rely on: frameworks are set up before they are imported, or the test is skipped.

A test that needs a framework is marked `torch` or `jittor`; a module that imports one at its top is
marked by itself. Where the framework cannot be used such tests are skipped with the reason, unless
ALIGN_TESTS_REQUIRE names it (as in `ALIGN_TESTS_REQUIRE="torch jittor"`): then nothing runs at all.
What runs unasked is in `selection`, in how many processes in `sharing`, the lines that tell the time left are
in `time_left`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from harness.numerics import denormals_kept
from tests import selection, shared_folder, sharing, time_left
from tests.frameworks import FRAMEWORKS, imported_by, warm_up_meanwhile, why_not

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job: programs under test need it
    signal.signal(signal.SIGINT, signal.default_int_handler)

CACHED = type(why_not)
TRUTHS = {f"tests.upstream.{path.stem}" for path in (Path(__file__).parent / "upstream").glob("*_truth.py")}


class UnusableModule(pytest.Module):
    """A test module whose import would fail for want of a framework."""

    def collect(self) -> Iterator[pytest.Item]:
        """Skip the whole module, with the reasons."""
        reasons = [why_not(framework) for framework in sorted(imported_by(self.path))]
        pytest.skip("; ".join(reason for reason in reasons if reason), allow_module_level=True)


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Take the project's own flags; share out the tests."""
    pluginmanager.register(selection)
    pluginmanager.register(sharing)


@pytest.hookimpl(trylast=True)  # the terminal is set up then, which the time left is written to
def pytest_configure(config: pytest.Config) -> None:
    """Stop at once where a framework that must be tested cannot be."""
    if (shown := time_left.of(config)) is not None:
        config.pluginmanager.register(shown)
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:  # all tests: some of them need Jittor
        warm_up_meanwhile()
        if getattr(config.option, "numprocesses", 0):
            why_not("jittor")  # it compiles here; two processes would wait for each other
    required = os.environ.get("ALIGN_TESTS_REQUIRE", "").split()
    for name in required:
        if name not in FRAMEWORKS:
            allowed = " and ".join(FRAMEWORKS)
            raise pytest.UsageError(f"ALIGN_TESTS_REQUIRE names {name!r}; it may name {allowed}")
        if reason := why_not(name):
            raise pytest.UsageError(f"ALIGN_TESTS_REQUIRE names {name}, but {reason}")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Mark a test module by the frameworks it imports; leave it out where one cannot be used."""
    needed = imported_by(module_path)
    if not needed:
        return None
    kind = UnusableModule if any(why_not(framework) for framework in needed) else pytest.Module
    module = kind.from_parent(parent, path=module_path)
    for framework in sorted(needed):
        module.add_marker(framework)
    return module


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a marked test where its framework cannot be used."""
    for framework in FRAMEWORKS:
        if item.get_closest_marker(framework) and (reason := why_not(framework)):
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def _own_arithmetic() -> Iterator[None]:
    """Kernels that one test loads take denormal numbers as zero; the next test begins without that."""
    with denormals_kept():
        yield


@pytest.fixture(autouse=True, scope="module")
def _nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a module's tests share by a cache, whole runs of networks, ends with the module."""
    yield
    rooms = [
        request.module,
        *(room for room in vars(request.module).values() if isinstance(room, ModuleType)),
    ]
    for value in [value for room in rooms for value in vars(room).values()]:
        if isinstance(value, CACHED) and value.__module__ in (request.module.__name__, *TRUTHS):
            value.cache_clear()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the specifications and the traces of the upstream code; skips where it is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("no folder ../shared with traces of the upstream code")
    return folder

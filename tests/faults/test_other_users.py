"""Another user of the machine lays traps: in temporary folders, in the cache, where a run writes.

The attacker is really another user, `nobody`; only root can become one.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import scratch
from harness.alignment import Alignment
from harness.environment import machine, places
from harness.errors import NO_ENVIRONMENT, BadInput, HarnessError, NoEnvironment
from harness.files import claim_folder, new_folder, write_file
from harness.flows import float64_cache
from harness.numerics import _native
from reports import write
from tests import ROOT
from tests.unit.reports.samples import alignment
from tests.unit.trace.samples import write as write_trace
from weight_convert import State, write_state

ATTACKER = "nobody"
pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user"),
    pytest.mark.skipif(
        shutil.which("su") is None, reason="there is no su, with which to become another user"
    ),
]
Shell = Callable[[str], None]
PRECIOUS = b"of the victim alone"
SPY = """\
#include <stdio.h>
__attribute__((constructor)) static void ran(void) { fclose(fopen("%s", "w")); }
int measure(void *a, void *b, long n, void *t) { return 0; }
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can write, like /tmp."""
    folder = Path(tempfile.mkdtemp(prefix="several-users-", dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def attack(shared_folder: Path) -> Shell:
    """Commands that the other user runs there."""

    def run(commands: str) -> None:
        within = f"umask 0; cd {shlex.quote(str(shared_folder))} && {commands}"
        subprocess.run(["su", ATTACKER, "-s", "/bin/sh", "-c", within], check=True, timeout=60)

    run("test ! -w /etc/passwd && : > mark")
    assert (shared_folder / "mark").owner() == ATTACKER
    return run


@pytest.fixture
def precious(shared_folder: Path) -> Iterator[Path]:
    """A file of the victim, in a folder that the other user can name."""
    path = shared_folder / "home/precious"
    path.parent.mkdir(mode=0o755)
    path.write_bytes(PRECIOUS)
    yield path
    assert path.read_bytes() == PRECIOUS
    assert sorted(path.parent.iterdir()) == [path]


def traps(folder: Path, names: list[str], precious: Path) -> str:
    """Commands that put links to the victim's file where names can be guessed."""
    return " && ".join(f"ln -s {precious} {folder / name}" for name in names)


# the cache


def spy(shared_folder: Path, place: str) -> str:
    """Commands that compile a library there which tells on whoever loads it."""
    (shared_folder / "spy.c").write_text(SPY % (shared_folder / "loaded"))
    return f"cc -shared -fPIC -o {place}/{_native._digest()}.so spy.c"


def load(cache: Path) -> str:
    """What a program of the victim says that measures two tensors with this cache."""
    program = "from harness.numerics import _native; print(_native._library())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ALIGN_CACHE": str(cache)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.parametrize("whose", ["the attacker's", "open to all", "the attacker's inside", "a link"])
def test_a_library_that_another_user_planted_is_never_loaded(
    whose: str, shared_folder: Path, attack: Shell
) -> None:
    cache = shared_folder / "cache"
    if whose == "the attacker's":
        attack("mkdir -p cache/measuring")
    elif whose == "a link":
        attack("mkdir -p own/measuring && ln -s own cache")
    else:
        cache.mkdir()
        cache.chmod(0o777)
        attack("mkdir -p cache/measuring")
        if whose == "the attacker's inside":
            cache.chmod(0o755)
    attack(spy(shared_folder, "cache/measuring"))
    assert load(cache) == "None"
    assert not (shared_folder / "loaded").exists()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_library_left_from_when_the_folder_was_open_is_compiled_anew(
    shared_folder: Path, attack: Shell
) -> None:
    inner = shared_folder / "cache/measuring"
    inner.mkdir(parents=True)
    inner.chmod(0o777)
    attack(spy(shared_folder, "cache/measuring"))
    inner.chmod(0o755)
    assert load(inner.parent) != "None"
    assert not (shared_folder / "loaded").exists()


def test_a_cache_of_another_user_is_refused_in_a_sentence(
    shared_folder: Path, attack: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack("mkdir -p cache/truth cache/jittor")
    monkeypatch.setenv("ALIGN_CACHE", str(shared_folder / "cache"))
    for name in ("truth", "jittor", "measuring"):
        with pytest.raises(
            NoEnvironment, match=r"belongs to user \d+, not to user 0 .*ALIGN_CACHE"
        ) as caught:
            places.kept_folder(name)
        assert "\n" not in str(caught.value)
    finding = next(finding for finding in machine.judge() if finding.part == "cache")
    assert finding.state == "wrong"
    assert "belongs to user" in finding.wrong


@pytest.mark.torch
@pytest.mark.jittor
def test_a_comparison_with_such_a_cache_ends_with_3_before_anything_runs(
    shared_folder: Path, attack: Shell
) -> None:
    attack("mkdir -p cache")
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "compare", "--model", "l2sknet", "-o", shared_folder / "run"],
        env={**os.environ, "ALIGN_CACHE": str(shared_folder / "cache")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == NO_ENVIRONMENT
    assert "belongs to user" in done.stderr
    assert not (shared_folder / "run").exists()
    assert list((shared_folder / "cache").iterdir()) == []


def test_a_truth_that_another_user_planted_is_dropped(
    shared_folder: Path, attack: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(shared_folder / "cache"))
    folder = float64_cache.folder()
    write_trace(shared_folder / "planted.h5", compact=True)
    folder.parent.chmod(0o755)
    folder.chmod(0o777)
    attack("cp planted.h5 cache/truth/planted.h5")
    folder.chmod(0o700)
    own = folder / "own.h5"
    write_trace(own, compact=True)
    assert float64_cache.usable(own)
    assert not float64_cache.usable(folder / "planted.h5")
    assert not (folder / "planted.h5").exists()


# temporary folders


def test_temporary_folders_are_of_the_user_alone(shared_folder: Path) -> None:
    before = os.umask(0)
    try:
        with scratch.scratch_folder(shared_folder) as folder:
            mode, owner = folder.stat().st_mode, folder.stat().st_uid
    finally:
        os.umask(before)
    assert (stat.S_IMODE(mode), owner) == (0o700, 0)


def test_traps_among_temporary_folders_are_left_alone(
    shared_folder: Path, attack: Shell, precious: Path
) -> None:
    attack("mkdir align-pipe align-link align-old && mkfifo align-pipe/.alive")
    attack(f"ln -s {precious} align-link/.alive && touch -d 2001-01-01 align-old/.alive align-pipe/.alive")
    attack(f"ln -s {precious.parent} align-folder && mkdir .align-x.partial && mkfifo .align-y.partial")
    planted = sorted(shared_folder.glob("*align-*"))
    with scratch.scratch_folder(shared_folder) as folder:
        write_file(shared_folder / "written", "text")
        assert folder not in planted
    assert sorted(shared_folder.glob("*align-*")) == planted
    assert (shared_folder / "written").read_text() == "text"


def test_of_a_folder_in_a_foreign_folder_nothing_is_said_to_live(shared_folder: Path, attack: Shell) -> None:
    attack("mkdir align-x && : > align-x/.alive && : > align-x/trace.h5")
    assert not scratch.is_of_living_run(shared_folder / "align-x/trace.h5")


# where results are written


def state() -> State:
    """A small state."""
    return State.of({"a": np.ones(4, np.float32)})


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "alignment": ("alignment.json", lambda path: alignment().save(path)),
    "html": ("report.html", lambda path: write(alignment(), path)),
    "markdown": ("report.md", lambda path: write(alignment(), path)),
    "torch": ("out.pt", lambda path: write_state(state(), path)),
    "npz": ("out.npz", lambda path: write_state(state(), path)),
    "trace": ("trace.h5", lambda path: write_trace(path)),
}


@pytest.mark.parametrize("what", WRITERS)
def test_names_that_can_be_guessed_lead_to_no_other_file(
    what: str, shared_folder: Path, attack: Shell, precious: Path
) -> None:
    """A name under which a file is first written must not be one that another user can have taken."""
    name, writer = WRITERS[what]
    process = os.getpid()
    guesses = [f".{name}.{process}", f".{name}.{process}.partial", f"{name}.partial", f"{name}.{process}"]
    attack(traps(shared_folder, guesses, precious))
    writer(shared_folder / name)
    assert not (shared_folder / name).is_symlink()
    assert (shared_folder / name).owner() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("what", WRITERS)
def test_a_link_in_the_place_of_a_result_is_not_followed(
    what: str, shared_folder: Path, attack: Shell, precious: Path
) -> None:
    name, writer = WRITERS[what]
    attack(traps(shared_folder, [name], precious))
    with contextlib.suppress(HarnessError):  # refused is right, and so is a file in the link's place
        writer(shared_folder / name)
        assert not (shared_folder / name).is_symlink()


@pytest.mark.parametrize("mode", ["777", "755"])
def test_a_run_folder_that_another_user_made_is_refused(
    mode: str, shared_folder: Path, attack: Shell
) -> None:
    attack(f"mkdir -m {mode} run")
    with pytest.raises(BadInput, match=r"run .*belongs to user"):
        claim_folder(shared_folder / "run", "logs")
    assert list((shared_folder / "run").iterdir()) == []


def test_a_run_folder_that_others_can_write_is_refused(shared_folder: Path) -> None:
    (shared_folder / "run").mkdir()
    (shared_folder / "run").chmod(0o777)
    with pytest.raises(BadInput, match=r"run .*can be written by other users"):
        claim_folder(shared_folder / "run", "logs")


def test_a_new_run_folder_is_never_open_to_others(shared_folder: Path) -> None:
    before = os.umask(0)
    try:
        assert claim_folder(shared_folder / "runs/new", "logs")
        with new_folder(shared_folder / "bundle") as draft:
            (draft / "file").write_text("text")
    finally:
        os.umask(before)
    for made in ("runs/new", "runs/new/logs", "bundle"):
        assert stat.S_IMODE((shared_folder / made).stat().st_mode) & 0o022 == 0, made


def test_a_stored_alignment_of_another_user_is_only_read(shared_folder: Path, attack: Shell) -> None:
    alignment().save(shared_folder / "mine.json")
    attack("cp mine.json theirs.json")
    assert Alignment.load(shared_folder / "theirs.json").verdict == "aligned"

"""The digest of a source, begun early or computed when asked for."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import BadInput
from tests import ROOT
from weight_convert import source_digest
from weight_convert.source_digest import begin, sha256


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (3 << 20) + 7])
@pytest.mark.parametrize("early", [False, True])
def test_it_is_the_sha256_of_the_content(tmp_path: Path, size: int, early: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    if early:
        begin(path)
    assert sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_changed_since_is_digested_anew(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = sha256(path)
    path.write_bytes(b"two")
    assert first != sha256(path) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("early", [False, True])
def test_a_file_that_is_gone_is_named(tmp_path: Path, early: bool) -> None:
    if early:
        begin(tmp_path / "absent")
    with pytest.raises(BadInput, match=r"absent does not exist"):
        sha256(tmp_path / "absent")


def test_a_digest_that_broke_off_is_never_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_digest._Reader, "run", lambda self: None)
    (tmp_path / "file").write_bytes(b"one")
    with pytest.raises(BadInput, match="was not computed to the end"):
        sha256(tmp_path / "file")


def test_beginning_with_what_is_no_file_does_nothing(tmp_path: Path) -> None:
    begin(tmp_path)
    begin(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    begin(tmp_path / "pipe")


def test_the_command_begins_before_numpy_is_there() -> None:
    program = "import sys, weight_convert.command; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0

"""Uses of Jittor in a source file, found in its text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harness import pairs
from harness.flows import lint
from harness.knowledge.scan import Use, uses


def test_uses_are_found_under_every_name(tmp_path: Path) -> None:
    path = tmp_path / "port.py"
    path.write_text("import jittor as jt\nfrom jittor import nn\njt.nn.pool(1)\nnn.BatchNorm(2)\nother(3)\n")
    assert uses(path) == [Use("jittor.nn.pool", 3), Use("jittor.nn.BatchNorm", 4)]


@pytest.mark.parametrize(
    "source",
    [
        b"def",
        b"\0",
        b"\xff\xfe",
        b"# -*- coding: nonsense -*-\n",
        b"x = " + b"(" * 5_000,
        b"x = " + b"-" * 60_000 + b"1",
    ],
    ids=range(6),
)
def test_what_is_no_python_uses_nothing(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "port.py").write_bytes(source)
    assert uses(tmp_path / "port.py") == []
    assert uses(tmp_path / "missing.py") == []


def test_what_a_file_warns_of_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text("import jittor\njittor.load('\\d')\n")
    assert uses(tmp_path / "port.py") == [Use("jittor.load", 2)]


@pytest.mark.parametrize("port", ["nowhere.port", "port_that_raises.inner", "json.nowhere", ""])
def test_a_port_that_cannot_be_looked_for_here_has_no_sources(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "port_that_raises"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('needs a card')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert lint.sources(dataclasses.replace(pairs.find("l2sknet"), port=port)) == []

"""A module that is not there, or lacks the class, is refused without an import."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.flows.refused_early import require_modules
from harness.pairs.undeclared import Undeclared

WOULD_RUN = "raise SystemExit('this module was imported')\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for side in ("TORCH", "JITTOR"):
        monkeypatch.delenv(f"ALIGN_{side}_PYTHON", raising=False)
    (tmp_path / "nets_here.py").write_text(f"{WOULD_RUN}class Network: ...\nclass Other: ...\n")
    package = tmp_path / "package_here"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text(WOULD_RUN)
    (package / "inner" / "model.py").write_text(f"{WOULD_RUN}from somewhere import Network as Net\n")
    return tmp_path


def asked(reference: str, port: str = "nets_here:Network") -> None:
    pair = pairs.find(Undeclared(reference, port, ("x=1x3",)).name)
    require_modules(pair)


@pytest.mark.parametrize("name", ["nets_here:Network", "package_here.inner.model:Net"])
def test_what_is_there_is_taken_and_not_imported(place: Path, name: str) -> None:
    asked(name)
    assert name.partition(":")[0] not in sys.modules


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net_here:Network", r"module net_here cannot be imported: there is none \(perhaps nets_here"),
        ("nets_here:network", r"no class network \(perhaps Network\?\); it has Network, Other"),
        ("nets_here:Nothing", "no class Nothing; it has Network, Other"),
        ("package_here.iner.model:Net", r"package_here.iner cannot be imported.*perhaps inner\?"),
        ("package_here.inner.modle:Net", r"package_here.inner.modle cannot be imported.*perhaps model\?"),
        ("package_here.inner.model:Not", "no class Not; it has no class at all"),
    ],
)
def test_what_is_certainly_not_there_is_refused_on_either_side(place: Path, name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        asked(name)
    with pytest.raises(BadInput, match=said):
        asked("nets_here:Network", name)


@pytest.mark.parametrize(
    "text",
    [
        "from other import *\n",
        "def __getattr__(name): return object\n",
        "globals()['Made'] = object\n",
        "if True:\n    Made = object\n",
        "class (\n",
    ],
    ids=["star", "getattr", "globals", "inside a branch", "no Python"],
)
def test_what_only_the_import_can_tell_is_left_to_it(place: Path, text: str) -> None:
    (place / "nets_here.py").write_text(text)
    asked("nets_here:Made", "nets_here:Made")


def test_a_package_that_says_itself_where_it_lies_is_left_to_the_import(place: Path) -> None:
    (place / "package_here" / "__init__.py").write_text("__path__.append('elsewhere')\n")
    asked("package_here.elsewhere:Net")


def test_what_another_interpreter_has_is_not_looked_into(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = place / "python"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(other))
    asked("only_there:Network")
    with pytest.raises(BadInput, match="only_there"):
        asked("nets_here:Network", "only_there:Network")


def test_the_built_in_pairs_are_there() -> None:
    for pair in pairs.all_pairs():
        require_modules(pair)
    with pytest.raises(BadInput, match=r"perhaps l2sknet\?"):
        require_modules(replace(pairs.find("l2sknet"), port="ports_jittor.l2sknt"))

"""What is laid out below Jittor's home on any machine: oneDNN and the stand-in for python-config."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import onednn, python_config
from tests.unit.environment.fakes import environment, touch


def said(stand_in: Path, question: str) -> str:
    """What the stand-in answers."""
    return subprocess.run(
        [str(stand_in), question], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_wheels_of_an_environment_are_linked(tmp_path: Path) -> None:
    facts, home = environment(tmp_path / "env"), tmp_path / "home"
    assert onednn.lay_out(home, facts)
    assert (home / onednn.PLACE / "lib").readlink() == tmp_path / "env/lib"
    assert (home / onednn.PLACE / "include/mkldnn.hpp").is_file()
    assert onednn.linked(home) == tmp_path / "env/lib"


def test_without_the_wheels_there_is_nothing_to_link(tmp_path: Path) -> None:
    facts = replace(environment(tmp_path / "env"), prefix=tmp_path, site=())
    assert onednn.find(facts) is None
    assert not onednn.lay_out(tmp_path / "home", facts)
    assert not (tmp_path / "home").exists()


def test_libraries_without_their_headers_do_not_count(tmp_path: Path) -> None:
    facts = environment(tmp_path / "env")
    (tmp_path / "env/include/mkldnn.hpp").unlink()
    assert onednn.find(facts) is None


def test_wheels_in_a_target_folder_are_found(tmp_path: Path) -> None:
    target = tmp_path / "target"
    touch(target / "lib/libmkldnn.so", target / "include/mkldnn.hpp")
    facts = replace(environment(tmp_path / "env"), prefix=tmp_path / "none", site=(target,))
    assert onednn.find(facts) == (target / "lib", target / "include")


def test_two_environments_do_not_undo_each_others_links(tmp_path: Path) -> None:
    one, two, home = environment(tmp_path / "one"), environment(tmp_path / "two"), tmp_path / "home"
    assert onednn.lay_out(home, one)
    assert onednn.lay_out(home, two)
    assert onednn.linked(home) == tmp_path / "one/lib"
    shutil.rmtree(tmp_path / "one")
    assert onednn.linked(home) is None
    assert onednn.lay_out(home, two)
    assert onednn.linked(home) == tmp_path / "two/lib"


def test_the_stand_in_tells_includes_and_suffix(tmp_path: Path) -> None:
    facts = environment(tmp_path / "env")
    stand_in = python_config.lay_out(tmp_path / "home", facts)
    assert stand_in.name == "cpython-311-x86_64-linux-gnu-config"
    assert said(stand_in, "--includes") == f"-I{tmp_path}/env/headers"
    assert said(stand_in, "--extension-suffix") == ".cpython-311-x86_64-linux-gnu.so"
    with pytest.raises(subprocess.CalledProcessError):
        said(stand_in, "--ldflags")


def test_the_stand_in_tells_every_include_folder(tmp_path: Path) -> None:
    facts = replace(environment(tmp_path / "env"), includes=(tmp_path / "a", tmp_path / "b"))
    stand_in = python_config.lay_out(tmp_path / "home", facts)
    assert said(stand_in, "--includes") == f"-I{tmp_path}/a -I{tmp_path}/b"


def test_two_builds_of_one_version_have_a_stand_in_each(tmp_path: Path) -> None:
    home = tmp_path / "home"
    one = python_config.lay_out(home, environment(tmp_path / "one"))
    two = python_config.lay_out(home, environment(tmp_path / "two"))
    assert said(one, "--includes") != said(two, "--includes")
    assert python_config.lay_out(home, environment(tmp_path / "one")) == one
    assert python_config.lay_out(home, environment(tmp_path / "two")) == two

"""Headers compiled ahead."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.environment import precompiled
from tests.unit.environment.fakes import program

SOURCE = "#include <vector>\nint first(const std::vector<int>& all) { return all[0]; }\n"
OPERATOR = (
    '#define JIT 1\n#define JIT_cpu 1\n#include "var.h"\nint two() { return WIDTH + ops::REGISTERED; }\n'
)
_OPTIONS = shlex.join(precompiled.KERNELS)
KERNEL = f"-Wall -Wno-unknown-pragmas -std=c++14 -fPIC -march=native {_OPTIONS} -fopenmp -g"


def make(flags: str) -> None:
    """As it is made before Jittor is imported."""
    precompiled.make({"cc_flags": f" -O1 {flags} "})


def jittor(folder: Path) -> Path:
    """A folder of headers like Jittor's, which find each other only when they are searched for in it."""
    texts = {
        "var.h": '#include "common.h"\nconst int WIDTH = 32;\n',
        "common.h": "#ifndef JIT\n#error not as an operator sees it\n#endif\n",
        "fused_op.h": '#include "var.h"\n',
        "ops/op_register.h": '#include "common.h"\nnamespace ops { const int REGISTERED = 1; }\n',
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text if name == "common.h" else f"#pragma once\n{text}")
    return folder


def headers_read(options: str, folder: Path, text: str = SOURCE) -> list[str]:
    """The first column of g++'s list of headers: `!` for one that was compiled ahead, dots for others."""
    source = folder / "some.cc"
    source.write_text(text)
    command = ["g++", *shlex.split(options), "-H", "-c", str(source), "-o", str(folder / "some.o")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return [line.split()[0] for line in done.stderr.splitlines() if " " in line and line[0] in "!.x"]


def test_core_and_operators_begin_with_them(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    flags = precompiled.flags(home)
    make(flags)
    common = f"-Wall -std=c++14 -fPIC -march=native -O1 {flags}"
    for options in (common, f"{common} -Ofast -fopenmp -g"):
        assert "!" in headers_read(options, tmp_path)
    assert "!" not in headers_read(f"{common} -Ofast -fopenmp -O2", tmp_path), "what Jittor asks for at times"
    made = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    make(flags)
    assert made == {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_operators_begin_with_jittors_own_too(tmp_path: Path) -> None:
    flags = precompiled.flags(tmp_path / "home", jittor(tmp_path / "some jittor/src"))
    make(flags)
    assert "!" in headers_read(f"{KERNEL} {flags}".replace("-Ofast", "-O1 -Ofast"), tmp_path, OPERATOR)
    assert "!" in headers_read(f"-std=c++14 -fPIC -march=native -O1 {flags}", tmp_path), "not so the core"


def test_a_loop_over_many_arrays_is_computed_by_vectors(tmp_path: Path) -> None:
    names = "abcde"
    source = tmp_path / "joined.cc"
    source.write_text(
        "struct Op { float *p; };\nvoid joined(Op* const* op, int n, float slope) {\n"
        + "".join(f"float* __restrict__ {name} = op[{i}]->p;\n" for i, name in enumerate(names))
        + "".join(f"float* __restrict__ o{name} = op[{i + 5}]->p;\n" for i, name in enumerate(names))
        + "for (int i = 0; i < n; i++) {\n"
        + "".join(f"o{name}[i] = {name}[i] > 0 ? a[i] : a[i] * slope;\n" for name in names)
        + "}\n}\n"
    )
    command = ["g++", *shlex.split(KERNEL), "-fopt-info-vec-optimized", "-c", str(source), "-o", "/dev/null"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr
    assert "loop vectorized" in told


def test_operators_compile_without_what_was_compiled_ahead(tmp_path: Path) -> None:
    flags = precompiled.flags(tmp_path / "home", jittor(tmp_path / "src"))
    assert "!" not in headers_read(f"{KERNEL} {flags}", tmp_path, OPERATOR)


def test_a_jittor_without_one_of_its_headers_is_distinguished(tmp_path: Path) -> None:
    sources = jittor(tmp_path / "src")
    assert precompiled.are_in(sources)
    (sources / "ops/op_register.h").unlink()
    assert not precompiled.are_in(sources)
    assert not precompiled.are_in(tmp_path / "nowhere")


def test_another_jittor_has_others(tmp_path: Path) -> None:
    sources = jittor(tmp_path / "src")
    first = precompiled.flags(tmp_path / "home", sources)
    (sources / "var.h").write_text("#pragma once\n// grown\n")
    assert precompiled.flags(tmp_path / "home", sources) != first


def test_no_header_is_made_where_the_variables_name_none(tmp_path: Path) -> None:
    precompiled.flags(tmp_path / "home")
    precompiled.make({"cc_flags": " -O1 "})
    precompiled.make({})
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["std.h"]


def test_another_compiler_has_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("cc_path", raising=False)
    first = precompiled.flags(tmp_path)
    program(tmp_path / "bin/g++", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("cc_path", raising=False)
    assert precompiled.flags(tmp_path) not in ("", first)


@pytest.mark.parametrize("text", ["exit 1", "kill -9 $$", "exit 0"])
def test_a_compiler_that_fails_leaves_nothing(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin/g++", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("cc_path", raising=False)
    make(precompiled.flags(tmp_path / "home"))
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == ["std.h"]


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = shutil.which("sleep")
    program(tmp_path / "bin/g++", f"exec {sleep} 600")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("cc_path", raising=False)
    monkeypatch.setattr(precompiled, "_SECONDS", 0.2)
    make(precompiled.flags(tmp_path / "home"))
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == ["std.h"]


def test_another_kind_of_compiler_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("cc_path", str(program(tmp_path / "bin/clang++", "exit 0")))
    assert precompiled.flags(tmp_path / "home") == ""
    make('-include "some.h"')
    assert not (tmp_path / "home").exists()


def test_the_compiler_that_jittor_notes_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("cc_path", raising=False)
    first = precompiled.flags(tmp_path)
    monkeypatch.setenv("cc_path", str(shutil.which("g++")))
    assert precompiled.flags(tmp_path) == first


def test_without_a_compiler_nothing_is_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("cc_path", raising=False)
    assert precompiled.flags(tmp_path) == ""
    make('-include "some.h"')
    assert list(tmp_path.iterdir()) == []

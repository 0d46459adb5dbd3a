"""Interpreters, oneDNN wheels and CUDA toolkits that are only files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.environment.interpreter_info import InterpreterInfo

HEALTHY = {
    "torch": "2.13.0+cpu",
    "jittor": "1.3.11.0",
    "numpy": "1.26.4",
    "h5py": "3.16.0",
    "onednn-cpu-gomp": "2021.3.0",
    "onednn-devel-cpu-gomp": "2021.3.0",
}
CUDA_LIBRARIES = {
    "cuda_runtime.h": "cudart",
    "cublas_v2.h": "cublas",
    "curand.h": "curand",
    "cufft.h": "cufft",
    "cusparse.h": "cusparse",
}


def program(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def wrapper(path: Path, before: str = "") -> Path:
    """An interpreter that does something first, then is the one that runs the tests."""
    return program(path, f'{before}\nexec {sys.executable} "$@"')


def touch(*paths: Path) -> None:
    """Empty files, with their folders."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def environment(root: Path, **changes: Any) -> InterpreterInfo:
    """A virtual environment in `root` that has all that both sides need, and the facts of it."""
    site = root / "lib/python3.11/site-packages"
    touch(root / "lib/libmkldnn.so", root / "include/mkldnn.hpp", root / "headers/Python.h", site / "some.py")
    facts = InterpreterInfo(
        python=root / "bin/python",
        version=(3, 11, 7),
        prefix=root,
        base_prefix=root / "base",
        machine="x86_64",
        includes=(root / "headers",),
        suffix=".cpython-311-x86_64-linux-gnu.so",
        abi="cpython-311-x86_64-linux-gnu",
        site=(site,),
        packages=HEALTHY,
        pip=True,
    )
    return replace(facts, **changes)


def without(*names: str) -> dict[str, str]:
    """The packages of a healthy environment, some left out."""
    return {name: version for name, version in HEALTHY.items() if name not in names}


def nvcc(path: Path, version: str, top: Path | None = None) -> Path:
    """A CUDA compiler that tells its version and, asked how it would work, its toolkit."""
    expected = f'echo "#\\$ TOP={top}" >&2' if top else "exit 1"
    tells = f'echo "Cuda compilation tools, release 0.0, V{version}"'
    return program(path, f'case "$1" in\n  --version) {tells} ;;\n  *) {expected} ;;\nesac')


def cuda_library(include: Path, library: Path, header: str, name: str, versions: Sequence[str]) -> None:
    """One library with its header, under the given versions (`""` is the name without one)."""
    touch(include / header, *(library / f"lib{name}.so{version}" for version in versions))


def toolkit(top: Path, version: str, major: int) -> Path:
    """A complete CUDA toolkit but for cuDNN, as a system package lays it out; its nvcc."""
    for header, name in CUDA_LIBRARIES.items():
        cuda_library(top / "include", top / "lib64", header, name, ["", f".{major}"])
    touch(top / "lib64/libcublasLt.so", top / "lib64/libcudadevrt.a", top / "include/crt/host.h")
    touch(top / "include/cublas_api.h", top / "include/cub/cub.cuh")
    return nvcc(top / "bin/nvcc", version, top)


def cudnn(include: Path, library: Path, major: int) -> None:
    """cuDNN as its wheel lays it out: no library has a name without its version."""
    names = (
        ["cudnn", "cudnn_ops", "cudnn_cnn"] if major >= 9 else ["cudnn", "cudnn_ops_infer", "cudnn_cnn_train"]
    )
    for name in names:
        cuda_library(include, library, "cudnn.h", name, [f".{major}"])
    include.joinpath("cudnn_version.h").write_text(f"#define CUDNN_MAJOR {major}\n#define CUDNN_MINOR 1\n")

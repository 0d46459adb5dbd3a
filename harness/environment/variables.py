"""The environment variables of a side's process. They must be in place before its framework is imported."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from harness.environment import (
    cuda,
    onednn,
    precompiled,
    python_config,
    requirements,
    search_path,
    shared_sources,
)
from harness.environment.interpreter_info import InterpreterInfo, facts_of
from harness.environment.places import CACHE, kept_folder
from harness.errors import NoEnvironment
from harness.own_name import command

QUICK = "cpu-"
"""What the names of compiled folders begin with that have flags of ours."""


def side_environment(side: str, device: str, python: Path) -> dict[str, str]:
    """The variables of a side that is started with `python`."""
    if side == "jittor":
        return jittor_environment(device, python)
    _refuse_what_cannot_run("torch", facts_of(python))
    return torch_environment(device)


def torch_environment(device: str = "cpu") -> dict[str, str]:
    """What makes PyTorch repeat itself and compute in plain float32."""
    if device == "cpu":
        return {}
    return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "NVIDIA_TF32_OVERRIDE": "0"}


def jittor_environment(device: str = "cpu", python: Path | None = None) -> dict[str, str]:
    """Lay out what Jittor needs to start with an interpreter, and return its variables."""
    facts = facts_of(python or Path(sys.executable))
    _refuse_what_cannot_run("jittor", facts)
    return prepare(facts, device, kept_folder("jittor"))


def prepare(facts: InterpreterInfo, device: str, home: Path) -> dict[str, str]:
    """Lay out everything below `home`, whatever `facts` say of the packages; Jittor's variables."""
    try:
        variables = _common(facts, device, home)
        if device == "cuda":
            variables.update(cuda.prepare(cuda.survey(facts), home))
        else:
            variables.update(_quick_to_compile(facts, home))
    except OSError as error:
        raise NoEnvironment(
            f"{error.filename or home} cannot be written: {error.strerror}. "
            f"Name a writable folder with {CACHE}"
        ) from error
    return variables


def _common(facts: InterpreterInfo, device: str, home: Path) -> dict[str, str]:
    return {
        "JITTOR_HOME": str(home),
        "cache_name": device,
        "nvcc_path": "",  # set and empty: no search for CUDA
        "gdb_path": "",
        "use_mpi": "0",
        "use_mkl": "1" if onednn.lay_out(home, facts) else "0",
        "python_config_path": str(python_config.lay_out(home, facts)),
        "FIX_TORCH_ERROR": "0",  # 1 would import torch
        "log_silent": "0",  # 1 would turn errors of the backward pass into None
        # More threads call Python without holding the interpreter: a crash and then a hang, on 3.12 each
        # time, on 3.11 now and then. Compiled operators are kept, so only a first run is slower.
        "use_parallel_op_compiler": "1",
    }


def _quick_to_compile(facts: InterpreterInfo, home: Path) -> dict[str, str]:
    """Flags with which a first run takes half the time.

    Jittor's core is compiled with -O1 in place of -O2 and is no slower for it; operators with -Ofast, as
    ever, since of two such flags the last counts. Each set of flags has a cache of its own: Jittor ends the
    process when it finds others.
    """
    copy = shared_sources.shared(home, facts)
    places = facts.site if copy is None else (copy,)
    folders = (place / "jittor" / "src" for place in places)
    headers = precompiled.flags(home, next(filter(precompiled.are_in, folders), None))
    core, kernels = _flags(headers)
    path = {} if copy is None else {search_path.VARIABLE: search_path.inherited(copy)}
    return {
        "cache_name": cache_name(headers),
        "cc_flags": f" {core} ",
        "kernel_flags": f" {kernels} ",
        **path,
    }


def cache_name(headers: str) -> str:
    """The name of the compiled folder of everything that is compiled with these headers."""
    core, kernels = _flags(headers)
    return f"{QUICK}{hashlib.sha256(f'{core} {kernels}'.encode()).hexdigest()[:8]}"


def _flags(headers: str) -> tuple[str, str]:
    kernels = precompiled.KERNELS if headers else precompiled.OPERATORS  # without headers it is not g++
    return " ".join((*precompiled.CORE, headers)), " ".join(kernels)


def _refuse_what_cannot_run(side: str, facts: InterpreterInfo) -> None:
    for finding in requirements.judge(side, facts):
        if finding.state == "wrong":
            raise NoEnvironment(
                f"the {side} side cannot run: {finding.wrong}. Mend it with: {finding.mend}  "
                f"(`{command('doctor')}` shows the whole)"
            )

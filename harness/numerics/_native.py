"""The usual case, two float32 tensors of finite numbers, measured by compiled code in one pass.

`_walk.py` measures anything, at more than twice the cost. The few lines of C in `_pass.c` are compiled for
this processor when they are first needed, with the compiler that Jittor needs as well, and kept in the
cache; where there is none, the walk does it all.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.environment.places import kept_folder
from harness.errors import NoEnvironment
from harness.numerics._totals import Totals, rounded_up
from harness.other_users import others_hand

_SOURCE = Path(__file__).with_name("_pass.c")
_COMPILERS = ("cc", "gcc", "clang", "g++")
_FLAGS = ("-x", "c", "-O3", "-march=native", "-shared", "-fPIC")
_SECONDS = 60.0
_FLOAT32 = np.dtype(np.float32)


class _Found(ctypes.Structure):
    """`Totals` of _pass.c."""

    _fields_ = (
        *((name, ctypes.c_double) for name in ("reference2", "candidate2", "difference2", "product")),
        *((name, ctypes.c_double) for name in ("near_zero_rel", "near_zero_rtol")),
        *((name, ctypes.c_float) for name in ("max_abs", "max_quotient", "reference_absmax")),
        ("max_ulp", ctypes.c_uint32),
        ("worst", ctypes.c_int64),
    )


def totals(reference: NDArray[Any], candidate: NDArray[Any]) -> Totals | None:
    """What the walk would find of two flat tensors; None where the walk has to do it."""
    if reference.dtype != _FLOAT32 or candidate.dtype != _FLOAT32 or (library := _library()) is None:
        return None
    found = _Found()
    places = reference.ctypes.data, candidate.ctypes.data
    if not library.measure(*places, reference.size, ctypes.byref(found)):
        return None
    return Totals(
        reference2=found.reference2,
        candidate2=found.candidate2,
        difference2=found.difference2,
        product=found.product,
        max_abs=found.max_abs,
        max_rel=max(found.max_quotient, found.near_zero_rel),
        pass_rtol=max(rounded_up(found.max_quotient, _FLOAT32), rounded_up(found.near_zero_rtol, _FLOAT32)),
        reference_absmax=found.reference_absmax,
        max_ulp=found.max_ulp,
        worst=None if found.worst < 0 else found.worst,
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    try:
        kept = kept_folder("measuring") / f"{_digest()}.so"
        if not kept.is_file() or others_hand(kept):
            _compile(kept)
        library = ctypes.CDLL(str(kept))
        library.measure.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
    except (OSError, AttributeError, subprocess.SubprocessError, NoEnvironment):
        return None
    return library


def _digest() -> str:
    """Of the source and of what the processor can do: a cache may be shared by several machines."""
    parts = [platform.machine(), *_FLAGS, _SOURCE.read_text(encoding="ascii"), *_abilities()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _abilities() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(([line] for line in lines if line.startswith(("flags", "Features"))), [])


def _compile(target: Path) -> None:
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise FileNotFoundError("there is no C compiler")
    handle, partial = tempfile.mkstemp(suffix=".partial", dir=target.parent)
    os.close(handle)
    try:
        command = [compiler, *_FLAGS, "-o", partial, str(_SOURCE)]
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
        Path(partial).replace(target)
    finally:
        Path(partial).unlink(missing_ok=True)

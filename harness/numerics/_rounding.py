"""Arithmetic as IEEE 754 has it, whatever has been loaded into the process.

Kernels compiled with -Ofast, Jittor's among them, switch their thread to taking denormal numbers as zero
when they are loaded, and numpy with it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_ENVIRONMENT_BYTES = 256  # fenv_t takes 32 on x86-64, 8 on aarch64
_DEFAULT = ctypes.c_void_p(-1)  # FE_DFL_ENV of glibc, on both


def _c_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libm.so.6")
    except OSError:
        return None


_LIBM = _c_library()


@contextmanager
def denormals_kept() -> Iterator[None]:
    """Within this context denormal numbers count; without glibc nothing is changed."""
    if _LIBM is None:
        yield
        return
    before = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    _LIBM.fegetenv(before)
    _LIBM.fesetenv(_DEFAULT)
    try:
        yield
    finally:
        _LIBM.fesetenv(before)

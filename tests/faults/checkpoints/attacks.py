"""Files that try to make whoever opens them run something."""

from __future__ import annotations

import io
import os
import pickle
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.faults.checkpoints.case import (
    PLAIN,
    Case,
    integer,
    jittor,
    legacy,
    npz,
    state,
    text,
    torch_tar,
    torch_zip,
)

CANARY = f"{tempfile.gettempdir()}/weight-convert-canary-{os.getpid()}"
"""Appears only where an attack has succeeded."""

_SHELL = text(f"touch {CANARY}")
_PYTHON = text(f"open({CANARY!r}, 'w')")

CALLS = {
    "os.system": b"cos\nsystem\n" + _SHELL + b"\x85R",
    "posix.system": b"cposix\nsystem\n" + _SHELL + b"\x85R",
    "subprocess.Popen": b"csubprocess\nPopen\n(" + text("touch") + text(CANARY) + b"l\x85R",
    "eval": b"c__builtin__\neval\n" + _PYTHON + b"\x85R",
    "exec": b"cbuiltins\nexec\n" + _PYTHON + b"\x85R",
    "import": b"cbuiltins\n__import__\n" + text("canary_module") + b"\x85R",
    "open": b"cbuiltins\nopen\n(" + text(CANARY) + text("w") + b"tR",
    "nested-getattr": b"cbuiltins\ngetattr\n(cos\n" + b"path\n" + text("system") + b"tR" + _SHELL + b"\x85R",
    "importlib": b"cimportlib\nimport_module\n" + text("canary_module") + b"\x85R",
    "runpy": b"crunpy\nrun_path\n" + text("canary_module.py") + b"\x85R",
    "pickle-in-pickle": b"c_pickle\nloads\nC\x0ccos\nsystem\n." + b"\x85R",
    "ctypes": b"cctypes\nCDLL\n" + text("libc.so.6") + b"\x85R",
    "inst": b"(" + _SHELL + b"ios\nsystem\n",
    "obj": b"(cos\nsystem\n" + _SHELL + b"o",
    "newobj": b"cos\nsystem\n" + _SHELL + b"\x85\x81",
    "newobj-ex": b"cos\nsystem\n" + _SHELL + b"\x85}\x92",
    "stack-global": text("os") + text("system") + b"\x93" + _SHELL + b"\x85R",
    "reconstructor": b"ccopyreg\n_reconstructor\n(cos\n_wrap_close\ncbuiltins\nobject\nNtR",
    "persistent": b"(" + text("storage") + b"cos\nsystem\n" + _SHELL + text("cpu") + integer(1) + b"tQ",
    "extension": b"\x82\x01",
    "rebuild-from-type": b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\ncos\nsystem\n"
    + _SHELL
    + b"\x85}tR",
}
"""Instructions that ask for something to be run."""

INERT = {
    "own-module": b"ccanary_module\nattack\n" + _SHELL + b"\x85R",
    "own-class-state": b"ccanary_module\nAttack\n)\x81}" + text("command") + _SHELL + b"sb",
    "getattr-of-own": b"cbuiltins\ngetattr\n(ccanary_module\nAttack\n" + text("go") + b"tR)R",
    "partial": b"cfunctools\npartial\nccanary_module\nattack\n\x85R",
    "torch-load": b"ctorch\nload\n" + text("other.pt") + b"\x85R",
    "numpy-load": b"cnumpy\nload\n" + text("other.npy") + b"\x85R",
    "module-of-functions": b"ctorch.nn.modules.module\nModule\n)\x81}"
    + text("__class__")
    + b"ccanary_module\nAttack\nsb",
}
"""Instructions with names that are not known: they stay inert records beside the tensors."""


def _array(array: np.ndarray[Any, Any]) -> bytes:
    """Instructions that make an array."""
    whole = pickle.dumps(array, 2)
    return whole[2:-1]


def _beside_arrays(call: bytes) -> bytes:
    """A state of arrays with one more entry, made by a call."""
    return state({**{key: _array(array) for key, array in PLAIN.items()}, "extra": call})


def cases() -> Iterator[Case]:
    """Every attack in every container."""
    for name, call in CALLS.items():
        body = _beside_arrays(call)
        for container, wrapped in (
            ("torch", torch_zip(body)),
            ("legacy", legacy(body)),
            ("jittor", jittor(body)),
        ):
            yield Case(f"attack-{name}-{container}", wrapped)
    yield Case("attack-plain-pickle", _beside_arrays(CALLS["os.system"]), word="os.system")
    yield Case("attack-in-tar", torch_tar({}, _beside_arrays(CALLS["eval"])), word="eval")
    yield Case(
        "attack-in-storages-of-tar",
        torch_tar(PLAIN).replace(b"ctorch\nFloatStorage\n", b"cposix\nsystem\n      "),
    )
    yield Case("attack-as-key", torch_zip(b"\x80\x02}" + CALLS["os.system"] + b"Ns."), word="os.system")
    yield Case("attack-alone", jittor(b"\x80\x02" + CALLS["exec"] + b"."), word="exec")
    for name, call in INERT.items():
        yield Case(f"inert-{name}-jittor", jittor(_beside_arrays(call)), PLAIN)
    yield Case("attack-object-array", npz({"a": np.array([_Evil()], dtype=object)}), word="dtype object")
    yield Case("attack-object-array-in-pickle", jittor(_object_array()), word="no tensors")


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, (f"open({CANARY!r}, 'w')",))


def _object_array() -> bytes:
    """An array of objects whose one element is asked of canary_module."""
    out = io.BytesIO()
    out.write(
        b"\x80\x02}" + text("a") + b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\x01btR"
    )
    out.write(
        b"(K\x01K\x01\x85cnumpy\ndtype\n(" + text("O8") + b"\x89\x88tR\x89(" + INERT["own-module"] + b"ltbs."
    )
    return out.getvalue()

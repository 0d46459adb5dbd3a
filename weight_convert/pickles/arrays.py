"""numpy arrays and Jittor Vars inside a pickle, as views of the file."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from harness.errors import BadInput
from weight_convert.budget import ARRAY, DTYPE, Budget
from weight_convert.dtypes import of_numpy
from weight_convert.limits import check_shape, check_tensor_size
from weight_convert.shown import shown
from weight_convert.tensor import Tensor

_CODES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"])
_LONGEST_WORD = 60


def _word(value: Any) -> str:
    """A short text of a dtype, which Python 2 spells as bytes."""
    if isinstance(value, (str, bytes, memoryview)) and len(value) <= _LONGEST_WORD:
        return value if isinstance(value, str) else str(value, "ascii")
    raise BadInput(f"a numpy dtype is made of {shown(value)}, not of a code")


class DTypeDraft:
    """A numpy dtype as a pickle builds it: a code first, its byte order after."""

    def __init__(self, code: Any) -> None:
        self.code, self.order = _word(code), "<"

    def build(self, state: Any) -> None:
        """Take the byte order."""
        self.order = _word(state[1]) if isinstance(state, tuple) and len(state) > 1 else "<"

    def dtype(self) -> np.dtype[Any] | None:
        """The dtype, or None where it is no number's."""
        code = self.code.lstrip("<>|=")
        if code not in _CODES:
            return None
        return np.dtype(code).newbyteorder(">" if self.order == ">" or self.code.startswith(">") else "<")


class ArrayDraft:
    """A numpy array as a pickle builds it: an empty one first, its content after."""

    def __init__(self, file_size: int, budget: Budget) -> None:
        self._file_size, self._budget = file_size, budget
        self._tensor: Tensor | None = None
        self.problem = "an array whose content is missing"

    def build(self, state: Any) -> None:
        """Take shape, dtype, order and bytes."""
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], DTypeDraft):
            raise BadInput("a numpy array is damaged: its state is not (version, shape, dtype, order, bytes)")
        _, shape, draft, fortran, data = state
        self.fill(draft, shape, bool(fortran), data)

    def fill(self, draft: DTypeDraft, shape: Any, fortran: bool, data: Any) -> None:
        """Check shape and bytes against each other and keep a view."""
        dtype = draft.dtype()
        if dtype is None:
            self.problem = f"a numpy array of {draft.code!r}, which are no numbers"
            return
        if not isinstance(shape, tuple):
            raise BadInput("a numpy array's shape is no tuple of counts")
        check_shape("a numpy array", shape)
        if not isinstance(data, (str, bytes, memoryview)):
            raise BadInput(f"a numpy array's content is {shown(data)}, not bytes")
        nbytes = prod(shape) * dtype.itemsize
        if nbytes != len(data):
            raise BadInput(
                f"a numpy array of shape {shape} and {dtype} needs {nbytes:,} bytes and has {len(data):,}"
            )
        check_tensor_size("a numpy array", nbytes, self._file_size)
        if isinstance(data, str):
            self._budget.spend(len(data))
            data = data.encode("latin1")
        self._tensor = _view(data, dtype, shape, fortran, id(self))

    def tensor(self) -> Tensor | None:
        """The finished array, or None where it holds no numbers."""
        return self._tensor


def _view(raw: Any, dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool, memory: int) -> Tensor:
    def load() -> np.ndarray[Any, Any]:
        flat = np.frombuffer(raw, dtype) if len(raw) else np.empty(0, dtype)
        array = flat.reshape(shape, order="F" if fortran else "C")
        return array.astype(dtype.newbyteorder("<")) if dtype.byteorder == ">" else array

    return Tensor(of_numpy(dtype).name, shape, load, ("array", memory))


def names(file_size: int, budget: Budget) -> dict[tuple[str, str], Callable[..., Any]]:
    """The names that numpy and Jittor use in their pickles."""

    def reconstruct(cls: Any, shape: Any, code: Any) -> ArrayDraft:
        budget.spend(ARRAY)
        return ArrayDraft(file_size, budget)

    def dtype(code: Any, align: Any = False, copy: Any = True) -> DTypeDraft:
        budget.spend(DTYPE)
        return DTypeDraft(code)

    def scalar(draft: Any, data: Any = b"") -> ArrayDraft:
        if not isinstance(draft, DTypeDraft):
            raise BadInput("a numpy scalar without a dtype")
        made = reconstruct(None, None, None)
        made.fill(draft, (), False, data)
        return made

    def from_buffer(data: Any, draft: Any, shape: Any, order: Any) -> ArrayDraft:
        if not isinstance(draft, DTypeDraft):
            raise BadInput("a numpy array without a dtype")
        made = reconstruct(None, None, None)
        made.fill(draft, shape, order == "F", data)
        return made

    def variable(value: Any = None, *others: Any) -> Any:
        if not isinstance(value, ArrayDraft):
            raise BadInput(f"a Jittor Var is made of {shown(value)}, not of an array")
        return value

    known: dict[tuple[str, str], Callable[..., Any]] = {("numpy", "dtype"): dtype}
    for package in ("numpy.core", "numpy._core"):
        known[f"{package}.multiarray", "_reconstruct"] = reconstruct
        known[f"{package}.multiarray", "scalar"] = scalar
        known[f"{package}.numeric", "_frombuffer"] = from_buffer
    for module, name in (
        ("jittor", "jittor_core.Var"),
        ("jittor.jittor_core", "Var"),
        ("jittor_core", "Var"),
    ):
        known[module, name] = variable
    return known

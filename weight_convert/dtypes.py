"""The kinds of numbers a checkpoint can hold, and what each format calls them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput


@dataclass(frozen=True)
class DType:
    """A kind of number. `storage` is the numpy dtype that carries its bits, little-endian.

    numpy has no bfloat16 and no float8, so their bits travel as unsigned integers (`native` is False).
    """

    name: str
    storage: np.dtype[np.generic]
    torch_storage: str | None
    safetensors: str | None
    native: bool = True

    @property
    def size(self) -> int:
        """Bytes per element."""
        return self.storage.itemsize


def _row(name: str, code: str, torch: str | None, safetensors: str | None, native: bool = True) -> DType:
    return DType(name, np.dtype(code), torch, safetensors, native)


DTYPES: dict[str, DType] = {
    kind.name: kind
    for kind in (
        _row("bool", "|b1", "BoolStorage", "BOOL"),
        _row("uint8", "|u1", "ByteStorage", "U8"),
        _row("int8", "|i1", "CharStorage", "I8"),
        _row("uint16", "<u2", None, "U16"),
        _row("int16", "<i2", "ShortStorage", "I16"),
        _row("uint32", "<u4", None, "U32"),
        _row("int32", "<i4", "IntStorage", "I32"),
        _row("uint64", "<u8", None, "U64"),
        _row("int64", "<i8", "LongStorage", "I64"),
        _row("float8_e4m3fn", "|u1", None, "F8_E4M3", native=False),
        _row("float8_e5m2", "|u1", None, "F8_E5M2", native=False),
        _row("float16", "<f2", "HalfStorage", "F16"),
        _row("bfloat16", "<u2", "BFloat16Storage", "BF16", native=False),
        _row("float32", "<f4", "FloatStorage", "F32"),
        _row("float64", "<f8", "DoubleStorage", "F64"),
        _row("complex64", "<c8", "ComplexFloatStorage", "C64"),
        _row("complex128", "<c16", "ComplexDoubleStorage", None),
    )
}
BY_TORCH_STORAGE = {kind.torch_storage: kind for kind in DTYPES.values() if kind.torch_storage}
BY_SAFETENSORS = {kind.safetensors: kind for kind in DTYPES.values() if kind.safetensors}
_BY_NUMPY = {kind.storage: kind for kind in DTYPES.values() if kind.native}


def of_numpy(dtype: np.dtype[np.generic]) -> DType:
    """Our name for a numpy dtype; byte order does not matter."""
    kind = _BY_NUMPY.get(dtype.newbyteorder("<"))
    if kind is None:
        allowed = ", ".join(kind.name for kind in DTYPES.values() if kind.native)
        raise BadInput(f"numpy dtype {dtype} is not a weight's: allowed are {allowed}")
    return kind


def widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """bfloat16 as float32, exactly: a bfloat16 is the upper half of a float32."""
    wide = np.asarray(bits, dtype="<u2").reshape(-1).astype("<u4") << 16
    values: NDArray[np.float32] = wide.view("<f4").reshape(np.shape(bits))
    return values


def narrow_to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16] | None:
    """The bits of float32 values as bfloat16 where that loses nothing, else None."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4")
    if np.any(bits & np.uint32(0xFFFF)):
        return None
    narrowed: NDArray[np.uint16] = (bits >> 16).astype("<u2").reshape(np.shape(values))
    return narrowed


def narrow_to_float16(values: NDArray[np.float32]) -> NDArray[np.float16] | None:
    """float32 values as float16 where widening them again gives the same bits, else None."""
    with np.errstate(over="ignore", invalid="ignore"):
        narrowed = np.asarray(values, np.float32).astype(np.float16)
        again = narrowed.astype(np.float32)
    same = np.array_equal(
        np.ascontiguousarray(values).view(np.uint32), np.ascontiguousarray(again).view(np.uint32)
    )
    return narrowed if same else None

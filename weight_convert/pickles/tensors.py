"""Torch's tensors inside a pickle: views of storages, checked against the storages' sizes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from isal.isal_zlib import crc32
from numpy.lib.stride_tricks import as_strided

from harness.errors import BadInput
from weight_convert.budget import TENSOR, Budget
from weight_convert.dtypes import BY_TORCH_STORAGE, DTYPES, DType
from weight_convert.limits import DIMENSIONS, check_shape, check_tensor_size, is_count
from weight_convert.pickles.values import Name, shown_or_named
from weight_convert.shown import shown, shown_name
from weight_convert.tensor import Tensor

_MOST_ARGUMENTS = 16
_MOST_MARKS = 16


@dataclass(eq=False)
class Stored:
    """The bytes of an archive's member, looked for and compared with their checksum when first needed."""

    key: str
    find: Callable[[], memoryview]
    crc: int = 0
    """Their checksum; 0 if the file has none (torch can be set to write none)."""
    _checked: memoryview | None = None
    _checking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def checked(self) -> memoryview:
        """The bytes, compared with their checksum the first time, however many storages lie in them."""
        with self._checking:  # several threads ask, and one of them computes it
            if self._checked is None:
                data = self.find()
                if self.crc and crc32(data) != self.crc:
                    raise BadInput(
                        f"storage {shown_name(self.key)}: its checksum does not fit its content: "
                        "the file is damaged; copy it again"
                    )
                self._checked = data
            return self._checked


@dataclass(eq=False)
class Storage:
    """A run of bytes that tensors view. `kind` is None for an untyped one, whose `count` is bytes.

    In the older formats the bytes follow the pickle, so `data` may come after the tensors are made.
    """

    key: str
    kind: DType | None
    count: int
    data: memoryview | None = None
    content: Stored | None = None
    """Where the bytes come from when they are first needed, if they are not at hand."""
    big_endian: bool = False

    @property
    def nbytes(self) -> int:
        """How many bytes it must have."""
        return self.count * (self.kind.size if self.kind else 1)

    def fill(self, data: memoryview) -> None:
        """Take the bytes."""
        self.require(len(data))
        self.data = data

    def require(self, available: int) -> None:
        """Refuse fewer bytes than it must have."""
        if available < self.nbytes:
            raise BadInput(
                f"storage {shown_name(self.key)} should have {self.nbytes:,} bytes and has {available:,}"
            )

    def checked(self) -> memoryview:
        """The bytes, compared with their checksum where there is one."""
        if self.content is not None:
            return self.content.checked()
        if self.data is None:
            raise BadInput(f"storage {shown_name(self.key)} is not in the file")
        return self.data


def storage_kind(name: Any) -> DType | None:
    """The kind of number of a storage class; None for an untyped storage."""
    if not isinstance(name, Name):
        raise BadInput("a storage without a class")
    if name.name in ("UntypedStorage", "_UntypedStorage"):
        return None
    kind = BY_TORCH_STORAGE.get(name.name)
    if kind is None:
        raise BadInput(f"a storage of the class {name}, which is not read: quantised or unknown numbers")
    return kind


def _integers(what: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > DIMENSIONS or not all(map(is_count, values)):
        raise BadInput(f"a tensor's {what} is no sequence of at most {DIMENSIONS} counts")
    return tuple(values)


def view(storage: Any, kind: DType, offset: Any, shape: Any, stride: Any, file_size: int) -> Tensor:
    """A tensor over a storage, refused where it would reach beyond it."""
    if not isinstance(storage, Storage):
        raise BadInput(f"a tensor is made of {shown(storage)}, not of a storage")
    sides, steps = _integers("shape", shape), _integers("stride", stride)
    (start,) = _integers("offset", (offset,))
    if len(sides) != len(steps):
        raise BadInput(f"a tensor has {len(sides)} sides and {len(steps)} strides")
    check_shape("a tensor", sides)
    size = prod(sides)
    check_tensor_size("a tensor", size * kind.size, file_size)
    plain = tuple(prod(sides[axis + 1 :]) for axis in range(len(sides)))
    # where there is nothing to step to, any stride will do
    steps = tuple(
        step if size and side > 1 else usual for side, step, usual in zip(sides, steps, plain, strict=True)
    )
    last = start + sum((side - 1) * step for side, step in zip(sides, steps, strict=True)) if size else 0
    available = storage.nbytes // kind.size
    if size and last >= available:
        raise BadInput(f"a tensor of shape {sides} reaches element {last:,} of a storage of {available:,}")

    def load() -> np.ndarray[Any, Any]:
        dtype = kind.storage.newbyteorder(">") if storage.big_endian else kind.storage
        if not size:
            return np.empty(sides, kind.storage)
        flat = np.frombuffer(storage.checked(), dtype, count=last + 1)[start:]
        array = as_strided(flat, sides, [step * kind.size for step in steps], writeable=False)
        return array.astype(kind.storage) if storage.big_endian else array

    def checked() -> int | None:
        """The storage's checksum, which is the tensor's where it is the whole storage, in order."""
        storage.checked()
        return (storage.content.crc or None) if storage.content is not None else None

    whole = size * kind.size == storage.nbytes and steps == plain and not storage.big_endian
    memory = ("storage", storage.key, start, sides, steps, kind.name) if size else None
    return Tensor(kind.name, sides, load, memory, checked if whole and size else None)


def names(file_size: int, budget: Budget) -> dict[tuple[str, str], Callable[..., Any]]:
    """The functions that torch's pickles call, as our own."""

    def tensor(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> Tensor:
        if len(rest) > 2:
            _refuse_lazy_views(rest[2])
        kind = storage.kind if isinstance(storage, Storage) else None
        if kind is None:
            raise BadInput("a tensor over a storage of unknown kind")
        budget.spend(TENSOR)
        return view(storage, kind, offset, shape, stride, file_size)

    def typed_tensor(
        storage: Any,
        offset: Any,
        shape: Any,
        stride: Any,
        grad: Any,
        hooks: Any,
        dtype: Any,
        metadata: Any = None,
    ) -> Tensor:
        _refuse_lazy_views(metadata)
        if not isinstance(dtype, Name) or dtype.name not in DTYPES:
            raise BadInput(f"a tensor of {shown_or_named(dtype)}, which is no known kind of number")
        budget.spend(TENSOR)
        return view(storage, DTYPES[dtype.name], offset, shape, stride, file_size)

    def of_type(function: Any, cls: Any, arguments: Any, state: Any = None) -> Any:
        if not isinstance(function, Name) or function.make is None or not isinstance(arguments, tuple):
            raise BadInput(f"a tensor subclass made by {shown_or_named(function)}, which is not known here")
        if len(arguments) > _MOST_ARGUMENTS:
            raise BadInput(f"a tensor subclass is made of {len(arguments):,} arguments")
        return function.make(*arguments)

    return {
        ("torch._utils", "_rebuild_tensor"): tensor,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch._utils", "_rebuild_tensor_v3"): typed_tensor,
        ("torch._utils", "_rebuild_parameter"): _first,
        ("torch._utils", "_rebuild_parameter_with_state"): _first,
        ("torch.nn.parameter", "Parameter"): _first,
        ("torch.nn.parameter", "Buffer"): _first,
        ("torch._tensor", "_rebuild_from_type"): of_type,
        ("torch._tensor", "_rebuild_from_type_v2"): of_type,
        ("torch", "Size"): _size,
        ("torch.storage", "_load_from_bytes"): _nested,
    }


def _first(data: Any = None, *rest: Any) -> Any:
    return data


def _nested(data: Any = None) -> Any:
    raise BadInput(
        "tensors were pickled one by one, with pickle.dump; save the state with torch.save instead"
    )


def _size(sides: Any = ()) -> tuple[int, ...]:
    return _integers("size", sides)


def _refuse_lazy_views(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        return
    if len(metadata) > _MOST_MARKS:
        raise BadInput(f"a tensor carries {len(metadata):,} marks; torch knows two")
    if marks := [shown_name(str(key)) for key, value in metadata.items() if value is True]:
        raise BadInput(
            f"a tensor is stored as a lazy view ({', '.join(marks[:3])}); "
            "save its .resolve_conj().resolve_neg() instead"
        )

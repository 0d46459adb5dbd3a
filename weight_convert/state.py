"""A state: the ordered tensors of a model, by key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

from numpy.typing import NDArray

from weight_convert.manifest import DroppedKey, MadeTensor, Manifest
from weight_convert.mapped import MappedFile
from weight_convert.naming import naming
from weight_convert.tensor import Tensor


@dataclass
class Origin:
    """Where a state was read: the file, its format, the part of it, the prefixes taken off."""

    path: Path
    format: str
    selected: str = ""
    stripped: tuple[str, ...] = ()
    inert: dict[str, int] = field(default_factory=dict)


@dataclass
class State(Mapping[str, NDArray[Any]]):
    """Key -> array, in the order of the model. `tensors` holds the exact bits.

    `state[key]` gives numbers: bfloat16 as float32, which is exact; everything else as stored.
    """

    tensors: dict[str, Tensor]
    origin: Origin | None = None
    manifest: Manifest | None = None
    dropped: list[DroppedKey] = field(default_factory=list)
    made: list[MadeTensor] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """Key -> the key in the source, where it had another name."""
    file: MappedFile | None = field(default=None, repr=False)

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> State:
        """A state made of arrays."""
        return cls({key: Tensor.of(array) for key, array in arrays.items()})

    def __getitem__(self, key: str) -> NDArray[Any]:
        with naming(self.origin.path) if self.origin is not None else nullcontext():
            return self.tensors[key].values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All entries as numbers; see `__getitem__`."""
        return {key: self[key] for key in self}

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors, tied ones counted each time."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def dtype(self, key: str) -> str:
        """The kind of number of an entry, `bfloat16` included."""
        return self.tensors[key].dtype

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every entry."""
        return {key: tensor.shape for key, tensor in self.tensors.items()}

    def tied(self) -> dict[str, str]:
        """Keys that are the very same tensor as an earlier key, with that key."""
        first: dict[Any, str] = {}
        same: dict[str, str] = {}
        for key, tensor in self.tensors.items():
            if tensor.memory is not None and first.setdefault(tensor.memory, key) != key:
                same[key] = first[tensor.memory]
        return same

    def with_tensors(self, tensors: dict[str, Tensor], sources: dict[str, str] | None = None) -> State:
        """The same state with other tensors."""
        return State(
            tensors,
            self.origin,
            self.manifest,
            list(self.dropped),
            list(self.made),
            self.sources if sources is None else sources,
            self.file,
        )

    def release(self) -> None:
        """Give back the memory of what was read so far."""
        if self.file is not None:
            self.file.release()

"""What is known of an HDF5 file, without the library that reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

TEXT = "text"
"""The dtype of a dataset that is one text."""


class Dataset(NamedTuple):
    """One dataset: `nbytes` bytes from `place` on, of the file or, if it is spilled, of the scratch file."""

    shape: tuple[int, ...] | None
    dtype: str
    """numpy's code of a number, TEXT, or in words what else it is."""
    place: int
    nbytes: int
    spilled: bool
    odd: str
    """Why no writer of traces stores a tensor in this way; empty if one may."""

    @property
    def is_numbers(self) -> bool:
        """Whether its elements are numbers, of which `dtype` is numpy's code."""
        return self.shape is not None and is_code(self.dtype)


class HdfGroup(NamedTuple):
    """One group: its attributes, and the names of those that are too large or of no value."""

    attributes: dict[str, object]
    unread: list[str]


@dataclass
class Contents:
    """All groups and datasets by path ("" is the root), and the paths of links to elsewhere."""

    groups: dict[str, HdfGroup] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """The contents as data for JSON."""
        return {"groups": self.groups, "datasets": self.datasets, "links": self.links}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Contents:
        """The same contents again."""
        groups = {path: HdfGroup(*group) for path, group in data["groups"].items()}
        datasets = {}
        for path, (shape, *rest) in data["datasets"].items():
            datasets[path] = Dataset(None if shape is None else tuple(shape), *rest)
        return cls(groups, datasets, data["links"])


def is_code(dtype: str) -> bool:
    """Whether this is numpy's code of a number, and not words."""
    return len(dtype) <= 4 and dtype[:1] in "<>|="

"""What a tensor of a loss is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.answers import LossOperation


def made_of(
    name: str, shape: Sequence[int], makers: Mapping[str, LossOperation], deepest: int
) -> Iterator[str]:
    """The tensors of these sizes that one is made of, the nearest first."""
    found, level = dict[str, None](), [name]
    for _ in range(deepest):
        level = [tensor.name for path in level if path in makers for tensor in makers[path].given]
        for path in level:
            if path not in found and _shape_of(path, makers, shape):
                found[path] = None
                yield path


def _shape_of(name: str, makers: Mapping[str, LossOperation], shape: Sequence[int]) -> bool:
    maker = makers.get(name)
    if maker is not None and maker.made is not None:
        return maker.made.shape == list(shape)
    taker = makers.get(name.partition(":")[0])
    return taker is not None and any(one.name == name and one.shape == list(shape) for one in taker.given)

"""A layer is made again from what it says of itself: it takes the state of the first."""

from __future__ import annotations

from typing import Any

import pytest

from harness.sides.constructor import constructor_arguments

pytestmark = pytest.mark.torch

LAYERS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("GRU", (3, 5), {"num_layers": 2, "batch_first": True, "bidirectional": True}),
    ("LSTM", (3, 5), {"bias": False, "proj_size": 2}),
    ("RNN", (3, 5), {"nonlinearity": "relu"}),
    ("RNN", (3, 5), {"num_layers": 2, "dropout": 0.5}),
    ("GRUCell", (3, 5), {"bias": False}),
    ("MultiheadAttention", (8, 2), {"bias": False, "kdim": 4, "batch_first": True}),
    ("MultiheadAttention", (8, 2), {}),
    ("Linear", (3, 5), {"bias": False}),
    ("Bilinear", (3, 4, 5), {}),
    ("Conv2d", (4, 6, 3), {"groups": 2, "padding_mode": "reflect", "bias": False}),
    ("ConvTranspose2d", (4, 6, 3), {"output_padding": 1, "stride": 2}),
    ("Embedding", (7, 3), {"padding_idx": 2}),
    ("LayerNorm", ((4, 5),), {"eps": 1e-3, "bias": False}),
    ("GroupNorm", (2, 4), {"affine": False}),
    ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}),
    ("PReLU", (4,), {}),
]


@pytest.mark.parametrize(("kind", "args", "kwargs"), LAYERS, ids=lambda value: str(value)[:40])
def test_the_arguments_make_a_layer_of_the_same_state(
    kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    import torch

    first = getattr(torch.nn, kind)(*args, **kwargs)
    made = constructor_arguments(first)
    again = getattr(torch.nn, kind)(**made)
    assert {key: value.shape for key, value in again.state_dict().items()} == {
        key: value.shape for key, value in first.state_dict().items()
    }
    for name, value in kwargs.items():
        if name != "bias":  # which a layer keeps as a parameter
            assert made[name] == value or set(made[name]) == {value}

"""Every model and variant of the registry: .pt to .pkl and back, bit for bit; new pairs join unasked.

The gate takes the first variant of each pair.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from harness import pairs
from harness.pairs.base import Pair, Variant
from tests.selection import others_slow
from weight_convert import ConversionRequest, convert, read_state

VARIANTS = [(pair.name, variant) for pair in pairs.all_pairs() for variant in pair.variants]
FIRST = [(pair.name, next(iter(pair.variants))) for pair in pairs.all_pairs()]


def named(case: tuple[str, str]) -> str:
    """How a pair and its variant are called in the test's name."""
    return "-".join(case)


def found(case: tuple[str, str]) -> tuple[Pair, Variant]:
    """The declaration of a pair, and one of its variants."""
    pair = pairs.find(case[0])
    return pair, pair.variant(case[1])


@cache
def seeded_state(case: tuple[str, str]) -> dict[str, torch.Tensor]:
    """The reference's state with seeded weights."""
    pair, variant = found(case)
    model = import_module(pair.reference).build(variant.name, **variant.options)
    made = {}
    for key, value in model.state_dict().items():
        drawn = np.asarray(pair.weight_rule(1, key, tuple(value.shape)))
        made[key] = torch.from_numpy(drawn).to(value.dtype).reshape(value.shape)
    return made


def checkpoint(case: tuple[str, str], folder: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A checkpoint as upstream's training leaves it, with the prefix of its wrapper."""
    state = seeded_state(case)
    prefix = next(iter(found(case)[0].checkpoint_prefixes), "module.")
    path = folder / "best.pth.tar"
    torch.save({"epoch": 3, "state_dict": {prefix + key: value for key, value in state.items()}}, path)
    return path, state


def converted(case: tuple[str, str], source: Path, folder: Path) -> Path:
    """The checkpoint as a file of Jittor's."""
    prefixes = found(case)[0].checkpoint_prefixes[:1]
    convert(ConversionRequest(source, folder / "best.pkl", strip=tuple(prefixes)))
    return folder / "best.pkl"


@pytest.mark.parametrize("case", others_slow(VARIANTS, *FIRST), ids=named)
def test_there_and_back_changes_nothing(case: tuple[str, str], tmp_path: Path) -> None:
    source, state = checkpoint(case, tmp_path)
    convert(ConversionRequest(converted(case, source, tmp_path), tmp_path / "back.pt"))
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert list(back) == list(state)
    for key, value in state.items():
        assert back[key].dtype == value.dtype
        assert back[key].shape == value.shape
        assert back[key].numpy().tobytes() == value.numpy().tobytes()


@pytest.mark.parametrize("case", FIRST, ids=named)
def test_the_keys_are_checked_against_the_built_model(case: tuple[str, str], tmp_path: Path) -> None:
    source, state = checkpoint(case, tmp_path)
    pair, variant = found(case)
    report = convert(ConversionRequest(source, tmp_path / "best.pkl", model=pair.name, variant=variant.name))
    assert report.layout == f"{pair.name} {variant.name} as torch builds it"
    assert list(read_state(tmp_path / "best.pkl")) == list(state)


@pytest.mark.jittor
@pytest.mark.parametrize("case", FIRST, ids=named)
def test_the_port_loads_the_converted_file(case: tuple[str, str], tmp_path: Path) -> None:
    import jittor as jt

    from ports_jittor.torchlike.state import torch_state_dict

    source, state = checkpoint(case, tmp_path)
    pair, variant = found(case)
    model = import_module(pair.port).build(variant.name, **variant.options)
    model.load_state_dict(jt.load(str(converted(case, source, tmp_path))))
    loaded = torch_state_dict(model)
    assert set(loaded) == set(state)
    for key, value in state.items():
        np.testing.assert_array_equal(loaded[key], value.numpy())

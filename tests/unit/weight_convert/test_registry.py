"""Every model and variant of the registry: .pt to .pkl and back, bit for bit; new pairs join unasked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import pairs
from harness.pairs.base import Pair, Variant
from weight_convert import ConversionRequest, convert, read_state

VARIANTS = [(pair, variant) for pair in pairs.all_pairs() for variant in pair.variants.values()]
FIRST = [(pair, next(iter(pair.variants.values()))) for pair in pairs.all_pairs()]


def named(value: Any) -> str:
    """How a pair or variant is called in the test's name."""
    return str(value.name)


def seeded_state(pair: Pair, variant: Variant) -> dict[str, torch.Tensor]:
    """The reference's state with seeded weights."""
    model = import_module(pair.reference).build(variant.name, **variant.options)
    made = {}
    for key, value in model.state_dict().items():
        drawn = np.asarray(pair.weight_rule(1, key, tuple(value.shape)))
        made[key] = torch.from_numpy(drawn).to(value.dtype).reshape(value.shape)
    return made


def checkpoint(pair: Pair, variant: Variant, folder: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A checkpoint as upstream's training leaves it, with the prefix of its wrapper."""
    state = seeded_state(pair, variant)
    prefix = next(iter(pair.checkpoint_prefixes), "module.")
    path = folder / "best.pth.tar"
    torch.save({"epoch": 3, "state_dict": {prefix + key: value for key, value in state.items()}}, path)
    return path, state


@pytest.mark.parametrize(("pair", "variant"), VARIANTS, ids=named)
def test_there_and_back_changes_nothing(pair: Pair, variant: Variant, tmp_path: Path) -> None:
    source, state = checkpoint(pair, variant, tmp_path)
    convert(ConversionRequest(source, tmp_path / "best.pkl", strip=tuple(pair.checkpoint_prefixes[:1])))
    convert(ConversionRequest(tmp_path / "best.pkl", tmp_path / "back.pt"))
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert list(back) == list(state)
    for key, value in state.items():
        assert back[key].dtype == value.dtype
        assert back[key].shape == value.shape
        assert back[key].numpy().tobytes() == value.numpy().tobytes()


@pytest.mark.parametrize(("pair", "variant"), FIRST, ids=named)
def test_the_keys_are_checked_against_the_built_model(pair: Pair, variant: Variant, tmp_path: Path) -> None:
    source, state = checkpoint(pair, variant, tmp_path)
    report = convert(ConversionRequest(source, tmp_path / "best.pkl", model=pair.name, variant=variant.name))
    assert report.layout == f"{pair.name} {variant.name} as torch builds it"
    assert list(read_state(tmp_path / "best.pkl")) == list(state)


@pytest.mark.jittor
@pytest.mark.parametrize(("pair", "variant"), FIRST, ids=named)
def test_the_port_loads_the_converted_file(pair: Pair, variant: Variant, tmp_path: Path) -> None:
    import jittor as jt

    from ports_jittor.torchlike.state import torch_state_dict

    source, state = checkpoint(pair, variant, tmp_path)
    convert(ConversionRequest(source, tmp_path / "best.pkl", strip=tuple(pair.checkpoint_prefixes[:1])))
    model = import_module(pair.port).build(variant.name, **variant.options)
    model.load_state_dict(jt.load(str(tmp_path / "best.pkl")))
    found = torch_state_dict(model)
    assert set(found) == set(state)
    for key, value in state.items():
        np.testing.assert_array_equal(found[key], value.numpy())

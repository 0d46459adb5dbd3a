"""Checkpoints with torchvision's names become CPANet's backbone; what is drawn anew is told."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from ports_jittor import cpanet as port
from ports_jittor.torchlike.state import load_state_dict, torch_state_dict
from refs_torch import cpanet as reference
from tests import ROOT
from tests.unit.weight_convert.torchvision_states import torchvision_resnet50, torchvision_vgg16_bn
from weight_convert import read_state

SOURCES = {
    "vgg16": ("torchvision-vgg16_bn-to-cpanet", torchvision_vgg16_bn()),
    "resnet50": ("torchvision-resnet50-to-cpanet", torchvision_resnet50()),
}
# The deep stem, and the first layer behind it that reads its 128 channels.
DRAWN = ("layer0.", "layer1.0.conv1.", "layer1.0.bn1.", "layer1.0.downsample.")
BACKBONE = tuple(f"layer{level}." for level in range(5))


def value_of(key: str) -> int:
    """A number that tells a key."""
    return zlib.crc32(key.encode()) % 65536


def checkpoint(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A file as torch.save writes one; every tensor is filled with its key's number."""
    small = {key: (2,) if key.startswith("classifier.") else shape for key, shape in shapes.items()}
    state = {
        key: torch.full(shape, value_of(key), dtype=torch.float32 if shape else torch.int64)
        for key, shape in small.items()
    }
    torch.save(state, path)


def convert(backbone: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command as documented."""
    key_map, shapes = SOURCES[backbone]
    if not (folder / "source.pth").exists():
        checkpoint(folder / "source.pth", shapes)
    return subprocess.run(
        [sys.executable, "-m", "weight_convert", "source.pth", "backbone.pkl", "--map", key_map, *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        timeout=300,
        check=False,
    )


def drawn_anew(backbone: str, key: str) -> bool:
    """Whether torchvision's network has no counterpart of an entry."""
    return backbone == "resnet50" and key.startswith(DRAWN)


def natural(key: str) -> list[tuple[int, str]]:
    """Sorts numbers in a key by their value."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in key.split(".")]


def counterparts(backbone: str, found: Iterable[str]) -> dict[str, str]:
    """Keys of the converted file -> of the source: by order in VGG-16, by name in ResNet-50."""
    if backbone == "resnet50":
        return {key: key for key in found}
    features = [key for key in SOURCES[backbone][1] if key.startswith("features.")]
    return dict(zip(sorted(found, key=natural), sorted(features, key=natural), strict=True))


@pytest.mark.parametrize("backbone", SOURCES)
def test_the_converted_file_is_the_whole_backbone_of_both_sides(backbone: str, tmp_path: Path) -> None:
    done = convert(backbone, tmp_path)
    assert done.returncode == 0, done.stderr
    found = {key: tensor.load() for key, tensor in read_state(tmp_path / "backbone.pkl").tensors.items()}

    model = reference.build(backbone, backbone)
    fresh = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    given = {key: torch.from_numpy(np.array(array)).reshape(fresh[key].shape) for key, array in found.items()}
    lacking = model.load_state_dict(given, strict=False)
    assert lacking.unexpected_keys == []
    heads = {key for key in fresh if not key.startswith(BACKBONE)}
    assert set(lacking.missing_keys) | {"REF.W.1.num_batches_tracked"} == heads

    ported = port.build(backbone, backbone)
    load_state_dict(ported, {**torch_state_dict(ported), **found})
    taken = torch_state_dict(ported)
    source = counterparts(backbone, found)
    for key in found:
        if not drawn_anew(backbone, key):
            np.testing.assert_array_equal(taken[key], np.full_like(fresh[key], value_of(source[key])))
        elif fresh[key].ndim == 4:
            assert taken[key].std() == pytest.approx(fresh[key].std(), rel=0.1)
        else:
            np.testing.assert_array_equal(taken[key], fresh[key])


def test_what_is_drawn_anew_and_what_is_left_out_is_reported(tmp_path: Path) -> None:
    expected = convert("resnet50", tmp_path, "--dry-run").stdout
    assert "dropped: conv1.weight: a 7x7 stem, where CPANet has three 3x3 convolutions" in expected
    assert "dropped: fc.weight, fc.bias: CPANet uses the features alone" in expected
    stem = (
        "made: layer0.0.weight, layer0.3.weight: the deep stem has no counterpart in torchvision's ResNet-50"
    )
    assert f"{stem} (normal, std 0.0589256, seed 0)" in expected
    assert "made: layer1.0.bn1.weight, layer1.0.bn1.running_var and 2 more" in expected
    assert "the convolution behind the deep stem has no counterpart" in expected


@pytest.mark.slow
def test_checked_against_the_model_the_heads_are_listed_as_missing(tmp_path: Path) -> None:
    options = ("--model", "cpanet", "--variant", "vgg16")
    strict = convert("vgg16", tmp_path, *options)
    assert strict.returncode == 2
    assert "REF.W.0.weight" in strict.stderr
    partial = convert("vgg16", tmp_path, *options, "--partial")
    assert "missing (34):" in partial.stdout
    assert "DP.cls.0.weight" in partial.stdout
    assert len(read_state(tmp_path / "backbone.pkl").tensors) == 91

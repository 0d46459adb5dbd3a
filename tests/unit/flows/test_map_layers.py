"""A port with names of its own is compared by a map, and what is wrong is named as in the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness import pairs
from harness.errors import BadInput
from harness.flows import map_layers
from harness.layer_map import LayerMap
from harness.pairs.undeclared import Undeclared
from harness.progress import Silent

pytestmark = [pytest.mark.torch, pytest.mark.jittor]
REFERENCE = """
from torch import nn
class Net(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.layer1 = nn.Sequential(nn.Linear(6, 6), nn.LeakyReLU(0.1))
        self.layer2 = nn.Sequential(nn.Linear(6, 6), nn.LeakyReLU(0.1))
        self.norm = nn.LayerNorm(6)
    def forward(self, x):
        return self.norm(self.layer2(self.layer1(x)))
"""
PORT = """
import jittor as jt
from jittor import nn
class Part(nn.Module):
    def __init__(self, slope):
        self.dense, self.act = nn.Linear(6, 6), nn.LeakyReLU(slope)
    def execute(self, x):
        return self.act(self.dense(x))
class Scale(nn.Module):
    def __init__(self):
        self.gamma, self.beta = jt.ones(6), jt.zeros(6)
    def execute(self, x):
        x = x - x.mean(-1, keepdims=True)
        return x / jt.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * self.gamma + self.beta
class Net(nn.Module):
    def __init__(self, slope):
        self.parts, self.scale = nn.Sequential(Part(0.1), Part(slope)), Scale()
    def execute(self, x):
        return self.scale(self.parts(x))
"""


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The map that was found, as it was written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapped_reference.py").write_text(REFERENCE)
    (tmp_path / "mapped_port.py").write_text(PORT)
    found = map_layers.map_layers(classes(0.1), None, Silent(), device="cpu")
    assert found.reference_alone == []
    return map_layers.keep(found, tmp_path / "names.json")


def classes(slope: float, layer_map: str = "") -> str:
    """The name of the two classes."""
    inputs, arguments = ("x=4x6",), (f"slope={slope}",)
    return Undeclared("mapped_reference:Net", "mapped_port:Net", inputs, arguments, layer_map).name


def test_what_is_wrong_in_a_port_with_a_map_has_the_references_name(names: Path) -> None:
    with pytest.raises(BadInput, match="by guess"):
        harness.compare(classes(0.3, str(names)), mode="train", device="cpu")
    names.write_text(names.read_text().replace('"checked": false', '"checked": true'))
    paired = {rule.port: rule.reference for rule in LayerMap.read(names).layers}
    assert paired["parts.1.dense"] == "layer2.0"
    assert paired["parts.0"] == "layer1"

    found = harness.compare(classes(0.3, str(names)), mode="train", device="cpu")
    assert found.verdict == "diverged"
    assert [source.address for source in found.sources] == ["layer:layer2.1#0:out"]
    assert found.row("layer:layer1.0#0:out").verdict.status == "aligned"
    assert found.row("layer:norm#0:out").verdict.status == "diverged"
    gradients = {row.address for row in found.rows if row.address.startswith("grad:")}
    assert gradients == {
        "grad:layer1.0.weight", "grad:layer1.0.bias", "grad:layer2.0.weight", "grad:layer2.0.bias",
        "grad:norm.weight", "grad:norm.bias",
    }  # fmt: skip


@pytest.mark.slow
def test_a_declared_pair_has_a_map_as_well(tmp_path: Path) -> None:
    declared = pairs.find(classes(0.1, str(tmp_path / "names.json")))
    assert declared.layer_map == tmp_path / "names.json"

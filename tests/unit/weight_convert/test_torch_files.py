"""Files that PyTorch wrote, in every form they come in, and ours as PyTorch reads them."""

from __future__ import annotations

import argparse
import functools
import pathlib
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.errors import BadInput
from tests.faults.checkpoints.case import PLAIN, torch_tar
from tests.unit.weight_convert.samples import assert_same, every_dtype
from weight_convert import State, read_state, write_state
from weight_convert.tensor import Tensor

LEGACY = {"_use_new_zipfile_serialization": False}
FORMS: dict[str, dict[str, Any]] = {"zip": {}, "legacy": LEGACY}


class Net(nn.Module):
    """A network with everything that a state dict can hold, and things that it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 2)
        self.register_buffer("lasting", torch.arange(3))
        self.register_buffer("fleeting", torch.ones(2), persistent=False)
        self.register_parameter("absent", None)
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.again = self.head
        self.norm = functools.partial(nn.BatchNorm2d, eps=1e-3)
        self.config = argparse.Namespace(path=pathlib.PurePosixPath("a/b"), device=torch.device("cpu"))


@pytest.fixture
def net() -> Net:
    """A network with weights that are not all alike."""
    torch.manual_seed(0)
    return Net()


def as_state(tensors: dict[str, torch.Tensor]) -> State:
    """Torch tensors as a state, tied where they are one."""
    made = {}
    for key, value in tensors.items():
        name = str(value.dtype).removeprefix("torch.")
        plain = value.detach().contiguous()
        carried = {"bfloat16": torch.uint16, "float8_e4m3fn": torch.uint8, "float8_e5m2": torch.uint8}
        bits = plain.view(carried[name]).numpy() if name in carried else plain.numpy()
        made[key] = Tensor.of(bits, name)
    return State(made)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("half", [False, True])
def test_a_bare_state_dict(net: Net, form: str, half: bool, tmp_path: Path) -> None:
    net = net.half() if half else net
    torch.save(net.state_dict(), tmp_path / "a.pt", **FORMS[form])
    state = read_state(tmp_path / "a.pt")
    assert_same(state, as_state(net.state_dict()))
    assert state.tied() == {"again.weight": "head.weight", "again.bias": "head.bias"}


NAMES = [
    "state_dict",
    "model",
    "net",
    "params",
    "params_ema",
    "ema",
    "model_state_dict",
    "generator",
    "network",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("whole", [False, True])
def test_under_a_name(net: Net, name: str, whole: bool, tmp_path: Path) -> None:
    optimizer = torch.optim.Adam(net.parameters())
    net.head(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    stored = {
        "epoch": 3,
        "best": torch.tensor(0.5),
        name: net if whole else net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": {"last": torch.ones(3)},
        "rng_state": torch.get_rng_state(),
    }
    torch.save(stored, tmp_path / "a.pt")
    state = read_state(tmp_path / "a.pt")
    assert_same(state, as_state(net.state_dict()))
    assert state.origin is not None
    assert state.origin.selected == name


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_module_gives_its_state_without_its_code(
    net: Net, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(net, tmp_path / "a.pt", **FORMS[form])
    monkeypatch.setattr(
        Net, "__setstate__", lambda self, state: pytest.fail("a class's code ran"), raising=False
    )
    state = read_state(tmp_path / "a.pt")
    assert_same(state, as_state(net.state_dict()))
    assert state.origin is not None
    assert any(name.endswith("Net") for name in state.origin.inert)
    assert "torch.FloatStorage" not in state.origin.inert


def test_a_checkpoint_of_modules_in_half_precision(net: Net, tmp_path: Path) -> None:
    ema = Net()
    stored = {"model": net.half(), "ema": ema.half(), "updates": 10, "optimizer": None, "epoch": 3}
    torch.save(stored, tmp_path / "best_ckpt.pt")
    with pytest.raises(BadInput, match=r"several states: model \(\d+ tensors\), ema.*--select"):
        read_state(tmp_path / "best_ckpt.pt")
    assert_same(read_state(tmp_path / "best_ckpt.pt", select="ema"), as_state(ema.state_dict()))
    torch.save({**stored, "ema": None}, tmp_path / "stripped.pt")
    assert_same(read_state(tmp_path / "stripped.pt"), as_state(net.state_dict()))


def test_a_generator_beside_others_must_be_chosen(net: Net, tmp_path: Path) -> None:
    torch.save({"generator": net.state_dict(), "discriminator": net.head.state_dict()}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=r"generator.*discriminator"):
        read_state(tmp_path / "a.pt")
    assert len(read_state(tmp_path / "a.pt", select="discriminator")) == 2
    with pytest.raises(BadInput, match="no state 'critic'"):
        read_state(tmp_path / "a.pt", select="critic")


def test_a_state_below_another(net: Net, tmp_path: Path) -> None:
    torch.save(
        {"state_dict": {"generator": net.head.state_dict(), "critic": net.body.state_dict()}},
        tmp_path / "a.pt",
    )
    assert len(read_state(tmp_path / "a.pt", select="state_dict.generator")) == 2
    assert len(read_state(tmp_path / "a.pt", select="generator")) == 2


@pytest.mark.parametrize("wrap", ["parallel", "compiled", "both", "repnr", "inner"])
def test_prefixes_of_wrappers_come_off(net: Net, wrap: str, tmp_path: Path) -> None:
    renamed: dict[str, Any] = {
        "parallel": lambda: nn.DataParallel(net).state_dict(),
        "compiled": lambda: {f"_orig_mod.{key}": value for key, value in net.state_dict().items()},
        "both": lambda: {f"_orig_mod.module.{key}": value for key, value in net.state_dict().items()},
        "repnr": lambda: {f"repnr_module.{key}": value for key, value in net.state_dict().items()},
        "inner": lambda: {
            key.replace("body.", "body._orig_mod."): value for key, value in net.state_dict().items()
        },
    }
    wanted = net.state_dict()
    torch.save(renamed[wrap](), tmp_path / "a.pt")
    state = read_state(tmp_path / "a.pt")
    assert_same(state, as_state(wanted))
    assert state.origin is not None
    assert state.origin.stripped


@pytest.mark.parametrize("form", FORMS)
def test_views_come_out_right(form: str, tmp_path: Path) -> None:
    base = torch.randn(6, 8)
    views = {
        "whole": base,
        "transposed": base.t(),
        "strided": base[:, ::2],
        "block": base[1:3, 1:3],
        "scalar": base[2, 3],
        "expanded": base[0].expand(4, 8),
        "permuted": torch.randn(2, 3, 4).permute(2, 0, 1),
        "channels_last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    }
    torch.save(views, tmp_path / "a.pt", **FORMS[form])
    assert_same(read_state(tmp_path / "a.pt"), as_state(views))


@pytest.mark.parametrize("form", FORMS)
def test_every_dtype_of_torch(form: str, tmp_path: Path) -> None:
    kinds = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16]
    kinds += [torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128]
    if form == "zip":
        kinds += [torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2]
    tensors = {str(kind): (torch.randn(3, 4) * 3).to(kind) for kind in kinds}
    tensors |= {f"{kind} 0-d": value[1, 1] for kind, value in tensors.items()}
    torch.save(tensors, tmp_path / "a.pt", **FORMS[form])
    assert_same(read_state(tmp_path / "a.pt"), as_state(tensors))


def test_bfloat16_is_given_as_float32_exactly(tmp_path: Path) -> None:
    values = torch.randn(1000).bfloat16()
    torch.save({"a": values}, tmp_path / "a.pt")
    np.testing.assert_array_equal(read_state(tmp_path / "a.pt")["a"], values.float().numpy())


def test_lazy_views_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2, dtype=torch.complex64).conj()}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=r"lazy view \(conj\)"):
        read_state(tmp_path / "a.pt")


def test_quantised_and_sparse_tensors_are_named_as_unreadable(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2), "b": torch.eye(3).to_sparse()}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=r"b: made by torch\._utils\._rebuild_sparse_tensor"):
        read_state(tmp_path / "a.pt")
    state = read_state(tmp_path / "a.pt", partial=True)
    assert list(state) == ["a"]
    assert [item.key for item in state.dropped] == ["b"]


def test_a_file_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.arange(4.0)}, tmp_path / "a.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    np.testing.assert_array_equal(read_state(tmp_path / "a.pt")["a"], np.arange(4.0))


def test_parameters_and_other_things_in_a_state(tmp_path: Path) -> None:
    stored = {
        "a": nn.Parameter(torch.ones(2)),
        "b": nn.Buffer(torch.zeros(1)),
        "epoch": 3,
        "name": "x",
        "none": None,
    }
    torch.save(stored, tmp_path / "a.pt")
    state = read_state(tmp_path / "a.pt")
    assert list(state) == ["a", "b"]
    assert {item.key: item.reason for item in state.dropped} == {
        "epoch": "not a tensor (int)",
        "name": "not a tensor (str)",
        "none": "not a tensor (NoneType)",
    }


def test_tensors_that_pickle_stored_itself_are_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": torch.ones(2)}))
    with pytest.raises(BadInput, match=r"save the state with torch\.save"):
        read_state(tmp_path / "a.pkl")


def test_a_script_program_is_refused(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "a.pt")
    with pytest.raises(BadInput, match="TorchScript program"):
        read_state(tmp_path / "a.pt")


def test_a_tar_of_the_first_releases_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.pth.tar").write_bytes(torch_tar(PLAIN))
    theirs = torch.load(tmp_path / "a.pth.tar", weights_only=False)
    assert_same(read_state(tmp_path / "a.pth.tar"), as_state(theirs))
    assert list(theirs) == list(PLAIN)


def loads() -> Iterator[dict[str, Any]]:
    """Every way PyTorch reads a file."""
    for mmap in (False, True):
        for weights_only in (False, True):
            yield {"mmap": mmap, "weights_only": weights_only}


@pytest.mark.parametrize("options", list(loads()), ids=str)
def test_torch_reads_what_we_write(options: dict[str, Any], tmp_path: Path) -> None:
    shared = Tensor.of(np.arange(6, dtype=np.float32).reshape(2, 3), memory="shared")
    state = every_dtype()
    state.tensors |= {"tied.a": shared, "tied.b": shared}
    state.tensors |= {"f8": Tensor.of(np.arange(5, dtype=np.uint8), "float8_e4m3fn")}
    write_state(state, tmp_path / "a.pt")
    found = torch.load(tmp_path / "a.pt", **options)
    assert_same(as_state(found), State(state.tensors))
    assert found["tied.a"].data_ptr() == found["tied.b"].data_ptr()


@pytest.mark.parametrize("suffix", ["pkl", "npz", "safetensors", "h5", "pt"])
def test_a_model_comes_back_unchanged_through_every_format(net: Net, suffix: str, tmp_path: Path) -> None:
    mixed = {
        **net.half().state_dict(),
        "wide": torch.randn(3, dtype=torch.float64),
        "brain": torch.randn(2).bfloat16(),
    }
    torch.save({"state_dict": mixed}, tmp_path / "a.pt")
    write_state(read_state(tmp_path / "a.pt"), tmp_path / f"b.{suffix}")
    write_state(read_state(tmp_path / f"b.{suffix}"), tmp_path / "c.pt")
    found = torch.load(tmp_path / "c.pt", weights_only=True)
    assert_same(as_state(found), as_state(mixed))
    assert found["again.weight"].data_ptr() == found["head.weight"].data_ptr()

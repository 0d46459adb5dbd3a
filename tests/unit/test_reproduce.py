"""A reproducer stands alone: short scripts that run on their file of tensors and need nothing of ours."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import environment, reproduce
from harness.answers import CallDescription
from harness.environment.interpreters import interpreter
from harness.errors import BadInput

X = {"tensor": "0"}
NORM = CallDescription(
    path="x",
    name="torch.nn.modules.batchnorm.BatchNorm2d",
    module=True,
    made={"num_features": 3, "eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True},
    args=[X],
    kwargs={},
)
RESIZE = CallDescription(
    path="x",
    name="torch.nn.functional.interpolate",
    module=False,
    args=[X],
    kwargs={"size": [7, 7], "mode": "bilinear", "align_corners": False},
)


def tensors() -> dict[str, Any]:
    draw = np.random.default_rng(0).standard_normal((2, 3, 4, 4)).astype(np.float32)
    state = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}
    expected: dict[str, Any] = {
        f"state:{name}": np.full(3, value, np.float32) for name, value in state.items()
    }
    expected["state:num_batches_tracked"] = np.array(0)
    factor = np.float32(1 / np.sqrt(1 + 1e-5))
    return {"input:0": draw, **expected, "reference": draw * factor, "port": draw * np.float32(0.5)}


@pytest.mark.parametrize("call", [NORM, RESIZE], ids=["module", "function"])
def test_scripts_are_short_and_need_nothing_of_ours(tmp_path: Path, call: CallDescription) -> None:
    made = reproduce.write(tmp_path / "report", "layer:x#0:out", call, tensors(), {"eps": 1e-3}, "")
    assert [path.name for path in made] == ["tensors.npz", "reference.py", "port.py"]
    for path in made[1:]:
        text = path.read_text()
        compile(text, path.name, "exec")
        assert len(text.splitlines()) <= 40
        assert not {"harness", "ports_jittor", "refs_torch"} & set(text.replace(".", " ").split())


def test_the_port_has_its_own_attributes() -> None:
    assert "eps=0.001" in reproduce.jittor_script("", NORM, {"eps": 1e-3})
    assert "eps=1e-05" in reproduce.torch_script("", NORM)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(BadInput, match="not an empty folder"):
        reproduce.write(tmp_path, "layer:x#0:out", NORM, {}, {}, "")


HOSTILE = [
    '"""\nowned()\n"""',
    "'''\nowned()\n'''",
    '"];owned();["',
    "x=owned(),y",
    "x\nowned()\n",
    "\\",
    "{owned()}",
    "\ud800\u202e\x00\r",
]
PLAIN_NAMES = {
    "np", "jt", "torch", "saved", "given", "state", "name", "own", "layer", "result", "found", "apart",
    "print", "float",
}  # fmt: skip


def calls(text: str) -> list[CallDescription]:
    """A layer and a function, with a text in every place where a model may have one."""
    value: Any = [text, {text: text, "x": [text]}, {"tensor": text}]
    return [
        replace(NORM, name=f"torch.nn.modules.x.{text}"),
        replace(NORM, name=f"{text}.Conv2d"),
        replace(NORM, made={text: 1}),
        replace(NORM, made={"x": value}),
        replace(NORM, args=value, kwargs={"y": value}),
        replace(NORM, kwargs={text: 1}),
        replace(RESIZE, name=text),
        replace(RESIZE, kwargs={text: 1}),
        replace(RESIZE, name="torch.avg_pool2d", args=[X, text], kwargs={"y": text}),
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_model_becomes_code(tmp_path: Path, text: str) -> None:
    written = 0
    for number, call in enumerate([NORM, *calls(text)]):
        folder = tmp_path / str(number)
        try:
            reproduce.write(folder, f"layer:{text}#0:out", call, tensors(), {"eps": text}, text)
        except BadInput:
            assert not folder.exists()
            continue
        written += 1
        for name in ("reference.py", "port.py"):
            tree = ast.parse((folder / name).read_text(encoding="utf-8"))
            assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= PLAIN_NAMES
    assert written >= 3


def test_what_is_no_name_or_no_literal_is_refused() -> None:
    with pytest.raises(BadInput, match="'a b' is no name in Python"):
        reproduce.torch_script("", replace(NORM, made={"a b": 1}))
    with pytest.raises(BadInput, match="a object cannot be written into a script"):
        reproduce.torch_script("", replace(NORM, made={"x": object()}))


def test_a_class_of_ones_own_has_no_script_without_its_code() -> None:
    with pytest.raises(BadInput, match=r"'mine\.Block' is no part of PyTorch.*a layer inside it"):
        reproduce.torch_script("", replace(NORM, name="mine.Block"))


def test_the_tensor_of_the_address_is_taken_out_of_what_the_call_returns(tmp_path: Path) -> None:
    reproduce.write(tmp_path / "report", "layer:x#0:out.1.hidden", NORM, tensors(), {}, "")
    for name in ("reference.py", "port.py"):
        assert "found = result[1]['hidden']." in (tmp_path / "report" / name).read_text()


@pytest.mark.torch
def test_the_reference_script_repeats_what_was_recorded(tmp_path: Path) -> None:
    reproduce.write(tmp_path / "report", "layer:x#0:out", NORM, tensors(), {}, "")
    done = subprocess.run(
        [sys.executable, "reference.py"], cwd=tmp_path / "report", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (float(line.rpartition(" ")[2]) for line in done.stdout.splitlines())
    assert first < 1e-6 < 0.1 < second


SHAPE = (2, 4, 6, 6)


def layer(kind: str, *, space: str = "module", **made: Any) -> CallDescription:
    """A call of a layer of torch."""
    name = f"torch.nn.modules.{space}.{kind}"
    return CallDescription(name, name, True, [X], {}, made)


def function(name: str, *args: Any, space: str = "torch.nn.functional", **kwargs: Any) -> CallDescription:
    """A call of a function of torch, as torch's dispatcher tells it."""
    return CallDescription(name, f"{space}.{name}", False, [X, *args], kwargs)


CALLS = [
    layer("Conv2d", in_channels=4, out_channels=3, kernel_size=[3, 3], padding=[1, 1], padding_mode="zeros"),
    layer("ConvTranspose2d", in_channels=4, out_channels=3, kernel_size=[2, 2], stride=[2, 2]),
    layer("BatchNorm2d", num_features=4, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True),
    layer("GroupNorm", num_groups=2, num_channels=4, eps=1e-5, affine=True),
    layer("Linear", in_features=6, out_features=5),
    layer("LayerNorm", normalized_shape=[6], eps=1e-5),
    layer("LeakyReLU", negative_slope=0.2, inplace=True),
    layer("ReLU", inplace=True),
    layer("SiLU", inplace=False),
    layer("Sigmoid"),
    layer("MaxPool2d", kernel_size=2, stride=2, padding=0, dilation=1, return_indices=False, ceil_mode=False),
    layer("AdaptiveAvgPool2d", output_size=[2, 2]),
    layer("Softmax", dim=1),
    layer("PixelShuffle", upscale_factor=2),
    layer("Upsample", scale_factor=2.0, mode="bilinear", align_corners=False, recompute_scale_factor=None),
    function("interpolate", size=[9, 9], mode="bilinear", align_corners=True, antialias=False),
    function("relu", inplace=False),
    function("leaky_relu", negative_slope=0.3, inplace=False),
    function("adaptive_avg_pool2d", [3, 3]),
    function("softmax", dim=1),
    function("sigmoid", space="torch"),
    function("add", X, space="torch"),
    function("mean", [2, 3], space="torch", keepdim=True),
    CallDescription("cat", "torch.cat", False, [[X, X], 1], {}),
]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.jittor
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name.rpartition(".")[2])
def test_both_scripts_run_and_agree(tmp_path: Path, call: CallDescription) -> None:
    import torch

    torch.manual_seed(0)
    given = torch.randn(SHAPE)
    saved: dict[str, Any] = {"input:0": given.numpy()}
    name = call.name.rpartition(".")[2]
    if call.module:
        made = getattr(torch.nn, name)(**call.made).eval()
        saved |= {f"state:{key}": value.numpy() for key, value in made.state_dict().items()}
        result = made(given.clone())
    else:
        function = getattr(torch if call.name == f"torch.{name}" else torch.nn.functional, name)
        args = [given if item == X else item for item in call.args]
        if name == "cat":
            args = [[given, given], 1]
        result = function(*args, **call.kwargs)
    saved["reference"] = saved["port"] = result.detach().numpy()
    reproduce.write(tmp_path / "report", "layer:x#0:out", call, saved, {}, "")
    env = environment.side_environment("jittor", "cpu", interpreter("jittor"))
    for script in ("reference.py", "port.py"):
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path / "report",
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        said = [line for line in done.stdout.splitlines() if "as recorded" in line]
        assert [float(line.rpartition(" ")[2]) < 1e-4 for line in said] == [True, True], done.stdout


DROPOUT = CallDescription("x", "torch.nn.modules.dropout.Dropout", True, [X], {}, made={"p": 0.4})


@pytest.mark.torch
def test_a_dropout_drops_in_a_script_what_it_dropped_when_it_was_recorded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, drawn = rng.standard_normal((3, 4)).astype(np.float32), rng.random((3, 4)).astype(np.float32)
    dropped = (x * (drawn >= 0.4) / 0.6).astype(np.float32)
    other = (x * (drawn >= 0.3) / 0.7).astype(np.float32)
    arrays = {"input:0": x, "draw:0": drawn, "reference": dropped, "port": other}
    reproduce.write(tmp_path / "report", "layer:x#0:out", DROPOUT, arrays, {"p": 0.3}, "", training=True)
    said = subprocess.run(
        [sys.executable, "reference.py"],
        cwd=tmp_path / "report",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    first, second = (float(line.rpartition(" ")[2]) for line in said.splitlines())
    assert first < 1e-6 < 0.1 < second
    assert "jt.random = " in (tmp_path / "report" / "port.py").read_text()

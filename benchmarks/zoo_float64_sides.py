"""One pass of one side of `benchmarks.zoo_float64`, as arrays by kind and name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness import pairs, seeded
from harness.environment import jittor_environment
from harness.pairs.base import InputRequest, Mode
from harness.sides.jittor_here import import_here

PAIR = Path(__file__).parents[1] / "examples" / "zoo" / "classifiers_pair.py"
Arrays = dict[str, Any]


def _inputs(variant: str, mode: Mode, seed: int) -> tuple[Arrays, dict[str, Any]]:
    pair = pairs.find(str(PAIR))
    chosen = pair.variant(variant)
    return pair.inputs(InputRequest(chosen, mode, seed)), dict(chosen.options)


def torch_arrays(variant: str, mode: Mode, seed: int, side: str, folder: Path) -> Arrays:
    """torchvision with plain torch, in float64 or float32. In float64 it leaves what each norm was given."""
    import classifiers_torch
    import torch

    inputs, options = _inputs(variant, mode, seed)
    model = classifiers_torch.build(variant, **options)
    state = model.state_dict()  # it carries the version of its layout, which MNASNet asks for
    for key, value in state.items():
        state[key] = torch.from_numpy(np.asarray(seeded.weight(seed, key, tuple(value.shape))))
    model.load_state_dict(state)
    model.train(mode == "train").to(torch.float64 if side == "float64" else torch.float32)
    found: Arrays = {}
    given: Arrays = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()
        elif mode == "train" and side == "float64" and isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_pre_hook(_seen(name, found, given))
    image = torch.from_numpy(inputs["image"]).to(next(model.parameters()).dtype)
    with torch.no_grad():
        outputs = model(image)
    if mode == "train":
        if side == "float64":
            np.savez(folder / "given", **given)
        found.update(_alone(model, folder, side))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found.update({f"output:{place}": part.numpy() for place, part in enumerate(outputs)})
    return {**found, **_running(model.state_dict())}


def _seen(name: str, found: Arrays, given: Arrays) -> Any:
    """A hook that keeps a norm's input, and what its running variance is without the correction."""

    def hook(norm: Any, inputs: Any) -> None:
        x = inputs[0].detach()
        spread, old = x.var((0, 2, 3), unbiased=False), norm.running_var.clone()
        found[f"biased:{name}.running_var"] = (old + norm.momentum * (spread - old)).numpy()
        given[name] = x.float().numpy()

    return hook


def _alone(model: Any, folder: Path, side: str) -> Arrays:
    """Each batch norm on the same inputs, rounded to float32."""
    import torch

    dtype = torch.float64 if side == "float64" else torch.float32
    found = {}
    with np.load(folder / "given.npz") as given:
        for name in given.files:
            norm = model.get_submodule(name)
            scale, shift = norm.weight.detach(), norm.bias.detach()
            x = torch.from_numpy(given[name]).to(dtype)
            made = torch.nn.functional.batch_norm(x, None, None, scale, shift, training=True, eps=norm.eps)
            found[f"norm:{name}"] = made.numpy()
    return found


def jittor_arrays(variant: str, mode: Mode, seed: int, side: str, folder: Path) -> Arrays:
    """The same of the port, which computes in float32."""
    import_here(jittor_environment())
    import classifiers_jittor
    import jittor as jt
    from jittor import nn

    inputs, options = _inputs(variant, mode, seed)
    model = classifiers_jittor.build(variant, **options)
    for key, value in model.state_dict().items():
        value.assign(jt.array(np.asarray(seeded.weight(seed, key, tuple(value.shape)))))
    (model.train if mode == "train" else model.eval)()
    nn.Dropout.execute = lambda self, x: x
    found: Arrays = {}
    with jt.no_grad():
        outputs = model(jt.array(inputs["image"]))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found.update({f"output:{place}": part.numpy() for place, part in enumerate(outputs)})
    found.update(_running(model.state_dict()))
    if mode == "train":
        modules = dict(model.named_modules())
        with np.load(folder / "given.npz") as given:
            for name in given.files:
                found[f"norm:{name}"] = modules[name](jt.array(given[name])).numpy()
    return found


def _running(state: Any) -> Arrays:
    """The running statistics, by kind."""
    return {
        f"{key.rpartition('.')[2]}:{key}": np.array(value.numpy())
        for key, value in state.items()
        if "running" in key
    }

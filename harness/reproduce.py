"""A layer that differs as two short scripts and a file of tensors, for a bug report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import BadInput
from harness.pairs.base import Arrays

TENSORS = "tensors.npz"
# Names of constructor arguments that Jittor spells in its own way.
_JITTOR_NAMES = {"LeakyReLU": {"negative_slope": "scale"}}
# Arguments that no layer of Jittor has, or that change no number.
_NOT_IN_JITTOR = {
    "track_running_stats", "inplace", "padding_mode", "device", "dtype", "return_indices",
    "recompute_scale_factor", "antialias",
}  # fmt: skip
_OF_JITTOR = {"cat": "jt.concat", "add": "jt.add", "mul": "jt.multiply", "relu": "jt.nn.relu"}

_HEAD = '''"""{title}

Run it beside {tensors}: python {name}
"""

import numpy as np
import {framework}

saved = np.load("{tensors}")
given = {{name[6:]: {make} for name in saved if name.startswith("input:")}}
state = {{name[6:]: {make} for name in saved if name.startswith("state:")}}
'''
_TAIL = """found = {to_numpy}
for name in ("reference", "port"):
    apart = np.abs(found.astype(np.float64) - saved[name].astype(np.float64))
    print(f"{{name}} as recorded: largest distance {{apart.max():.3g}}")
"""


def write(
    folder: Path, address: str, call: Mapping[str, Any], tensors: Arrays, port: Mapping[str, Any], cause: str
) -> list[Path]:
    """Write the folder: `call` is what the reference calls, `port` the attributes of the port."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"-o {folder}: it exists and is not an empty folder; name another one")
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / TENSORS, **tensors)
    title = f"{address}: PyTorch and Jittor differ here." + (f" {cause}" if cause else "")
    texts = {"reference.py": torch_script(title, call), "port.py": jittor_script(title, call, port)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / TENSORS, *(folder / name for name in texts)]


def torch_script(title: str, call: Mapping[str, Any]) -> str:
    """The reference's call in plain PyTorch."""
    head = _head(title, "reference.py", "torch", "torch.from_numpy(saved[name])")
    called = _called(call)
    if call["module"]:
        middle = [f"layer = {_torch_name(call['name'])}({_made(call['made'])})"]
        middle.append("layer.load_state_dict(state)")
        middle.append("layer.eval()" if not call.get("training") else "layer.train()")
        middle.append(f"result = layer({called})")
    else:
        middle = [f"result = {_torch_name(call['name'])}({called})"]
    return head + "\n".join(middle) + "\n" + _TAIL.format(to_numpy="result.detach().numpy()")


def jittor_script(title: str, call: Mapping[str, Any], port: Mapping[str, Any]) -> str:
    """The same call in plain Jittor, with the attributes that the port's layer has."""
    head = _head(title, "port.py", "jittor as jt", "jt.array(saved[name])")
    called, kind = _called(call), call["name"].rpartition(".")[2]
    if call["module"]:
        names = _JITTOR_NAMES.get(kind, {})
        made = {
            names.get(name, name): port.get(names.get(name, name), port.get(name, value))
            for name, value in call["made"].items()
            if name not in _NOT_IN_JITTOR
        }
        middle = [f"layer = jt.nn.{kind}({_made(made)})"]
        middle.append("for name, value in state.items():")
        middle.append("    if hasattr(layer, name):")
        middle.append("        getattr(layer, name).assign(value)")
        middle.append("layer.eval()" if not call.get("training") else "layer.train()")
        middle.append(f"result = layer({called})")
    else:
        middle = [f"result = {_OF_JITTOR.get(kind, f'jt.nn.{kind}')}({called})"]
    return head + "\n".join(middle) + "\n" + _TAIL.format(to_numpy="result.numpy()")


def _head(title: str, name: str, framework: str, make: str) -> str:
    return _HEAD.format(title=title, tensors=TENSORS, name=name, framework=framework, make=make)


def _torch_name(name: str) -> str:
    """A public name: torch.nn.modules.conv.Conv2d is torch.nn.Conv2d."""
    space, _, kind = name.rpartition(".")
    if space.startswith("torch.nn.modules"):
        return f"torch.nn.{kind}"
    if space.startswith("torch.nn.functional"):
        return f"torch.nn.functional.{kind}"
    return f"torch.{kind}"


def _made(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in arguments.items())


def _called(call: Mapping[str, Any]) -> str:
    parts = [_value(value) for value in call["args"]]
    return ", ".join([*parts, *(f"{name}={_value(value)}" for name, value in call["kwargs"].items())])


def _value(value: Any) -> str:
    """A value as source text; a tensor by its name."""
    if isinstance(value, dict) and value.keys() == {"tensor"}:
        return f'given["{value["tensor"]}"]'
    if isinstance(value, list | tuple):
        inner = ", ".join(_value(item) for item in value)
        return f"[{inner}]" if any(isinstance(item, dict) for item in value) else f"({inner},)"
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    return repr(value)

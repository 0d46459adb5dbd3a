"""A layer that differs as two short scripts and a file of tensors, for a bug report.

Names come from a model, and a model's names may be any text. So a text enters a script as a literal, and a
name only where it is an identifier: nothing that a model calls itself becomes code.
"""

from __future__ import annotations

import keyword
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import CallDescription
from harness.errors import BadInput
from harness.files import new_folder
from harness.json_codec import short
from harness.layer_note import Attributes
from harness.pairs.base import Arrays

TENSORS = "tensors.npz"
SCRIPTS = {"torch": "reference.py", "jittor": "port.py"}
# Names of arguments that Jittor spells in its own way.
_JITTOR_NAMES = {
    "LeakyReLU": {"negative_slope": "scale"},
    "leaky_relu": {"negative_slope": "scale"},
    "PReLU": {"init": "init_"},
    **{name: {"keepdim": "keepdims"} for name in ("sum", "mean", "max", "min", "prod")},
}
# Arguments that no layer of Jittor has, or that change no number.
_NOT_IN_JITTOR = {
    "track_running_stats", "inplace", "padding_mode", "device", "dtype", "return_indices",
    "recompute_scale_factor", "antialias",
}  # fmt: skip
# Arguments that single layers of Jittor lack.
_LACKS = {
    "Embedding": {"max_norm", "norm_type", "scale_grad_by_freq", "sparse"},
    "GELU": {"approximate"},
    "GRU": {"proj_size"},
    "LayerNorm": {"bias"},
    "RNN": {"proj_size"},
}
# Functions that Jittor has beside its layers, under torch's names; layers that stand for a function it lacks.
_OF_JITTOR = frozenset([
    "abs", "add", "argmax", "bmm", "cat", "clamp", "cumsum", "div", "einsum", "exp", "log", "matmul", "max",
    "maximum", "mean", "min", "minimum", "mul", "norm", "normalize", "pow", "prod", "rsqrt", "sigmoid",
    "sqrt", "stack", "std", "sub", "sum", "tanh", "var", "where",
])  # fmt: skip
_AS_LAYER = {
    "adaptive_avg_pool2d": ("AdaptiveAvgPool2d", "output_size"),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", "output_size"),
    "avg_pool2d": ("AvgPool2d", "kernel_size"),
    "max_pool2d": ("MaxPool2d", "kernel_size"),
    "pixel_shuffle": ("PixelShuffle", "upscale_factor"),
}

_HEAD = """{title}
# Run it beside {tensors}: python {name}

import numpy as np
import {framework}

saved = np.load("{tensors}")
given = {{name[6:]: {make} for name in saved if name.startswith("input:")}}
state = {{name[6:]: {make} for name in saved if name.startswith("state:")}}
"""
# What a layer's dropouts drew in the recorded run takes the place of random numbers.
_TORCH_DRAWS = """draws = iter([torch.from_numpy(saved[name]) for name in saved if name.startswith("draw:")])


def dropped(x, p=0.5, training=True, inplace=False):
    return x * (next(draws) >= p) / (1 - p) if training and p > 0 else x


for name in ("dropout", "dropout1d", "dropout2d", "dropout3d"):
    setattr(torch.nn.functional, name, dropped)
"""
_JITTOR_DRAWS = """draws = iter([jt.array(saved[name]) for name in saved if name.startswith("draw:")])
jt.random = lambda shape, *rest: next(draws).reshape(shape)
"""
_TAIL = """found = result{piece}.{to_numpy}
for name in ("reference", "port"):
    apart = np.abs(found.astype(np.float64) - saved[name].astype(np.float64))
    print(f"{{name}} as recorded: largest distance {{apart.max():.3g}}")
"""


def write(
    folder: Path,
    address: str,
    call: CallDescription,
    tensors: Arrays,
    port: Attributes,
    cause: str,
    training: bool = False,
) -> list[Path]:
    """Write the folder: `call` is what the reference calls, `port` the attributes of the port."""
    title = f"{address}: PyTorch and Jittor differ here." + (f" {cause}" if cause else "")
    drops = any(name.startswith("draw:") for name in tensors)
    texts = {
        SCRIPTS["torch"]: torch_script(title, call, _piece(address), training, drops),
        SCRIPTS["jittor"]: jittor_script(title, call, port, _piece(address), training, drops),
    }
    with new_folder(folder) as draft:
        np.savez(draft / TENSORS, **tensors)
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8")
    return [folder / TENSORS, *(folder / name for name in texts)]


def _piece(address: str) -> str:
    """How to take the tensor of an address out of what the call returned."""
    key = address.rpartition("#")[2].partition(":out")[2].removeprefix(".")
    parts = [part if part.isdigit() else repr(part) for part in key.split(".")] if key else []
    return "".join(f"[{part}]" for part in parts)


def torch_script(
    title: str, call: CallDescription, piece: str = "", training: bool = False, drops: bool = False
) -> str:
    """The reference's call in plain PyTorch."""
    head = _head(title, "reference.py", "torch", "torch.from_numpy(saved[name])")
    head += _TORCH_DRAWS if drops else ""
    called = _called(call)
    if call.module:
        middle = [f"layer = {_torch_name(call.name)}({_made(call.made)})"]
        middle.append("layer.load_state_dict(state)")
        middle.append("layer.train()" if training else "layer.eval()")
        middle.append(f"result = layer({called})")
    else:
        middle = [f"result = {_torch_name(call.name)}({called})"]
    return head + "\n".join(middle) + "\n" + _TAIL.format(piece=piece, to_numpy="detach().numpy()")


def jittor_script(
    title: str,
    call: CallDescription,
    port: Attributes,
    piece: str = "",
    training: bool = False,
    drops: bool = False,
) -> str:
    """The same call in plain Jittor, with the attributes that the port's layer has."""
    head = _head(title, "port.py", "jittor as jt", "jt.array(saved[name])")
    head += _JITTOR_DRAWS if drops else ""
    kind = _identifier(call.name.rpartition(".")[2])
    called = _called(replace(call, kwargs=_renamed(kind, call.kwargs)))
    if call.module:
        own = {name: port.get(name, value) for name, value in call.made.items()}
        made = {name: port.get(name, value) for name, value in _renamed(kind, own).items()}
        middle = [f"layer = jt.nn.{kind}({_made(made)})"]
        middle.append("for name, own in layer.state_dict().items():")
        middle.append("    own.assign(state[name])")
        middle.append("layer.train()" if training else "layer.eval()")
        middle.append(f"result = layer({called})")
    else:
        middle = [f"result = {_jittor_call(kind, call, called)}"]
    return head + "\n".join(middle) + "\n" + _TAIL.format(piece=piece, to_numpy="numpy()")


def _renamed(kind: str, arguments: Attributes) -> Attributes:
    """Arguments under Jittor's names, without those that it does not have."""
    names = _JITTOR_NAMES.get(kind, {})
    return {names.get(name, name): item for name, item in arguments.items() if _in_jittor(kind, name, item)}


def _in_jittor(kind: str, name: str, item: Any) -> bool:
    """Whether Jittor takes an argument. Its pools refuse any dilation, also the one that is none."""
    none = name == "dilation" and "pool" in kind.lower() and item in (1, [1, 1], (1, 1))
    return name not in _NOT_IN_JITTOR | _LACKS.get(kind, set()) and not none


def _jittor_call(kind: str, call: CallDescription, called: str) -> str:
    """A function of Jittor, or its layer where it has no such function."""
    if kind not in _AS_LAYER:
        return f"jt.{kind}({called})" if kind in _OF_JITTOR else f"jt.nn.{kind}({called})"
    layer, first = _AS_LAYER[kind]
    given, *rest = call.args
    made = {**dict(zip((first, "stride", "padding"), rest, strict=False)), **_renamed(kind, call.kwargs)}
    return f"jt.nn.{layer}({_made(made)})({_value(given)})"


def _head(title: str, name: str, framework: str, make: str) -> str:
    return _HEAD.format(title=repr(title), tensors=TENSORS, name=name, framework=framework, make=make)


def _torch_name(name: str) -> str:
    """A public name: torch.nn.modules.conv.Conv2d is torch.nn.Conv2d."""
    space, _, kind = name.rpartition(".")
    _identifier(kind)
    if space.partition(".")[0] != "torch":
        raise BadInput(
            f"{short(name)} is no part of PyTorch, so a script without your code cannot make it; "
            "give the address of a layer inside it"
        )
    if space.startswith("torch.nn.modules"):
        return f"torch.nn.{kind}"
    if space.startswith("torch.nn.functional"):
        return f"torch.nn.functional.{kind}"
    return f"torch.{kind}"


def _made(arguments: Attributes) -> str:
    return ", ".join(f"{_identifier(name)}={_value(value)}" for name, value in arguments.items())


def _called(call: CallDescription) -> str:
    parts = [_value(value) for value in call.args]
    return ", ".join([*parts, *filter(None, [_made(call.kwargs)])])


def _identifier(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise BadInput(f"{short(name)} is no name in Python, so no script can use it")
    return name


def _value(value: Any) -> str:
    """A value as source text; a tensor by its name."""
    if isinstance(value, dict) and value.keys() == {"tensor"}:
        return f"given[{_value(value['tensor'])}]"
    if isinstance(value, list | tuple):
        inner = ", ".join(_value(item) for item in value)
        return f"[{inner}]" if any(isinstance(item, dict) for item in value) else f"({inner},)"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    raise BadInput(f"a {type(value).__name__} cannot be written into a script")

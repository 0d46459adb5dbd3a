"""The arguments that make a layer again, read from the layer itself."""

from __future__ import annotations

import inspect
from typing import Any

from harness.layer_note import Attributes
from harness.sides.description import attributes_of

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def constructor_arguments(module: Any) -> Attributes:
    """Its attributes under the names that its constructor takes, also where it hands them to a base class."""
    kind, plain = type(module), attributes_of(module)
    taken, handed_on = _parameters(kind)
    if "bias" in taken and not isinstance(plain.get("bias"), bool):
        plain["bias"] = any("bias" in name for name, _ in module.named_parameters())
    if not handed_on:
        return {name: plain[name] for name in taken if name in plain}
    return _tried(kind, plain, [name for name, one in taken.items() if one.default is one.empty])


def _parameters(kind: type) -> tuple[dict[str, inspect.Parameter], bool]:
    """What a constructor takes by name; whether one takes anything, for that of its base class."""
    found: dict[str, inspect.Parameter] = {}
    handed_on = False
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        taken = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        found.update({one.name: one for one in taken if one.kind not in _ANY and one.name not in found})
        if not any(one.kind in _ANY for one in taken):
            break
        handed_on = True
    return found, handed_on


def _tried(kind: type, plain: Attributes, needed: list[str]) -> Attributes:
    """Those attributes that the constructor takes, found by trying: GRU gives its base class some itself."""
    first = {name: plain[name] for name in needed if name in plain}
    fewer = ({other: plain[other] for other in first if other != name} for name in first)
    made = next((some for some in (first, *fewer) if _accepts(kind, some)), first)
    for name, value in plain.items():
        if name not in made and _accepts(kind, {**made, name: value}):
            made[name] = value
    return made


def _accepts(kind: type, made: Attributes) -> bool:
    try:
        kind(**made)
    except Exception:  # a constructor may refuse in any way
        return False
    return True

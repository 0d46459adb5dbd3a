"""State as torch keeps it: buffers that never train, strict loading, torch's keys in torch's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jittor as jt
import numpy as np
from numpy.typing import NDArray

from ports_jittor.torchlike._common import let_learn, variable

Array = NDArray[np.generic]


class StateMismatch(RuntimeError):
    """A state does not fit a module; the message lists everything that is wrong with it."""


def Parameter(data: jt.Var | Array | float, requires_grad: bool = True) -> jt.Var:
    """torch.nn.Parameter; a plain number gives torch's shape (), which Jittor can only hold as (1,)."""
    value = data.clone() if isinstance(data, jt.Var) else variable(np.asarray(data, _default_dtype(data)))
    if not isinstance(data, jt.Var) and np.ndim(data) == 0:
        _mark(value, is_scalar=True)
    return value if requires_grad else value.stop_grad()


def register_buffer(module: jt.nn.Module, name: str, value: jt.Var | None, persistent: bool = True) -> None:
    """A buffer that stays one; Jittor's own is a trainable parameter."""
    if value is not None:
        value = value.detach().stop_grad()
        _mark(value, is_buffer=True, persistent=persistent)
    setattr(module, name, value)


def _mark(value: jt.Var, **marks: bool) -> None:
    try:
        for name, mark in marks.items():
            setattr(value, name, mark)
    except AttributeError as error:
        raise RuntimeError(
            f"Jittor {jt.__version__} lacks attributes of one's own on variables, by which buffers and "
            "numbers are told from other parameters; Jittor 1.3.7 and newer have them"
        ) from error


def parameters(module: jt.nn.Module) -> list[jt.Var]:
    """What an optimiser may change: neither buffers nor frozen parameters, in train and in eval mode."""
    switched_off = [m.backup_grad_state for m in module.modules() if hasattr(m, "backup_grad_state")]
    return [
        var
        for _, var in named_parameters(module)
        if not var.is_stop_grad() or any(backup.get(id(var)) for backup in switched_off)
    ]


def named_parameters(module: jt.nn.Module) -> Iterator[tuple[str, jt.Var]]:
    """torch's named_parameters: everything in the state but the buffers, a tied one under its first name."""
    seen: set[int] = set()
    for prefix, child in module.named_modules():
        for name, var in _variables(child):
            if id(var) not in seen and not _is_buffer(child, name, var):
                seen.add(id(var))
                yield _joined(prefix, name), var


def named_variables(module: jt.nn.Module) -> Iterator[tuple[str, jt.Var]]:
    """Each variable of the state under each of its keys."""
    for key, (owner, name) in _places(module).items():
        if isinstance(owner[name], jt.Var):
            yield key, owner[name]


def torch_state_table(module: jt.nn.Module) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and dtype of each entry of torch_state_dict, without computing any: a new module stays lazy."""
    return {key: (_shape(*place), _dtype(*place)) for key, place in _places(module).items()}


def torch_state_dict(module: jt.nn.Module) -> dict[str, Array]:
    """The state under torch's keys, in torch's order and with torch's shapes and types."""
    return {key: _exported(*place) for key, place in _places(module).items()}


def load_state_dict(module: jt.nn.Module, state: Mapping[str, Any], strict: bool = True) -> None:
    """torch's load_state_dict: raises for what is missing, unexpected or of another shape."""
    places = _places(module)
    found = {
        key: value.numpy() if isinstance(value, jt.Var) else np.asarray(value) for key, value in state.items()
    }
    wrong = [
        f"{key}: shape {found[key].shape} in the state, {_shape(*places[key])} in the module"
        for key in places
        if key in found and not _fits(found[key], *places[key])
    ]
    if strict:
        wrong += [f"{key}: missing in the state" for key in places if key not in found]
        wrong += [f"{key}: in the state, unknown to the module" for key in found if key not in places]
    if wrong:
        listed = "\n  ".join(wrong)
        raise StateMismatch(
            f"the state does not fit {type(module).__name__}; nothing was loaded:\n  {listed}"
        )
    for key in found:  # in this order: of tied weights the last one stays
        if key in places:
            _assign(*places[key], found[key])


def _places(module: jt.nn.Module) -> dict[str, tuple[Any, str]]:
    """Where each entry of the state lives: key -> (owner, name in it)."""
    places: dict[str, tuple[Any, str]] = {}
    for prefix, child in module.named_modules():
        own = list(_variables(child))
        own.sort(key=lambda entry: _is_buffer(child, *entry))  # torch: parameters first
        for name, var in own:
            if getattr(var, "persistent", True):
                places[_joined(prefix, name)] = (_holder(child), name)
        for key, name in getattr(child, "integer_buffers", {}).items():
            if getattr(child, name) is not None:
                places[_joined(prefix, key)] = (vars(child), name)
    return places


def _holder(module: jt.nn.Module) -> dict[Any, Any]:
    """The dictionary that has a module's variables."""
    return module.params if isinstance(module, jt.nn.ParameterList) else vars(module)


def _variables(module: jt.nn.Module) -> Iterator[tuple[Any, jt.Var]]:
    for name, value in _holder(module).items():
        if isinstance(value, jt.Var) and not str(name).startswith("_"):
            yield name, value


def _is_buffer(module: jt.nn.Module, name: str, var: jt.Var) -> bool:
    running = name in ("running_mean", "running_var") and isinstance(module, jt.nn.BatchNorm)
    return running or getattr(var, "is_buffer", False)


def _joined(prefix: str, name: Any) -> str:
    return f"{prefix}.{name}" if prefix else str(name)


def _shape(owner: dict[Any, Any], name: str) -> tuple[int, ...]:
    value = owner[name]
    if isinstance(value, int) or getattr(value, "is_scalar", False):
        return ()
    return tuple(value.shape)


def _dtype(owner: dict[Any, Any], name: str) -> str:
    value = owner[name]
    return "int64" if isinstance(value, int) else str(value.dtype)


def change(parameter: jt.Var, value: jt.Var) -> None:
    """Give a parameter a computed value; it learns on if it did (in Jittor, only if `value` did)."""
    learns = not parameter.is_stop_grad()
    parameter.update(value)
    if learns:
        let_learn([parameter])


def _fits(found: Array, owner: dict[Any, Any], name: str) -> bool:
    """Whether the shapes agree; (1,) and () are one, for Jittor knows the first alone."""
    expected = _shape(owner, name)
    return found.shape == expected or {found.shape, expected} == {(), (1,)}


def _exported(owner: dict[Any, Any], name: str) -> Array:
    value = owner[name]
    if isinstance(value, int):
        return np.asarray(value, np.int64)
    return value.numpy().reshape(_shape(owner, name))


def _assign(owner: dict[Any, Any], name: str, found: Array) -> None:
    value = owner[name]
    if isinstance(value, int):
        owner[name] = int(found.reshape(()))
    else:
        value.assign(variable(found.astype(str(value.dtype)).reshape(tuple(value.shape))))


def _default_dtype(data: Any) -> Any:
    """float32 for a plain number, as torch has it."""
    return data.dtype if hasattr(data, "dtype") else np.float32

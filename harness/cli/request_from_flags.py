"""Turns flags into requests. Flags that were not given are left out, so each default is defined once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import typer

from harness.choices import INFER
from harness.cli import parse
from harness.errors import BadInput

if TYPE_CHECKING:
    from harness.flows import CompareRequest
    from harness.flows.stored_case import Typed
    from harness.flows.train_request import TrainRequest
    from harness.pairs.base import Mode
    from harness.verdict import Policy


def typed(given: Mapping[str, Any]) -> Typed:
    """What a command's flags say beside a stored file."""
    from harness.flows.stored_case import Typed

    values = {field.name: given.get(field.name) for field in fields(Typed)}
    return Typed(**{name: value for name, value in values.items() if value is not None})


def request(given: Mapping[str, Any], **changes: Any) -> CompareRequest:
    """The request that a command's flags make."""
    from harness.flows import CompareRequest

    values = {field.name: given.get(field.name) for field in fields(CompareRequest)}
    values["input_size"] = parse.size(given.get("input_size"))
    values["model"] = changes["model"] if "model" in changes else model(given)
    values["policy"] = policy(given)
    values["variant"] = variant(given)
    values.update(changes)
    return CompareRequest(**{name: value for name, value in values.items() if value is not None})


_OF_STEPS = ("model", "weights", "device", "seed", "batch", "timeout", "output")
_OF_STEPS_TOO = ("variant", "option", "input_size", "mode", "as_json")


def step_request(context: typer.Context) -> TrainRequest:
    """The request that the flags of a comparison of steps make.

    Flags that say how layers are compared are refused; those of a config file are left out.
    """
    from harness.flows.train_request import TrainRequest

    given = context.params
    for name in given:
        typed = context.get_parameter_source(name)
        if name not in (*_OF_STEPS, *_OF_STEPS_TOO) and typed is not None and typed.name == "COMMANDLINE":
            flag = {"layer_map": "map", "inputs": "input", "arguments": "arg"}.get(
                name, name.replace("_", "-")
            )
            raise BadInput(f"--{flag} does not go with --mode step, which judges an optimiser: leave it out")
    if given["model"] is None:
        raise BadInput("name a pair with --model: its recipe says which steps --mode step compares")
    values = {name: given[name] for name in _OF_STEPS if given[name] is not None}
    return TrainRequest(**values, variant=variant(given), input_size=parse.size(given["input_size"]))


def model(given: Mapping[str, Any]) -> str:
    """The pair that --model names, or the one that two classes make."""
    from harness.pairs.undeclared import Undeclared

    torch, jittor = given.get("torch"), given.get("jittor")
    inputs, arguments = given.get("inputs") or (), given.get("arguments") or ()
    named, layer_map = given.get("model"), given.get("layer_map")
    if torch is None and jittor is None:
        if inputs or arguments or layer_map:
            raise BadInput("--input, --arg and --map belong to --torch and --jittor, which name two classes")
        if named is None:
            raise BadInput("name a pair with --model, or two classes with --torch and --jittor")
        return str(named)
    if named is not None:
        raise BadInput("--model names a pair, --torch and --jittor name two classes: give one or the other")
    if torch is None or jittor is None:
        raise BadInput("--torch and --jittor go together: each names the class of one side, as MODULE:CLASS")
    return Undeclared(
        torch, jittor, tuple(inputs), tuple(arguments), str(layer_map.resolve() if layer_map else "")
    ).name


def variant(given: Mapping[str, Any]) -> str | None:
    """The variant asked for, with the options that were chosen for it; None for the pair's own first."""
    from harness.pairs.option import joined

    return joined(given.get("variant") or "", given.get("option") or ()) or None


def policy(given: Mapping[str, Any]) -> Policy:
    """The policy that the flags make which say how to judge."""
    from harness.verdict import parse_policy

    name = given.get("policy") or "noise"
    rtol, atol = _tolerances(given.get("rtol")), _tolerances(given.get("atol"))
    flags = " and ".join(flag for flag, found in (("--rtol", rtol), ("--atol", atol)) if found)
    scope = {key: given.get(key) for key in ("judge", "min_coverage")}
    if name == "metric" and any(scope.values()):
        raise BadInput("--judge and --min-coverage are about layers, and policy metric judges metrics alone")
    if name == "fixed":
        globs = [glob for glob in dict.fromkeys([*rtol, *atol]) if glob != "*"]
        patterns = {glob: (rtol.get(glob), atol.get(glob)) for glob in globs}
        return parse_policy(
            name, rtol=rtol.get("*"), atol=atol.get("*"), per_pattern=patterns or None, **scope
        )
    if name == "metric" and not atol and set(rtol) <= {"*"}:
        return parse_policy(name, limit=rtol.get("*"))
    if flags:
        takes = "one --rtol, for all metrics" if name == "metric" else "neither"
        raise BadInput(f"{flags}: policy {name} takes {takes}. Add --policy fixed, or leave it out")
    return parse_policy(name, **scope)


def modes(given: Sequence[str] | None, usual: tuple[Mode, ...]) -> tuple[Mode, ...]:
    """The modes asked for, each once, or the usual ones."""
    chosen: Any = tuple(dict.fromkeys("eval" if mode == INFER else mode for mode in given or ()))
    return chosen or usual


def _tolerances(texts: Sequence[str] | None) -> dict[str, float]:
    return dict(map(parse.tolerance, texts or ()))

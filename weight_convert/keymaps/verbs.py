"""How each rule is spelled in TOML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from weight_convert.dtypes import DTYPES
from weight_convert.keymaps.fields import Fields
from weight_convert.keymaps.making import FOLDS, Fold, Make
from weight_convert.keymaps.rules import Drop, Rename, Rule
from weight_convert.keymaps.shaping import Concatenate, Split, Transpose


def parse_rule(path: Path, number: int, entry: dict[str, Any]) -> Rule:
    """The rule in one [[rule]] table."""
    fields = Fields(path, number, dict(entry))
    verbs = [verb for verb in VERBS if verb in fields.names]
    if len(verbs) != 1:
        raise BadInput(
            f"{fields.where} should have exactly one of {', '.join(VERBS)}; it has {verbs or 'none'}"
        )
    check = fields.text("check", "")
    made = VERBS[verbs[0]](fields, number, check)
    if fields.names:
        raise BadInput(f"{fields.where}: {verbs[0]} has no field {', '.join(sorted(fields.names))}")
    return made


def _rename(fields: Fields, number: int, check: str) -> Rule:
    key, to = fields.pattern("rename"), fields.pattern("to")
    fields.same_stars(key, to)
    return Rename(number, check, key, to)


def _transpose(fields: Fields, number: int, check: str) -> Rule:
    return Transpose(number, check, fields.pattern("transpose"), fields.counts("axes") or ())


def _split(fields: Fields, number: int, check: str) -> Rule:
    key, into = fields.pattern("split"), fields.patterns("into")
    fields.same_stars(key, *into)
    return Split(number, check, key, into, fields.integer("axis", 0), fields.counts("sizes", None))


def _concatenate(fields: Fields, number: int, check: str) -> Rule:
    keys, into = fields.patterns("concatenate"), fields.pattern("into")
    fields.same_stars(into, *keys)
    if len(keys) < 2:
        raise BadInput(f"{fields.where}: concatenate needs at least two keys")
    return Concatenate(number, check, keys, into, fields.integer("axis", 0))


def _drop(fields: Fields, number: int, check: str) -> Rule:
    return Drop(number, check, fields.pattern("drop"), fields.text("reason"))


def _make(verb: str) -> Callable[[Fields, int, str], Rule]:
    def parse(fields: Fields, number: int, check: str) -> Rule:
        dtype = fields.text("dtype", "float32")
        if dtype not in DTYPES or not DTYPES[dtype].native:
            raise BadInput(f"{fields.where}: no entry of {dtype!r} can be made")
        drawn = verb == "normal"
        return Make(
            number,
            check,
            fields.text(verb),
            fields.counts("shape") or (),
            dtype,
            fields.number("mean", 0.0) if drawn else fields.number("value"),
            fields.size("std") if drawn else None,
            fields.integer("seed", 0) if drawn else 0,
            fields.text("reason"),
        )

    return parse


def _fold(fields: Fields, number: int, check: str) -> Rule:
    kind = fields.text("fold")
    if kind not in FOLDS:
        raise BadInput(f"{fields.where}: unknown fold {kind!r}; known are {', '.join(FOLDS)}")
    eps = fields.size("eps") if kind != "repnr" else 0.0
    branch = fields.integer("branch", -1) if kind == "repnr" else -1
    keep = fields.patterns("keep", []) if kind == "conv_bn" else ()
    optional = bool(fields.take("optional", bool, False))
    return Fold(number, check, kind, eps, branch, optional, keep)


VERBS: dict[str, Callable[[Fields, int, str], Rule]] = {
    "rename": _rename,
    "transpose": _transpose,
    "split": _split,
    "concatenate": _concatenate,
    "drop": _drop,
    "constant": _make("constant"),
    "normal": _make("normal"),
    "fold": _fold,
}

"""What a stored request may not decide: code to run and paths to read. The user names them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from harness import pairs
from harness.errors import BadInput
from harness.json_codec import short
from harness.text import printable

SEEDED = "seeded"


class StoredRequest(Protocol):
    """A dataclass that says what a run was asked for."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def model(self) -> str:
        """The pair, as a user called it."""


Request = TypeVar("Request", bound=StoredRequest)


def named_again(request: Request, paths: Sequence[str], given: Mapping[str, Any], source: str) -> Request:
    """The request of a file, with what a user has named; `paths` are its fields that name files."""
    model = given.get("model")
    if model is None:
        pairs.built_in(request.model, source)
    elif Path(model).name != Path(request.model).name:  # its file may be called from another folder
        raise BadInput(f"{source} is of the pair {short(request.model)}, and --model names {model}")
    for name in paths:
        stored, named = place_of(getattr(request, name)), place_of(given.get(name))
        flag = "--" + name.replace("_", "-")
        if stored not in (None, SEEDED) and named is None:
            shown = printable(shlex.quote(str(stored)))
            raise BadInput(f"{source} names {shown}, and no path in a file is read: add {flag} {shown}")
        if named is not None and named != stored:
            begun = printable(stored or "nothing")
            raise BadInput(f"{source} was begun with {begun} as {flag}, not {named}")
    return replace(request, **{name: value for name, value in given.items() if value is not None})


def flags_again(request: StoredRequest, paths: Sequence[str]) -> str:
    """What a user has to name again, as flags."""
    own = {} if request.model in pairs.names() else {"--model": request.model}
    named = {"--" + name.replace("_", "-"): place_of(getattr(request, name)) for name in paths}
    given = {flag: value for flag, value in {**own, **named}.items() if value not in (None, SEEDED)}
    return "".join(f" {flag} {shlex.quote(str(value))}" for flag, value in given.items())


def place_of(named: str | Path | None) -> str | None:
    """A path as it is found from any folder; the words for what is no path stay."""
    return named if named is None or named == SEEDED else str(Path(named).resolve())

"""Defaults for the command line: the nearest `align.toml`, or `[tool.align]` of a `pyproject.toml`.

The keys are the names of the flags without their dashes, plus the interpreters of the two sides:

    model = "cpanet"
    input-size = "64x64"
    torch-python = "../torch-env/bin/python"

Paths are read from the folder of the file that names them. Flags win over what is written here.

An interpreter, and a pair that is not built in, are code that will be run. They are taken only from a file in
the folder where the command is run: whoever can write a file into some folder above it is not asked.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any, Dict

from harness import strict_toml
from harness.errors import BadInput
from harness.json_codec import short
from harness.text import printable

FLAGS = (
    "model", "variant", "layers", "weights", "device", "dtype", "mode", "seed", "input-size", "batch",
    "reference", "policy", "rtol", "atol", "judge", "min-coverage", "timeout", "keep", "isolated",
)  # fmt: skip
INTERPRETERS = ("torch-python", "jittor-python")
KEYS = FLAGS + INTERPRETERS
_NAMES_OR_PATHS = ("model", *INTERPRETERS)
_PATHS = {"weights": ("seeded",), "reference": ("golden",), **dict.fromkeys(_NAMES_OR_PATHS, ())}
_LISTS = ("rtol", "atol")
_OLDER_NAMES = {"local": "isolated"}
_said: set[str] = set()


Values = Dict[str, Any]
"""What a config file says, by key."""


def find_config(start: Path | None = None) -> Path | None:
    """The file that defaults come from: the first one found from `start` upwards."""
    folder = _folder(start)
    for place in (folder, *folder.parents):
        own = place / "align.toml"
        if _is_file(own):
            return own
        shared = place / "pyproject.toml"
        if _is_file(shared) and "align" in _tools(shared):
            return shared
    return None


def load_config(start: Path | None = None) -> Values:
    """The defaults, checked: keys as in KEYS, paths absolute. Empty where no file is found.

    A file in a folder further up may not name code: such keys are left out, with a line on standard error.
    """
    path = find_config(start)
    if path is None:
        return {}
    table = _read(path) if path.name == "align.toml" else _tools(path)["align"]
    if not isinstance(table, dict):
        raise BadInput(f"{path}: [tool.align] should be a table, not {short(table)}")
    named = {_OLDER_NAMES.get(key, key): value for key, value in table.items()}
    values = {key: _checked(path, key, value) for key, value in named.items()}
    return values if path.parent == _folder(start) else _without_code(path, values)


def say_once(text: str) -> None:
    """Report on standard error, once per process, a setting that the user did not type."""
    if text not in _said:
        _said.add(text)
        print(f"align: {printable(text)}", file=sys.stderr, flush=True)


def _without_code(path: Path, values: Values) -> Values:
    code = [key for key, value in values.items() if key in INTERPRETERS or _is_own_model(key, value)]
    if code:
        say_once(
            f"{path} names {' and '.join(code)}: left out, since a config file names code only for commands "
            "that are run in its own folder"
        )
    if len(values) > len(code):
        say_once(f"defaults come from {path}")
    return {key: value for key, value in values.items() if key not in code}


def _is_own_model(key: str, value: Any) -> bool:
    """Whether this is a file or a module to run, and not the name of a built-in pair."""
    return key == "model" and (":" in str(value) or str(value).endswith(".py"))


def _folder(start: Path | None) -> Path:
    try:
        return (start or Path.cwd()).resolve()
    except OSError as error:
        raise BadInput(f"the folder you are in cannot be read: {error.strerror}; go to another") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be looked into, a name that is too long
        return False


def _tools(path: Path) -> Values:
    tools = _read(path).get("tool", {})
    return tools if isinstance(tools, dict) else {}


def _read(path: Path) -> Values:
    try:
        return strict_toml.parse(strict_toml.read(path))
    except ValueError as error:
        raise BadInput(f"{path} is no valid TOML: {error}. Correct it, or remove it") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def _checked(path: Path, key: str, value: Any) -> Any:
    if key not in KEYS:
        close = difflib.get_close_matches(key, KEYS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise BadInput(f"{path}: unknown key {short(key)}.{hint} Allowed are: {', '.join(KEYS)}")
    if key in _LISTS and isinstance(value, list):
        return [_scalar(path, key, item) for item in value]
    value = _scalar(path, key, value)
    if key in _NAMES_OR_PATHS and not _names_a_file(path, value):
        return value
    return _absolute(path, value) if key in _PATHS and value not in _PATHS[key] else value


def _scalar(path: Path, key: str, value: Any) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadInput(f"{path}: {key} should be a text or a number, not {short(value)}")
    return value


def _names_a_file(path: Path, value: str | int | float) -> bool:
    """Whether this is a path from the file's folder, and not a name to search for."""
    return "/" in str(value) or _is_file(path.parent / str(value).partition(":")[0])


def _absolute(path: Path, value: str | int | float) -> str:
    try:
        return str(path.parent / Path(str(value)).expanduser())
    except RuntimeError as error:
        raise BadInput(f"{path}: {short(value)} is no path here: {error}") from error

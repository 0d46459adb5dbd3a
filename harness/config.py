"""Defaults for the command line: the nearest `align.toml`, or `[tool.align]` of a `pyproject.toml`.

The keys are the names of the flags without their dashes, plus the interpreters of the two sides:

    model = "cpanet"
    input-size = "64x64"
    torch-python = "../torch-env/bin/python"

Paths are read from the folder of the file that names them. Flags win over what is written here.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

from harness.errors import BadInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FLAGS = (
    "model", "variant", "layers", "weights", "device", "dtype", "mode", "seed", "input-size", "batch",
    "reference", "policy", "rtol", "atol", "timeout", "keep", "isolated",
)  # fmt: skip
INTERPRETERS = ("torch-python", "jittor-python")
KEYS = FLAGS + INTERPRETERS
_NAMES_OR_PATHS = ("model", *INTERPRETERS)
_PATHS = {"weights": ("seeded",), "reference": ("golden",), **dict.fromkeys(_NAMES_OR_PATHS, ())}
_LISTS = ("rtol", "atol")


def find_config(start: Path | None = None) -> Path | None:
    """The file that defaults come from: the first one found from `start` upwards."""
    folder = (start or Path.cwd()).resolve()
    for place in (folder, *folder.parents):
        own = place / "align.toml"
        if own.is_file():
            return own
        shared = place / "pyproject.toml"
        if shared.is_file() and "align" in _tools(shared):
            return shared
    return None


def load_config(start: Path | None = None) -> dict[str, Any]:
    """The defaults, checked: keys as in KEYS, paths absolute. Empty where no file is found."""
    path = find_config(start)
    if path is None:
        return {}
    table = _read(path) if path.name == "align.toml" else _tools(path)["align"]
    if not isinstance(table, dict):
        raise BadInput(f"{path}: [tool.align] should be a table, not {table!r}")
    return {key: _checked(path, key, value) for key, value in table.items()}


def _tools(path: Path) -> dict[str, Any]:
    tools = _read(path).get("tool", {})
    return tools if isinstance(tools, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no valid TOML: {error}. Correct it, or remove it") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def _checked(path: Path, key: str, value: Any) -> Any:
    if key not in KEYS:
        close = difflib.get_close_matches(key, KEYS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise BadInput(f"{path}: unknown key {key!r}.{hint} Allowed are: {', '.join(KEYS)}")
    if key in _LISTS and isinstance(value, list):
        return [_scalar(path, key, item) for item in value]
    value = _scalar(path, key, value)
    if key in _NAMES_OR_PATHS and not _names_a_file(path, value):
        return value
    return _absolute(path, value) if key in _PATHS and value not in _PATHS[key] else value


def _scalar(path: Path, key: str, value: Any) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadInput(f"{path}: {key} should be a text or a number, not {value!r}")
    return value


def _names_a_file(path: Path, value: str | int | float) -> bool:
    """Whether this is a path from the file's folder, and not a name to search for."""
    return "/" in str(value) or (path.parent / str(value).partition(":")[0]).is_file()


def _absolute(path: Path, value: str | int | float) -> str:
    return str(path.parent / Path(str(value)).expanduser())

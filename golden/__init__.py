"""Goldens: small traces of the pinned references, so that a machine without PyTorch can check a port.

`pins.toml` holds, per model, where the reference comes from and the digests of each golden's files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from harness import json_codec, strict_toml
from harness.errors import BadInput
from harness.files import write_file
from harness.own_name import command

FOLDER = Path(__file__).resolve().parent
PINS = FOLDER / "pins.toml"


def trace_path(model: str, variant: str, mode: str, folder: Path = FOLDER) -> Path:
    """Where the golden of a variant and mode lies."""
    return folder / model / f"{variant}.{mode}.h5"


def truth_path(trace: Path) -> Path:
    """Where the float64 truth of a trace lies: beside it."""
    return trace.with_suffix(".truth.h5")


def names(model: str, folder: Path = FOLDER) -> list[str]:
    """The goldens there are of a model, as VARIANT.MODE."""
    files = (folder / model).glob("*.h5")
    return sorted(file.stem for file in files if not file.name.endswith(".truth.h5"))


def listed(model: str, folder: Path = FOLDER) -> str:
    """The goldens there are of a model, in words; where to find those that are not installed."""
    found = names(model, folder)
    pinned = sorted(pins(folder / PINS.name).get(model, {}))
    if found or not pinned:
        return ", ".join(found) or "none"
    return (
        "none, since the installed package holds no goldens. The project's repository holds "
        f"{', '.join(pinned)} in golden/{model}: run from a checkout of it, or name a file there, "
        f"as --reference golden/{model}/{pinned[0]}.h5"
    )


def pins(path: Path = PINS) -> dict[str, Any]:
    """The contents of pins.toml; empty where there is none yet."""
    if not path.is_file():
        return {}
    try:
        found = strict_toml.parse(strict_toml.read(path))
        json_codec.check(dict[str, dict[str, dict[str, str]]], found, "what is pinned")
    except ValueError as error:
        raise BadInput(f"{path} is no list of goldens: {error}. Restore it from version control") from error
    return found


def file_digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_pins(found: dict[str, Any], path: Path = PINS) -> None:
    """Write pins.toml: a table per model, a table per golden."""
    lines = [
        "# Where each reference comes from, and the sha256 of each golden and of its weights and inputs.",
        "# Written by `align golden record`; checked whenever a golden is used.",
    ]
    for model, entry in sorted(found.items()):
        for golden_name, values in sorted(entry.items()):
            lines += ["", f'[{model}."{golden_name}"]']
            lines += [f'{key} = "{value}"' for key, value in sorted(values.items())]
    write_file(path, "\n".join(lines) + "\n", replace=True)


def verify_digest(path: Path) -> None:
    """Refuse a golden whose files are not those that were pinned."""
    pinned = pins(path.parent.parent / PINS.name).get(path.parent.name, {}).get(path.stem)
    if pinned is None:
        raise BadInput(f"{path} is not listed in {PINS.name}: record it with `{command('golden record')}`")
    for key, file in (("trace", path), ("truth", truth_path(path))):
        if not file.is_file() or file_digest(file) != pinned.get(key):
            raise BadInput(
                f"{file} is not the file that {PINS.name} pins (its sha256 differs): restore it from version "
                f"control, or record it anew with `{command('golden record --force')}`"
            )

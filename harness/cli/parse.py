"""One function per option: text in, value out, or an error that repeats it and names what is allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from harness.layer_choice import words_of
from harness.spelling import folded, meant, nearest

SEEDED = "seeded"
SYNTHETIC = "synthetic"
GOLDEN = "golden"
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_BYTES = re.compile(r"([1-9][0-9]{0,8})(MiB|GiB)")
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?%")
_LARGEST = 2**63 - 1
_MOST_DIGITS = 30
_DATA = "the word synthetic, or the folder of a data set"
_SHOWN = 300  # letters of a value that is refused


def _refuse(value: object, allowed: str) -> NoReturn:
    shown = str(value)[:_SHOWN]
    raise typer.BadParameter(f"{shown!r} is not allowed; it should be {allowed}")


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """What takes one of these words. typer's own choices take no list, and propose no word that is near."""

    def parse_choice(value: str) -> str:
        if found := meant(value, choices):
            return found
        close = nearest(value, choices)
        hint = f". Did you mean {close[0]}?" if close else ""
        _refuse(value, f"one of {', '.join(choices)}{hint}")

    return parse_choice


def parse_layers(value: str) -> str:
    """`all`, `leaf`, or globs of layer paths with commas between them."""
    if not all(words_of(value)) or value.count("[") != value.count("]"):
        _refuse(value, "all, leaf, or globs of layer paths such as 'backbone.*,head'")
    return value


def parse_name(value: str) -> str:
    """The name of a variant; whether there is one, the pairs know."""
    if not value.strip() or not value.isprintable():
        _refuse(value, "a name that `align list` shows")
    return value


def parse_model(value: str) -> str:
    """The name of a pair, a built-in one as it is written; whether there is one, the pairs know."""
    from harness.pairs import spelled

    return spelled(parse_name(value))


def parse_weights(value: str) -> str:
    """`seeded`, or the path of a checkpoint."""
    return SEEDED if _says(value, SEEDED) else str(_file(value, f"{SEEDED}, or the path of a checkpoint"))


def parse_reference(value: str) -> str:
    """`golden`, or the path of a trace."""
    return GOLDEN if _says(value, GOLDEN) else str(_file(value, f"{GOLDEN}, or the path of a trace"))


def parse_file(value: str) -> Path:
    """The path of a file that exists."""
    return _file(value, "the path of a file")


def parse_stored(value: str) -> Path:
    """An alignment.json, or the run folder that holds one."""
    return _within(value, ("alignment.json",), "an alignment.json, or a run folder that holds one")


def parse_measured(value: str) -> Path:
    """A bench.json, or the run folder that holds one."""
    return _within(value, ("bench.json",), "a bench.json, or a run folder that holds one")


def parse_shown(value: str) -> Path:
    """A trace, an alignment.json, an evaluation.json, or the run folder that holds one of the last two."""
    allowed = "a trace, an alignment.json or an evaluation.json, or a run folder that holds one"
    return _within(value, ("alignment.json", "evaluation.json"), allowed)


def parse_result(value: str) -> Path:
    """An alignment.json, a training.jsonl, or the run folder that holds one of them."""
    allowed = "an alignment.json or a training.jsonl, or a run folder that holds one"
    return _within(value, ("alignment.json", "training.jsonl"), allowed)


def parse_results(value: str) -> Path:
    """An alignment, training, evaluation or measurement, the run folder of one, or a folder of many runs."""
    allowed = "a result, a run folder, or a folder of runs"
    names = ("alignment.json", "training.jsonl", "evaluation.json", "bench.json")
    path = _path(value, allowed)
    alone = any((path / name).is_file() for name in names)
    return path if path.is_dir() and not alone else _within(value, names, allowed)


def _within(value: str, names: Sequence[str], allowed: str) -> Path:
    """The first of such files in a folder, or the file itself."""
    path = _path(value, allowed)
    within = (path / name for name in names)
    return next((found for found in within if found.is_file()), None) or _file(value, allowed)


def parse_folder(value: str) -> Path:
    """The path of a folder that exists."""
    path = _path(value, "the path of a folder")
    if not path.is_dir():
        _refuse(value, "the path of a folder, and there is none of that name")
    return path


def parse_trace_out(value: str) -> Path:
    """Where to write a trace."""
    return _writable(value, (".h5",), "a path that ends in .h5")


def parse_python_out(value: str) -> Path:
    """Where to write the declaration of a pair."""
    return _writable(value, (".py",), "a path that ends in .py")


def parse_json_out(value: str) -> Path:
    """Where to write an alignment."""
    return _writable(value, (".json",), "a path that ends in .json")


def parse_report_out(value: str) -> Path:
    """Where to write a report; the ending says which kind."""
    endings = (".html", ".md", ".xml", ".json")
    return _writable(value, endings, "a path that ends in .html, .md, .xml (JUnit) or .json")


def parse_folder_out(value: str) -> Path:
    """A folder to write into; made where it is missing."""
    path = _path(value, "a folder, new or not")
    if not value.strip() or (path.exists() and not path.is_dir()):
        _refuse(value, "a folder, new or not")
    return path


def parse_size(value: str) -> str:
    """`HxW`, checked and kept as text; `size` makes it two numbers."""
    if not _SIZE.fullmatch(value):
        _refuse(value, "HEIGHTxWIDTH in pixels, such as 256x256")
    return value


def size(text: str | None) -> tuple[int, int] | None:
    """Height and width."""
    if text is None:
        return None
    height, width = text.split("x")
    return int(height), int(width)


def parse_count(value: str) -> int:
    """A number of things: a whole number, 1 or more."""
    return _whole(value, 1, "a whole number, 1 or more")


def parse_counts(value: str) -> str:
    """Whole numbers with commas between them, checked and kept as text; `counts` makes them numbers."""
    if not all(_COUNT.fullmatch(part) for part in value.split(",")):
        _refuse(value, "whole numbers above 0 with commas between them, such as 1,4")
    return value


def counts(text: str | None) -> tuple[int, ...]:
    """Whole numbers out of a text, each once."""
    return tuple(dict.fromkeys(int(part) for part in text.split(","))) if text else ()


def parse_bytes(value: str) -> int:
    """An amount of memory."""
    found = _BYTES.fullmatch(value)
    if found is None:
        _refuse(value, "an amount of memory, such as 512MiB or 2GiB")
    return int(found[1]) << {"MiB": 20, "GiB": 30}[found[2]]


def parse_percent(value: str) -> str:
    """A share in percent, checked and kept as text; `percent` makes it a number."""
    if not _PERCENT.fullmatch(value):
        _refuse(value, "a share in percent, such as 5%")
    return value


def percent(text: str) -> float:
    """The share of a text such as 5%."""
    return float(text.removesuffix("%")) / 100


def parse_share(value: str) -> float:
    """A share between nothing and all."""
    share = _positive(value, "a share between 0 and 1, such as 0.8")
    if share >= 1:
        _refuse(value, "a share between 0 and 1, such as 0.8")
    return share


def parse_whole_share(value: str) -> float:
    """A share from nothing to all, both included."""
    try:
        share = float(value)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        _refuse(value, "a share from 0 to 1, such as 0.9")
    return share


def parse_names(value: str) -> str:
    """Names with commas between them, checked and kept as text; `listed` splits them."""
    if not value.isprintable() or not all(listed(value)):
        _refuse(value, "names with commas between them, such as person,car")
    return value


def listed(text: str) -> tuple[str, ...]:
    """Names out of a text with commas between them."""
    return tuple(name.strip() for name in text.split(","))


def parse_seed(value: str) -> int:
    """What weights and inputs are drawn from."""
    return _whole(value, 0, "a whole number, 0 or more")


def parse_timeout(value: str) -> float:
    """Seconds that one request to a worker may take."""
    return _positive(value, "a number of seconds above 0")


def parse_rate(value: str) -> float:
    """A learning rate."""
    return _positive(value, "a learning rate above 0")


def parse_data(value: str) -> str:
    """The word synthetic, or a folder; kept as text."""
    if _says(value, SYNTHETIC):
        return SYNTHETIC
    if not _path(value, _DATA).is_dir():
        _refuse(value, f"{_DATA}; there is no folder of that name")
    return value


def _says(value: str, word: str) -> bool:
    """Whether a text is this word, in any case; what is there by such a name is not it."""
    return value == word or (folded(value) == word and not _path(value, word).exists())


def parse_tolerance(value: str) -> str:
    """`X`, or `GLOB=X` for the addresses that match; checked and kept as text; `tolerance` splits it."""
    pattern, equals, number = str(value).rpartition("=")
    try:
        allowed = 0 <= float(number) < math.inf
    except ValueError:
        allowed = False
    if not allowed or (equals and not pattern):
        _refuse(value, "a number such as 1e-4, or GLOB=NUMBER such as 'layer:head.*=1e-3'")
    return str(value)


def tolerance(text: str) -> tuple[str, float]:
    """The addresses that a tolerance is for, and the tolerance."""
    pattern, _, number = text.rpartition("=")
    return pattern or "*", float(number)


def parse_entry(value: str) -> str:
    """`MODULE:CLASS`."""
    module, _, name = value.partition(":")
    if not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        _refuse(value, "MODULE:CLASS, such as models.net:Network")
    return value


def parse_input(value: str) -> str:
    """`NAME=SHAPE[:LAW]`; what shape and law may be, `harness.pairs.undeclared` knows."""
    name, equals, shape = value.partition("=")
    if not name.isidentifier() or not equals or not shape:
        _refuse(value, "NAME=SHAPE or NAME=SHAPE:LAW, such as image=1x3x224x224 or ids=2x16:0..999")
    return value


def parse_option(value: str) -> str:
    """`NAME=VALUE` of a variant, whose names may be spelled with hyphens, too."""
    name, equals, _ = value.partition("=")
    if not equals or not folded(name).isidentifier():
        _refuse(value, "NAME=VALUE")
    return value


def parse_assignment(value: str) -> str:
    """`NAME=VALUE`, checked and kept as text; `harness.assignment` splits it."""
    name, equals, _ = value.partition("=")
    if not equals or not name.isidentifier():
        _refuse(value, "NAME=VALUE, the value in Python's notation or plain text")
    return value


def _whole(value: str, least: int, allowed: str) -> int:
    text = str(value)
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > _MOST_DIGITS
        or not least <= int(text) <= _LARGEST
    ):
        _refuse(value, allowed)
    return int(text)


def _positive(value: str, allowed: str) -> float:
    try:
        number = float(value)
    except ValueError:
        _refuse(value, allowed)
    if not math.isfinite(number) or number <= 0:
        _refuse(value, allowed)
    return number


def _path(value: str, allowed: str) -> Path:
    """A path that can be looked at, whether or not there is something."""
    try:
        path = Path(value).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # a long name, a user that is none, a closed folder
        _refuse(value, f"{allowed}; {getattr(error, 'strerror', None) or error}")
    return path


def _file(value: str, allowed: str) -> Path:
    path = _path(value, allowed)
    if path.is_file():
        return path
    found = "that is a folder" if path.is_dir() else "there is no file of that name"
    _refuse(value, f"{allowed}; {found}")


def _writable(value: str, endings: tuple[str, ...], allowed: str) -> Path:
    path = _path(value, allowed)
    if path.suffix.lower() not in endings:
        _refuse(value, allowed)
    if path.is_dir():
        _refuse(value, f"{allowed}; that is a folder")
    return path

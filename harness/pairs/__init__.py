"""The pairs: the built-in ones, each in a sub-package of its own, and a user's own by module or by file.

To find a pair of one's own is to run its code. So `find` is for what a user typed, and `built_in` for what
any file says: traces, alignments, and whatever else may come from a stranger.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from harness import own_packages
from harness.errors import BadInput
from harness.json_codec import short
from harness.pairs import undeclared
from harness.pairs.base import Pair
from harness.spelling import meant, perhaps

_ATTRIBUTE = "PAIR"


def names() -> list[str]:
    """The names of the built-in pairs: every sub-package here that declares one in its module `pair`."""
    return sorted(
        found.name for found in pkgutil.iter_modules(__path__) if found.ispkg and _declares(found.name)
    )


def all_pairs() -> list[Pair]:
    """Every built-in pair."""
    return [_shipped(name) for name in names()]


def built_in(name: str, source: str) -> Pair:
    """The built-in pair that a file calls `name`; nothing else is looked for, and nothing of it is run."""
    if name in names():
        return _shipped(name)
    raise BadInput(
        f"{source} is of the pair {short(name)}, which is not built in ({', '.join(names())} are). "
        "Nothing that a file names is run: name the pair yourself, with --model"
    )


def spelled(name: str) -> str:
    """What a user typed, with the name of a built-in pair as it is written here: Gold-YOLO is gold_yolo."""
    return meant(name, names()) or name


def find(name: str) -> Pair:
    """The pair that a user calls `name`, `package.module:ATTRIBUTE` or `path/to/pair.py[:ATTRIBUTE]`.

    The name of two classes is a pair, too.
    """
    name = spelled(name)
    if name in names():
        return _shipped(name)
    if undeclared.is_undeclared(name):
        _offer(Path.cwd())
        return undeclared.Undeclared.read(name).pair()
    place, colon, attribute = name.rpartition(":")
    if not colon:
        place, attribute = name, _ATTRIBUTE
    if place.endswith(".py"):
        return _attribute(_file(Path(place)), attribute or _ATTRIBUTE, name)
    if colon and place and attribute:
        _offer(Path.cwd())
        return _attribute(_module(place), attribute, name)
    raise BadInput(_unknown(name))


def _shipped(name: str) -> Pair:
    return _attribute(_module(f"{__name__}.{name}.pair"), _ATTRIBUTE, name)


def _declares(package: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{package}.pair") is not None


def _unknown(name: str) -> str:
    return (
        f"there is no pair {name!r}{perhaps(name, names())}; built in are {', '.join(names()) or 'none'}. "
        f"A pair of your own is named as package.module:{_ATTRIBUTE} or as path/to/pair.py"
    )


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as problem:  # a stranger's code may raise anything; the message repeats it
        raise BadInput(
            f"the module {name}, which should declare a pair, cannot be imported: {_described(problem)}"
        ) from problem


def _file(path: Path) -> ModuleType:
    """Run a file once; what lies beside it, and here, can be imported by it and by the sides."""
    if not path.is_file():
        raise BadInput(f"there is no file {path} to read a pair from (looked in {Path.cwd()})")
    path = path.resolve()
    name = f"align_pair_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    _offer(path.parent)
    _offer(Path.cwd())
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as problem:  # likewise
        del sys.modules[name]
        raise BadInput(
            f"{path}, which should declare a pair, cannot be run: {_described(problem)}"
        ) from problem
    return module


def _offer(folder: Path) -> None:
    """Let modules be imported from a folder, after everything that is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _described(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}{own_packages.clash(problem)}"


def _attribute(module: ModuleType, attribute: str, name: str) -> Pair:
    found = getattr(module, attribute, None)
    if isinstance(found, Pair):
        return found
    others = [key for key, value in vars(module).items() if isinstance(value, Pair)]
    there = f"it declares {', '.join(others)}" if others else "it declares no pair at all"
    problem = "has no" if found is None else f"has, as a {type(found).__name__} and not as a Pair,"
    raise BadInput(
        f"{module.__file__ or name} {problem} attribute {attribute}; {there} (see harness/pairs/base.py)"
    )

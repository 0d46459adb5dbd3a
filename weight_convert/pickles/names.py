"""Which names a pickle may use, and what each makes here. Everything else stays an inert record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.errors import BadInput
from weight_convert.dtypes import DTYPES
from weight_convert.pickles import arrays, tensors
from weight_convert.pickles.values import Name, Thing

_ATTACK_MODULES = frozenset(
    [
        "os",
        "posix",
        "nt",
        "subprocess",
        "commands",
        "sys",
        "shutil",
        "socket",
        "ctypes",
        "importlib",
        "runpy",
        "pty",
        "pickle",
        "_pickle",
        "cPickle",
        "marshal",
        "webbrowser",
        "timeit",
        "pdb",
    ]
)
_ATTACK_BUILTINS = frozenset(
    [
        "eval",
        "exec",
        "execfile",
        "compile",
        "__import__",
        "open",
        "input",
        "breakpoint",
        "globals",
        "locals",
        "setattr",
        "delattr",
        "apply",
    ]
)
_BUILTINS = ("builtins", "__builtin__")


def _mapping(*arguments: Any) -> dict[Any, Any]:
    """dict(), or dict() of pairs, as older pickles spell an OrderedDict."""
    made: dict[Any, Any] = {}
    for argument in arguments:
        pairs = argument.items() if isinstance(argument, dict) else argument
        for pair in pairs:
            key, value = pair
            if not isinstance(key, (str, int, float, bool)):
                raise BadInput(f"a dictionary's key is a {type(key).__name__}, not a plain value")
            made[key] = value
    return made


def _default_dict(factory: Any = None, *arguments: Any) -> dict[Any, Any]:
    return _mapping(*arguments)


def _sequence(kind: Callable[..., Any]) -> Callable[..., Any]:
    def make(items: Any = ()) -> Any:
        if not isinstance(items, (list, tuple)):
            raise BadInput(f"a {kind.__name__} is made of a {type(items).__name__}")
        return kind(items)

    return make


def _plain_set(items: Any = ()) -> Any:
    return {item if isinstance(item, (str, int, float, bool)) else str(type(item)) for item in items}


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """How protocol 2 spells bytes: a text and the encoding that gives them back."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise BadInput(f"bytes are spelled as a {type(text).__name__} in {str(encoding)[:20]!r}")
    return text.encode(encoding)


def _bytes(*arguments: Any) -> Any:
    """bytes() and bytearray(), of bytes or of a text and its encoding."""
    if not arguments:
        return b""
    first = arguments[0]
    return first if isinstance(first, (bytes, memoryview)) else _encode(*arguments)


def _complex(real: Any, imaginary: Any) -> complex:
    if not isinstance(real, float) or not isinstance(imaginary, float):
        raise BadInput("a complex number is made of something else than two numbers")
    return complex(real, imaginary)


def _reconstruct(cls: Any, base: Any, state: Any) -> Any:
    """How protocols 0 and 1 make an object: an inert record, unless the class is one of ours."""
    if not isinstance(cls, Name):
        raise BadInput("an object is made of a class that is no name")
    if cls.make is None:
        return Thing(cls, ())
    return cls.make() if state is None else cls.make(state)


_MAPPINGS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _mapping,
    ("collections", "Counter"): _mapping,
    ("collections", "defaultdict"): _default_dict,
    ("_codecs", "encode"): _encode,
}
_PLAIN: dict[str, Callable[..., Any]] = {
    "dict": _mapping,
    "list": _sequence(list),
    "tuple": _sequence(tuple),
    "set": _plain_set,
    "frozenset": _plain_set,
    "bytes": _bytes,
    "bytearray": _bytes,
    "complex": _complex,
}


def _is_plain(module: str, name: str) -> bool:
    """Whether a name only says what kind of numbers a tensor holds."""
    return (
        (module in ("torch", "torch.cuda", "torch.storage") and (name.endswith("Storage") or name in DTYPES))
        or (module, name) in (("torch", "Tensor"), ("numpy", "ndarray"))
        or (module == "torch" and name.endswith("Tensor"))
    )


class Names:
    """Resolves the names of one file and counts those that were left inert."""

    def __init__(self, file_size: int) -> None:
        self.unknown: Counter[str] = Counter()
        self._known: dict[tuple[str, str], Callable[..., Any]] = {
            **_MAPPINGS,
            **{(module, name): make for module in _BUILTINS for name, make in _PLAIN.items()},
            **{(module, "_reconstructor"): _reconstruct for module in ("copyreg", "copy_reg")},
            **arrays.names(file_size),
            **tensors.names(file_size),
        }
        self._made: dict[tuple[str, str], Name] = {}

    def resolve(self, module: str, name: str) -> Name:
        """What `module.name` stands for here; refuses names that serve only an attack."""
        known = self._made.get((module, name))
        if known is not None:
            return known
        root = module.partition(".")[0]
        if root in _ATTACK_MODULES or (module in _BUILTINS and name in _ATTACK_BUILTINS):
            raise BadInput(
                f"the file asks Python to run {module[:80]}.{name[:80]}: it is made to attack whoever opens "
                "it, or holds more than weights. Nothing was run; do not open it with torch.load or jt.load"
            )
        make = self._known.get((module, name))
        if make is None and not _is_plain(module, name):
            self.unknown[f"{module}.{name}"] += 1
        made = Name(module, name, make)
        self._made[module, name] = made
        return made

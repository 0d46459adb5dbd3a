"""Which names a pickle may use, and what each makes here. Everything else stays an inert record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import ELEMENT, ITEM, NAME, PAIR, SMALL_DICT, SMALL_SET, THING, Budget
from weight_convert.dtypes import DTYPES
from weight_convert.limits import LONGEST_KEY
from weight_convert.pickles import arrays, tensors
from weight_convert.pickles.values import Keys, Name, Thing
from weight_convert.shown import shown

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
_ENCODINGS = ("latin1", "latin-1", "utf-8", "ascii")


class _Containers:
    """Our own stand-ins for Python's containers, whose content is counted before it is copied."""

    def __init__(self, budget: Budget, keys: Keys) -> None:
        self._budget, self._keys = budget, keys

    def known(self) -> dict[tuple[str, str], Callable[..., Any]]:
        """The stand-ins by the names that they go by."""
        plain: dict[str, Callable[..., Any]] = {
            "dict": self.mapping,
            "list": lambda items=(): list(self._sequence(items, "list")),
            "tuple": lambda items=(): tuple(self._sequence(items, "tuple")),
            "set": self.plain_set,
            "frozenset": self.plain_set,
            "bytes": self.content,
            "bytearray": self.content,
            "complex": _complex,
        }
        return {
            **{(module, name): make for module in _BUILTINS for name, make in plain.items()},
            ("collections", "OrderedDict"): self.mapping,
            ("collections", "Counter"): self.mapping,
            ("collections", "defaultdict"): self.default_dict,
            ("_codecs", "encode"): self.encode,
        }

    def mapping(self, *arguments: Any) -> dict[Any, Any]:
        """dict(), or dict() of pairs, as older pickles spell an OrderedDict."""
        self._budget.spend(SMALL_DICT)
        made: dict[Any, Any] = {}
        for argument in arguments:
            if isinstance(argument, dict):
                self._budget.spend(PAIR * len(argument))
                made.update(argument)
                continue
            pairs = self._sequence(argument, "dictionary")
            self._budget.spend(PAIR * len(pairs))
            for pair in pairs:
                key, value = self._sequence(pair, "pair")
                made[self._keys.fit(key)] = value
        return made

    def default_dict(self, factory: Any = None, *arguments: Any) -> dict[Any, Any]:
        """A defaultdict() as a plain one."""
        return self.mapping(*arguments)

    def plain_set(self, items: Any = ()) -> set[Any]:
        """set() and frozenset()."""
        found = self._sequence(items, "set")
        self._budget.spend(SMALL_SET + ELEMENT * len(found))
        return set(map(self._keys.fit, found))

    def encode(self, text: Any, encoding: Any = "latin1") -> bytes:
        """How protocol 2 spells bytes: a text and the encoding that gives them back."""
        if not isinstance(text, str) or encoding not in _ENCODINGS:
            raise BadInput(f"bytes are spelled as {shown(text)} in {shown(encoding)}")
        self._budget.spend(len(text))
        made = text.encode(encoding)
        self._budget.spend(len(made) - len(text))
        return made

    def content(self, *arguments: Any) -> Any:
        """bytes() and bytearray(), of bytes or of a text and its encoding."""
        if not arguments:
            return b""
        first = arguments[0]
        return first if isinstance(first, (bytes, memoryview)) else self.encode(*arguments)

    def _sequence(self, items: Any, kind: str) -> list[Any] | tuple[Any, ...]:
        """What a container is made of, taken off what may be made as often as it is copied."""
        if not isinstance(items, (list, tuple)):
            raise BadInput(f"a {kind} is made of {shown(items)}")
        self._budget.spend(ITEM * len(items))
        return items


def _complex(real: Any, imaginary: Any) -> complex:
    if not isinstance(real, float) or not isinstance(imaginary, float):
        raise BadInput("a complex number is made of something else than two numbers")
    return complex(real, imaginary)


def _is_plain(module: str, name: str) -> bool:
    """Whether a name only says what kind of numbers a tensor holds."""
    return (
        (module in ("torch", "torch.cuda", "torch.storage") and (name.endswith("Storage") or name in DTYPES))
        or (module, name) in (("torch", "Tensor"), ("numpy", "ndarray"))
        or (module == "torch" and name.endswith("Tensor"))
    )


class Names:
    """Resolves the names of one file and counts those that were left inert."""

    def __init__(self, file_size: int, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.keys = Keys(self.budget)
        self.unknown: Counter[str] = Counter()
        self._known: dict[tuple[str, str], Callable[..., Any]] = {
            **_Containers(self.budget, self.keys).known(),
            **{(module, "_reconstructor"): self._reconstruct for module in ("copyreg", "copy_reg")},
            **arrays.names(file_size, self.budget),
            **tensors.names(file_size, self.budget),
        }
        self._made: dict[tuple[str, str], Name] = {}

    def _reconstruct(self, cls: Any, base: Any, state: Any) -> Any:
        """How protocols 0 and 1 make an object: an inert record, unless the class is one of ours."""
        if not isinstance(cls, Name):
            raise BadInput("an object is made of a class that is no name")
        if cls.make is None:
            self.budget.spend(THING)
            return Thing(cls)
        return cls.make() if state is None else cls.make(state)

    def resolve(self, module: str, name: str) -> Name:
        """What `module.name` stands for here; refuses names that serve only an attack."""
        known = self._made.get((module, name))
        if known is not None:
            return known
        for part in (module, name):
            if len(part) > LONGEST_KEY:
                raise BadInput(f"a class has a name of {len(part):,} letters, {shown(part)}; none has")
        root = module.partition(".")[0]
        if root in _ATTACK_MODULES or (module in _BUILTINS and name in _ATTACK_BUILTINS):
            raise BadInput(
                f"the file asks Python to run {module[:80]}.{name[:80]}: it is made to attack whoever opens "
                "it, or holds more than weights. Nothing was run; do not open it with torch.load or jt.load"
            )
        self.budget.spend(NAME + len(module) + len(name))
        make = self._known.get((module, name))
        made = Name(module, name, make)
        if make is None and not _is_plain(module, name):
            self.unknown[str(made)] += 1
        self._made[module, name] = made
        return made

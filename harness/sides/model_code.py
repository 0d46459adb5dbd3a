"""The functions of a model's code that run: their texts, and how another text takes the place of one."""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from tokenize import TokenError
from types import CodeType, FrameType, FunctionType
from typing import Any, List, Tuple

from harness.code_spans import with_parts
from harness.sides.code_place import is_of_model
from harness.sides.dedented import dedented

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_LIBRARY, _PACKAGES = sysconfig.get_paths()["stdlib"], "site-packages"
_ACTING = {
    *(
        "open",
        "os",
        "shutil",
        "subprocess",
        "system",
        "Popen",
        "Path",
        "pathlib",
        "socket",
        "urlopen",
        "exec",
    ),
    *("save", "savez", "savez_compressed", "savetxt", "imwrite", "imsave", "dump", "to_csv", "tofile"),
    *("write", "writelines", "write_text", "write_bytes", "unlink", "rmtree", "mkdir", "makedirs", "rename"),
}
_NESTED = 0x10  # a function in another one: it stands in the text of that

Parts = List[Tuple[int, int, str]]
"""Parts of a text, each from a byte to another one, and what stands in its place."""


@dataclass(frozen=True)
class OwnFunction:
    """A function of a model's code: its text without indentation, and the functions that run its code."""

    key: str
    name: str
    in_class: str
    line: int
    text: str
    code: CodeType
    functions: Sequence[FunctionType]

    def compiled(self, text: str) -> CodeType:
        """The code of another text of it."""
        return self.compiled_tree(ast.increment_lineno(ast.parse(text), self.line - 1))

    def _code_of(self, made: ast.Module) -> CodeType:
        """The code of it in a module."""
        flags = self.code.co_flags & _FUTURE
        whole: CodeType = compile(made, self.code.co_filename, "exec", flags, dont_inherit=True)
        return _inner(whole, self.name)

    def compiled_tree(self, tree: ast.Module) -> CodeType:
        """The code of a changed tree of its text."""
        if self.in_class:
            around = ast.parse(f"class {self.in_class}:\n    pass")
            assert isinstance(around.body[0], ast.ClassDef)
            around.body[0].body = tree.body
            tree = around
        return self._code_of(tree)


def functions_that_run(run: Callable[[], Any]) -> list[OwnFunction]:
    """The functions of a model's code that run, in the order in which they begin; those of a known text."""
    codes: dict[CodeType, None] = {}

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code not in codes and is_of_model(frame):
            codes[frame.f_code] = None

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        run()
    finally:
        sys.setprofile(before)
    whole = [code for code in codes if not code.co_flags & _NESTED]
    runs: dict[int, list[FunctionType]] = {id(code): [] for code in whole}
    for one in gc.get_objects():  # once: to ask for what refers to each takes as long every time
        if type(one) is FunctionType and id(one.__code__) in runs:
            runs[id(one.__code__)].append(one)
    found = (_own(code, runs[id(code)]) for code in whole)
    return [one for one in found if one is not None]


@contextlib.contextmanager
def changed(own: OwnFunction, parts: Parts) -> Iterator[None]:
    """In here, other parts stand in the text of a function."""
    with running(own, own.compiled(with_parts(own.text, parts))):
        yield


@contextlib.contextmanager
def running(own: OwnFunction, code: CodeType) -> Iterator[None]:
    """In here, a function runs other code."""
    try:
        for function in own.functions:
            function.__code__ = code
        yield
    finally:
        for function in own.functions:
            function.__code__ = own.code


def _is_of_python(file: str) -> bool:
    """Whether a file is of Python's own library."""
    return file.startswith(_LIBRARY) and _PACKAGES not in file


def _acts_beyond(code: CodeType) -> bool:
    """Whether code may change files or run programs, which with a slip it would do otherwise than wanted."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return not _ACTING.isdisjoint(code.co_names) or any(_acts_beyond(one) for one in inner)


def _own(code: CodeType, functions: Sequence[FunctionType]) -> OwnFunction | None:
    if not functions or not code.co_name.isidentifier() or _is_of_python(code.co_filename):
        return None
    if _acts_beyond(code):
        return None
    try:
        text = dedented(inspect.getsource(code))
        body = ast.parse(text).body
    except (OSError, TypeError, SyntaxError, TokenError):
        return None
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].name != code.co_name:
        return None
    around = functions[0].__qualname__.rpartition(".")[0].rpartition(".")[2]
    line, key = code.co_firstlineno, f"{code.co_filename}:{code.co_firstlineno}"
    in_class = around if around.isidentifier() else ""
    return OwnFunction(key, code.co_name, in_class, line, text, code, functions)


def _inner(code: CodeType, name: str) -> CodeType:
    """The code of the function of this name within that of a module."""
    waiting = [code]
    while waiting:
        own = [one for one in waiting.pop(0).co_consts if isinstance(one, CodeType)]
        for one in own:
            if one.co_name == name:
                return one
        waiting += own
    raise ValueError(f"the text holds no function {name}")

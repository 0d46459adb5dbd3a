"""A small function of torch tensors, every change of a family in its text, and what each of them gives."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any

import torch
from torch.nn import functional

from harness.answers import ModelCode
from harness.code_spans import with_parts
from harness.diagnose.code_tree import CodeChange, CodeTree
from harness.sides.code_values import Watch
from harness.sides.model_code import OwnFunction

Family = Callable[[CodeTree], Iterator[CodeChange]]


def compiled(text: str, **more: Any) -> Any:
    """The function that a text makes; its name is `loss`."""
    space = {"torch": torch, "functional": functional, **more}
    exec(compile(text, "made.py", "exec"), space)
    return space["loss"]


def text_of(body: str, given: Sequence[str]) -> str:
    """The text of a function with this body."""
    return f"def loss({', '.join(given)}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"


def tree_of(body: str, given: dict[str, Any], key: str = "made.py:1", **more: Any) -> CodeTree:
    """The tree of the function with what its expressions are."""
    text = text_of(body, list(given))
    function = compiled(text, **more)
    assert isinstance(function, FunctionType)
    own = OwnFunction(key, "loss", "", 1, text, function.__code__, [function])
    watch = Watch(torch.is_tensor, lambda value: value.detach().numpy(), lambda: 0)
    found = watch.of([own], lambda: function(**given))
    return CodeTree(ModelCode(key, "loss", "made.py", 1, text, list(found[key].values())))


def results(family: Family, body: str, given: dict[str, Any], **more: Any) -> list[tuple[str, Any]]:
    """The words of every change that runs, and what the function returns with it."""
    tree = tree_of(body, given, **more)
    found = []
    for change in family(tree):
        trial = tree.trial(change)
        if trial is not None:
            with contextlib.suppress(Exception):  # what does not run is no answer
                function = compiled(with_parts(tree.code.text, change.parts), **more)
                found.append((trial[0], function(**given)))
    return found


def words_for(found: Sequence[tuple[str, Any]], wanted: Any) -> list[str]:
    """The words of those changes that give what is wanted."""
    wanted = torch.as_tensor(wanted)
    return [
        words
        for words, value in found
        if torch.is_tensor(value)
        and value.shape == wanted.shape
        and torch.allclose(value.double(), wanted.double(), rtol=1e-6, atol=1e-9)
    ]

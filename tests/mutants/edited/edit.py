"""What an edit is, and the port that it makes."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.mutants.zoo import FOLDER

MODELS = "jittor.models."


@dataclass(frozen=True)
class Edit:
    """A mistake: `old` in the text of a port is `new`.

    `port` is a pair of examples/zoo, or a file of `jittor.models`, of which `variant` is a model. `places`
    are globs: every source that is told must lie at one of them. `says` are patterns of which a right cause
    holds one. `modes` are those in which it shows.
    """

    port: str
    name: str
    truth: str
    old: str
    new: str
    places: tuple[str, ...]
    says: tuple[str, ...]
    variant: str | None = None
    modes: tuple[str, ...] = ("eval", "train")

    @property
    def full_name(self) -> str:
        """The name of the variant that has it."""
        return f"{self.variant or self.port}, {self.name}"


def text_of(port: str) -> str:
    """The text of a port as it is."""
    return _file_of(port).read_text("utf-8")


def edited(edit: Edit, corrected: bool) -> ModuleType:
    """The port with the mistake; `corrected` gives it batch norms whose running variance is torch's."""
    text = text_of(edit.port)
    if text.count(edit.old) != 1:
        raise ValueError(f"{edit.full_name}: {text.count(edit.old)} places for the edit, there should be one")
    text = text.replace(edit.old, edit.new)
    if corrected:
        text = text.replace("nn.BatchNorm", "BatchNorm2d")
        text = text.replace(
            "from jittor import nn\n",
            "from jittor import nn\nfrom ports_jittor.torchlike.nn import BatchNorm2d\n",
            1,
        )
    module = ModuleType(f"edited_{edit.port.rpartition('.')[2]}")
    module.__file__ = str(_file_of(edit.port))
    exec(compile(text, module.__file__, "exec"), module.__dict__)
    return module


def _file_of(port: str) -> Path:
    if not port.startswith(MODELS):
        return FOLDER / f"{port}_jittor.py"
    found = importlib.util.find_spec("jittor")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "models" / f"{port.removeprefix(MODELS)}.py"

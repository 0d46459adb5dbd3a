"""Which code belongs to a framework itself, told by the exact package that defines it.

What a framework's own layers and functions do inside is their own business. Everything else is part of the
model and is looked into: also a zoo of models that comes with a framework, and a user's own `torch_layers`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FrameworkCode:
    """The packages of a framework, and those inside them that hold whole models."""

    packages: tuple[str, ...]
    models: tuple[str, ...] = ()

    def __contains__(self, module: str) -> bool:
        """Whether the module of that name is the framework's own."""
        return _is_within(module, self.packages) and not _is_within(module, self.models)


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


TORCH = FrameworkCode(("torch",))
JITTOR = FrameworkCode(("jittor", "jittor_core", "ports_jittor.torchlike"), models=("jittor.models",))

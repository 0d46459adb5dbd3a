"""A layer map: which layer of a port is which layer of the reference, where the two trees have other names.

A file says it, and a person has looked at it. A port with a map is built and then known by the reference's
names: its layers, its state, its gradients. Nothing else changes, and nothing of its own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import json_codec, strict_json
from harness.errors import BadInput
from harness.json_codec import Partial
from harness.spelling import perhaps

VERSION = 1
CERTAIN = 0.9
"""A pairing that was found with less confidence has to be looked at before its map is used."""
_FOREIGN = "@port"


@dataclass(frozen=True)
class MapRule(Partial):
    """A layer, or a part of the state, of the port, by both names. A `*` stands for any text, in both alike.

    `checked` says that a person has looked, or that the pairing is certain.
    """

    reference: str = ""
    port: str = ""
    confidence: float = 1.0
    why: str = ""
    checked: bool = True


@dataclass(frozen=True)
class LayerMap(Partial):
    """The rules, in order: of those that match the first one counts. `checked` speaks for all of them."""

    version: int = VERSION
    about: str = ""
    checked: bool = False
    layers: list[MapRule] = field(default_factory=list)
    parameters: list[MapRule] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> LayerMap:
        """Read a file, strictly; a map with a pairing that nobody has looked at is refused."""
        try:
            found = json_codec.from_plain(cls, strict_json.parse(strict_json.read(path)))
        except OSError as error:
            raise BadInput(f"the layer map {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise BadInput(f"{path} is no layer map: {error}. `align map` writes one") from error
        found.require_usable(path)
        return found

    def require_usable(self, path: Path) -> None:
        """Refuse a map of a newer version, with unchecked pairings, or with a rule that says nothing."""
        if self.version != VERSION:
            raise BadInput(f"{path} is a layer map of version {self.version}; version {VERSION} is known")
        rules = [*self.layers, *self.parameters]
        if open_ := [rule for rule in rules if not (rule.checked or self.checked)]:
            raise BadInput(
                f"{path} pairs {len(open_)} by guess, the first {open_[0].port} with {open_[0].reference} "
                f'({open_[0].why}). Look at each, and write "checked": true there, or once at the top'
            )
        for rule in rules:
            if not rule.port or not rule.reference or rule.port.count("*") != rule.reference.count("*"):
                raise BadInput(
                    f"{path}: a rule names a layer of both sides, with as many * in one as in the other, not "
                    f"{rule.port!r} and {rule.reference!r}"
                )

    def text(self) -> str:
        """The file, one rule in a line."""
        head = {"version": self.version, "about": self.about, "checked": self.checked}
        lists = {"layers": self.layers, "parameters": self.parameters}
        parts = [
            f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()
        ]
        for name, rules in lists.items():
            lines = ",\n".join(f"    {json.dumps(vars(rule), ensure_ascii=False)}" for rule in rules)
            parts.append(f'  "{name}": [\n{lines}\n  ]' if rules else f'  "{name}": []')
        return "{\n" + ",\n".join(parts) + "\n}\n"


@dataclass(frozen=True)
class PortNames:
    """The reference's names for a port's layers and for the keys of its state; without a map its own."""

    paths: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    def path(self, own: str) -> str:
        """What a layer is called."""
        return self.paths.get(own, own)

    def key(self, own: str) -> str:
        """What a part of the state is called."""
        return self.keys.get(own, own)


def port_names(rules: LayerMap, paths: Iterable[str], keys: Iterable[str]) -> PortNames:
    """The names that a map gives; BadInput where a rule matches nothing or two things get one name."""
    layers = _renamed("layer", rules.layers, [path for path in paths if path])
    given = _renamed("part of the state", rules.parameters, keys, strict=False)
    named = {key: given[key] if given[key] != key else _by_owner(key, layers) for key in keys}
    _require_apart("parts of the state", named)
    return PortNames(layers, named)


def _renamed(
    kind: str, rules: Iterable[MapRule], names: Iterable[str], strict: bool = True
) -> dict[str, str]:
    from weight_convert.keymaps.rules import Pattern

    known = list(names)
    renamed: dict[str, str] = {}
    for rule in rules:
        pattern, to = Pattern(rule.port), Pattern(rule.reference)
        found = {name: stars for name in known if (stars := pattern.match(name)) is not None}
        if not found:
            near = perhaps(rule.port, known)
            raise BadInput(f"the layer map names {rule.port!r}, and the port has no such {kind}{near}")
        for name, stars in found.items():
            renamed.setdefault(name, to.fill(stars))
    if strict:
        _require_apart(f"{kind}s", renamed)
    taken = set(renamed.values())
    return {name: renamed.get(name) or _free(name, taken) for name in known}


def _free(name: str, taken: set[str]) -> str:
    """A port's own name where no other layer is called so now."""
    return f"{name}{_FOREIGN}" if name in taken else name


def _by_owner(key: str, layers: Mapping[str, str]) -> str:
    """A key under the name of the layer, or of the nearest layer around it, that has it."""
    owner, rest = key, ""
    while owner:
        owner, _, part = owner.rpartition(".")
        rest = f".{part}{rest}"
        if owner in layers:
            return f"{layers[owner]}{rest}"
    return key


def _require_apart(kind: str, named: Mapping[str, str]) -> None:
    first: dict[str, str] = {}
    for own, name in named.items():
        if (other := first.setdefault(name, own)) != own:
            raise BadInput(f"by the layer map two {kind} of the port would be {name!r}: {other} and {own}")

"""An alignment: everything that a comparison found. Every report is drawn from it alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import alignment_rules, files, json_codec, notebook, strict_json
from harness.alignment_rows import AgainstStored, IsolatedRun, Outcome, Row, SideReport, Source
from harness.answers import Observer
from harness.attributes import AttributeDifference
from harness.costs import Costs
from harness.coverage import Coverage
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, WORKER_LOST, BadInput
from harness.evidence import Evidence
from harness.own_name import command
from harness.pairs.base import Override
from harness.provenance import Provenance

if TYPE_CHECKING:
    import pandas

SCHEMA = "align-alignment"
VERSION = 8
_READABLE = (1, 2, 3, 4, 5, 6, 7, VERSION)
_ADVICE = "give the alignment.json that a comparison wrote"
_EXIT_CODES = {
    "aligned": ALIGNED,
    "diverged": DIVERGED,
    "failed": WORKER_LOST,
    "inconclusive": INCONCLUSIVE,
}


@dataclass
class Alignment:
    """The result of a comparison.

    `sides` names the reference first, then the candidate. `first` is the address where they first
    diverge in the order of computation, `worst` the one with the largest ratio, diverged or not.
    `attributes` lists what differs without being a tensor. `observer` says by side whether recording changed
    the results. `against_stored` has an entry for each side that was compared with a stored trace as well.
    `sources` are the places where errors are made, in the order of computation; `isolated` says whether
    layers were run in isolation to find them, or why not. `truth` names the file that a float64 truth came
    in; it is empty where the run measured it. `evidence` holds small pictures of what diverged,
    `provenance` says what made it, when and where.
    """

    case: dict[str, Any]
    policy: dict[str, Any]
    sides: dict[str, SideReport]
    rows: list[Row]
    verdict: Outcome = "aligned"
    first: str | None = None
    worst: str | None = None
    sentence: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    attributes: list[AttributeDifference] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    costs: Costs = field(default_factory=Costs)
    observer: dict[str, Observer] = field(default_factory=dict)
    against_stored: list[AgainstStored] = field(default_factory=list, metadata={"json": "held"})
    sources: list[Source] = field(default_factory=list)
    isolated: IsolatedRun = field(default_factory=IsolatedRun)
    truth: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    provenance: Provenance = field(default_factory=Provenance)
    schema: str = SCHEMA
    version: int = VERSION

    def __post_init__(self) -> None:
        self.case, self.policy = json_codec.tidy(self.case), json_codec.tidy(self.policy)

    @property
    def exit_code(self) -> int:
        """0 aligned, 1 diverged, 4 where a side stopped short, 5 inconclusive."""
        return _EXIT_CODES[self.verdict]

    @property
    def names(self) -> tuple[str, str]:
        """The names of the reference and of the candidate."""
        reference, candidate = self.sides
        return reference, candidate

    def row(self, address: str) -> Row:
        """The row of an address."""
        found = next((row for row in self.rows if row.address == address), None)
        if found is None:
            raise BadInput(
                f"this alignment has no address {address!r}; `{command('show')}` lists those it has"
            )
        return found

    def frame(self) -> pandas.DataFrame:
        """A pandas data frame with one row a tensor."""
        return notebook.frame(self)

    def _repr_html_(self) -> str:
        return notebook.html(self)

    def to_dict(self) -> dict[str, Any]:
        """Data that strict JSON can hold."""
        data: dict[str, Any] = json_codec.to_plain(self)
        return {"schema": data.pop("schema"), "version": data.pop("version"), **data}

    @classmethod
    def from_dict(cls, data: Any, source: str = "the data") -> Alignment:
        """Read an alignment from such data; BadInput says what is wrong with any other."""
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise BadInput(f"{source} is no alignment: it does not say {SCHEMA}; {_ADVICE}")
        if type(data.get("version")) is not int or data["version"] not in _READABLE:
            versions = " and ".join(map(str, _READABLE))
            raise BadInput(
                f"{source} is an alignment of version {json_codec.short(data.get('version'))}; "
                f"this program reads versions {versions}. Use the program that wrote it, or compare anew"
            )
        try:
            alignment_rules.require_modest(data)
            alignment = json_codec.from_plain(cls, _upgraded(data))
            alignment_rules.check(alignment)
        except (json_codec.Unfit, RecursionError) as error:
            raise BadInput(f"{source} is a damaged alignment: {error}; {_ADVICE}") from error
        return alignment

    def to_json(self) -> str:
        """Strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "the text") -> Alignment:
        """Read an alignment from JSON."""
        try:
            data = strict_json.parse(text)
        except ValueError as error:
            raise BadInput(f"{source} is no JSON that can be read: {error}; {_ADVICE}") from error
        return cls.from_dict(data, source)

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Write alignment.json; the file appears whole or not at all."""
        files.write_file(Path(path), self.to_json(), replace=replace)

    @classmethod
    def load(cls, path: str | Path) -> Alignment:
        """Read alignment.json; BadInput for whatever is no alignment of this version."""
        path = Path(path)
        try:
            raw = strict_json.read(path)
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from error
        except ValueError as error:
            raise BadInput(f"{path} cannot be read: {error}; {_ADVICE}") from error
        return cls.from_json(raw, str(path))


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Data of an older version as data of this one."""
    if data["version"] == 1:
        why = "this alignment was written before layers were run alone"
        added = {"sources": [], "local": {"ran": False, "why": why}}
        data = {**_with_rows(data, lambda row: {**row, "local": None}), **added}
    if data["version"] < 3:
        data = _with_rows(data, lambda row: _with_measured(row, typical=0.0))
    if data["version"] < 4:
        data = _with_rows(data, lambda row: _with_measured(row, terms=1))
    if data["version"] < 6:
        data = {"truth": "", **_with_rows(data, lambda row: _with_measured(row, ceiling=None))}
    if data["version"] < 7:
        data = _with_rows(data, lambda row: _with_measured(row, blank=False))
        data = {"evidence": {}, "provenance": {}, **data}
    if data["version"] < 8:
        data = _with_rows(data, lambda row: _with_measured(row, broken=False))
    if data["version"] < 5:
        data = _with_rows(_renamed(data), _renamed)
        if isinstance(data.get("costs"), dict):
            data["costs"] = {_OLD_COSTS.get(name, name): cost for name, cost in data["costs"].items()}
    return {**data, "version": VERSION}


_OLD_COSTS = {"local": "isolated", "local truth": "isolated truth"}


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    """Data in which `local`, the older name, is called `isolated`."""
    return {"isolated" if name == "local" else name: value for name, value in data.items()}


def _with_rows(data: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The same data, with `change` applied to each row."""
    rows = data.get("rows")
    if not isinstance(rows, list):
        return data
    return {**data, "rows": [change(row) if isinstance(row, dict) else row for row in rows]}


def _with_measured(row: dict[str, Any], **more: float | None) -> dict[str, Any]:
    """A row with figures that older versions did not measure; its isolated part gets them too."""
    changed = dict(row)
    if isinstance(row.get("measured"), dict):
        changed["measured"] = {**row["measured"], **more}
    for name in ("local", "isolated"):
        if isinstance(row.get(name), dict):
            changed[name] = _with_measured(row[name], **more)
    return changed

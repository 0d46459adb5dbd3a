"""One conversion from end to end: read, map, check, fold, write with proof.

Most conversions need no key map, so what reads them is imported by those that do.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import files
from harness.errors import BadInput
from weight_convert.complete import add_counters, fit_scalars
from weight_convert.layout import Layout, Mismatch, compare, layout_like, layout_of
from weight_convert.manifest import DroppedKey, Manifest
from weight_convert.prefixes import common_prefixes
from weight_convert.reading import read_state
from weight_convert.state import State
from weight_convert.writing import format_for, outputs, write_state

if TYPE_CHECKING:
    from weight_convert.keymaps.rules import MappedState

DEPLOY = "deploy"


@dataclass(frozen=True)
class ConversionRequest:
    """What a user asks for."""

    source: Path
    destination: Path | None = None
    model: str | None = None
    variant: str | None = None
    like: Path | None = None
    key_map: str | None = None
    strip: tuple[str, ...] = ()
    select: str | None = None
    deploy: bool = False
    float32: bool = False
    partial: bool = False
    dry_run: bool = False
    replace: bool = False


@dataclass
class ConversionReport:
    """What a conversion did, for people and for machines."""

    source: str
    destination: str
    format: str
    written: bool
    tensors: int
    bytes: int
    layout: str = ""
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    inert: dict[str, int] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    verified: str = ""
    exit_code: int = 0

    def to_json(self) -> str:
        """The report on one line."""
        return json.dumps(asdict(self))


@dataclass
class Prepared:
    """A state that is ready to be written, and the changes made to it."""

    state: State
    manifest: Manifest
    layout: Layout | None
    mismatch: Mismatch
    unchecked: list[str]


def prepare(request: ConversionRequest) -> Prepared:
    """Read, map, check against the model, fold; nothing is written."""
    layout = _layout(request)
    state = _read(request, layout)
    manifest = Manifest()
    unchecked: list[str] = []
    if request.key_map is not None:
        from weight_convert.keymaps import load_map

        key_map = load_map(request.key_map)
        unchecked = key_map.unchecked
        if unchecked and not request.partial:
            raise BadInput(
                f"the key map {key_map.name} has {len(unchecked)} rules that nobody has confirmed: "
                + "; ".join(unchecked[:20])
                + ". Look at each, take its `check` line out, or use --partial"
            )
        state = _mapped(state, manifest, key_map.apply)
        manifest.key_map = key_map.to_dict()
    mismatch = Mismatch()
    if layout is not None:
        state = fit_scalars(add_counters(state, layout.shapes), layout)
        mismatch = compare(state, layout)
        if mismatch and not request.partial:
            raise BadInput(_words(request, layout, mismatch))
        state = _fitting(state, layout, mismatch, manifest)
    if request.deploy:
        state = _deployed(request, state, manifest)
    if not state.tensors:
        raise BadInput(f"{request.source}: no tensor is left to write")
    return Prepared(state, manifest, layout, mismatch, unchecked)


def convert(request: ConversionRequest) -> ConversionReport:
    """Convert a checkpoint; BadInput lists everything that prevents it."""
    if request.destination is None:
        raise BadInput("name the file to write, after the source")
    form = format_for(request.destination)
    for path in outputs(request.destination):
        _require_writable(path, request)
    ready = prepare(request)
    state, manifest = ready.state, ready.manifest
    if not request.dry_run:
        manifest = write_state(
            state, request.destination, manifest, float32=request.float32, replace=request.replace
        )
    return ConversionReport(
        source=str(request.source),
        destination=str(request.destination),
        format=form,
        written=not request.dry_run,
        tensors=len(manifest.entries) or len(state),
        bytes=state.nbytes,
        layout=ready.layout.origin if ready.layout else "",
        missing=[key + near for key, near in ready.mismatch.missing],
        unexpected=list(ready.mismatch.unexpected),
        shapes=[
            f"{key}: {list(found)} found, {list(wanted)} wanted"
            for key, found, wanted in ready.mismatch.shapes
        ],
        unchecked=ready.unchecked,
        inert=dict(state.origin.inert) if state.origin else {},
        manifest=manifest.to_dict(),
    )


def _require_writable(path: Path, request: ConversionRequest) -> None:
    """Refuse a place before the source is read, which may take long."""
    with contextlib.suppress(OSError):  # one of the two is not there
        if path.samefile(request.source):
            raise BadInput(
                f"{request.source} would be written over itself; choose another name for the result"
            )
    files.require_free(path, replace=request.replace)


def draft(request: ConversionRequest) -> str:
    """The draft of a key map from a checkpoint to a model."""
    if request.destination is not None:
        _require_writable(request.destination, request)
    layout = _layout(request)
    if layout is None:
        raise BadInput("a draft needs to know the keys wanted: give --model NAME or --like FILE")
    from weight_convert.keymaps import draft_map

    return draft_map(_read(request, layout), layout)


def _layout(request: ConversionRequest) -> Layout | None:
    if request.like is not None:
        return layout_like(request.like, read_state(request.like))
    return layout_of(request.model, request.variant) if request.model is not None else None


def _read(request: ConversionRequest, layout: Layout | None) -> State:
    state = read_state(
        request.source,
        select=request.select,
        strip_prefixes=(*request.strip, *_model_prefixes(request)),
        expected=layout.shapes if layout is not None else (),
        partial=request.partial,
    )
    taken = state.origin.stripped if state.origin else ()
    if lacking := [prefix for prefix in request.strip if prefix not in taken]:
        there = ", ".join(common_prefixes(state))
        raise BadInput(f"{request.source}: no key begins with {lacking[0]!r}; keys begin with {there}")
    return state


def _model_prefixes(request: ConversionRequest) -> tuple[str, ...]:
    if request.model is None:
        return ()
    from harness import pairs

    return tuple(pairs.find(request.model).checkpoint_prefixes)


def _mapped(state: State, manifest: Manifest, apply: Callable[[MappedState], None]) -> State:
    from weight_convert.keymaps.rules import MappedState

    work = MappedState(dict(state.tensors), dict(state.sources))
    apply(work)
    manifest.dropped += work.dropped
    manifest.made += work.made
    manifest.deploy += [asdict(report) for report in work.folds]
    return state.with_tensors(work.tensors, work.sources)


def _fitting(state: State, layout: Layout, mismatch: Mismatch, manifest: Manifest) -> State:
    """The entries that fit the layout, in its order; the others are noted as dropped."""
    misshapen = {key for key, _, _ in mismatch.shapes}
    unfit = dict.fromkeys(mismatch.unexpected, "the model has no such key")
    unfit |= dict.fromkeys(misshapen, "of another shape than in the model")
    manifest.dropped += [
        DroppedKey(key, reason, state.tensors[key].dtype, state.tensors[key].shape)
        for key, reason in unfit.items()
    ]
    order = [key for key in layout.shapes if key in state.tensors] if layout.counters else list(state.tensors)
    kept = {key: state.tensors[key] for key in order if key not in unfit}
    return state.with_tensors(kept)


def _deployed(request: ConversionRequest, state: State, manifest: Manifest) -> State:
    from weight_convert.keymaps import load_map, shipped_maps

    name = f"{request.model}-{DEPLOY}"
    if request.model is None or name not in shipped_maps():
        models = ", ".join(
            known.removesuffix(f"-{DEPLOY}") for known in shipped_maps() if known.endswith(DEPLOY)
        )
        raise BadInput(
            f"--deploy folds what a model folds, and {request.model or 'no model'} has nothing to fold; "
            f"known are --model {models}. Folds of your own can be written into a key map"
        )
    return _mapped(state, manifest, load_map(name).apply)


def _words(request: ConversionRequest, layout: Layout, mismatch: Mismatch) -> str:
    counts = ", ".join(
        f"{len(found)} {what}"
        for found, what in (
            (mismatch.missing, "missing"),
            (mismatch.unexpected, "unexpected"),
            (mismatch.shapes, "of another shape"),
        )
        if found
    )
    head = f"{request.source} does not fit {layout.origin}: {counts}."
    advice = "Give a key map (--map, drafted by --draft-map), or --partial to write what fits."
    return "\n".join([f"{head} {advice}", *(f"  {line}" for line in mismatch.lines())])

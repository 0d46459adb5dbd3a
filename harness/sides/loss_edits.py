"""Runs the losses of a side on outputs that are kept, with single operations of theirs changed."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from harness import address as addresses
from harness.answers import (
    COMPARISONS,
    ROUNDINGS,
    LossListed,
    LossOperation,
    LossTensor,
    LossTried,
    ModelCode,
)
from harness.errors import BadInput
from harness.layer_note import Attributes
from harness.pairs.base import Mode
from harness.requests import AMPLE, CODE, Edit
from harness.sides.code_place import place_in_code
from harness.sides.code_values import Watch
from harness.sides.in_time import in_time
from harness.sides.loss_code import code_with_values, first_changed, in_code
from harness.sides.loss_formulas import described_index, distance_for, fitting, with_index
from harness.sides.model_code import OwnFunction, functions_that_run
from harness.sides.moved_targets import column_by_column, mean_of_lines, shifted
from harness.sides.one_thread import one_thread
from harness.sides.operations import other_operation
from harness.sides.recorder import Recorder, Rehearsal, flatten, map_tensors, named_arguments, plain_value
from harness.sides.samples_alone import SamplesAlone
from harness.sides.side import Side
from harness.trace import TraceWriter

HOW = (
    "input", "argument", "function", "before", "exchanged", "axes", "times", "detached", "input detached",
    "taken", "result taken", "number", "interleaved", "shifted", "column by column", "by sample", "combined",
    "holds", "distance", "index", "called",
    "after", "each line", "columns", "ones", "labels", "over all", CODE,
)  # fmt: skip
"""Where a tensor is taken, `function` of an edit is its name, and `name` may reduce it."""


@dataclass
class KeptCase:
    """The case of the losses, what the model returned, and the tensor whose gradient is asked for."""

    inputs: str
    mode: Mode
    gradient_of: str
    outputs: Any
    leaf: Any
    results: dict[str, Any] = field(default_factory=dict)
    """What each operation of the losses returned, in order, where nothing changes it later."""
    known: dict[str, Any] = field(default_factory=dict)
    """The tensors of the losses by name, where nothing changes them later."""
    code: list[OwnFunction] = field(default_factory=list)
    """The model's own functions that the losses call."""
    marks: list[tuple[Any, int]] = field(default_factory=list)
    """Tensors of `results`, and how often each was changed in place, where the framework counts it."""
    marks_given: list[tuple[Any, int]] = field(default_factory=list)
    """The same of what the losses are given."""


_Marks = Dict[str, Tuple[Any, List[int]]]


class _Keep(Recorder):
    """Lets the model go on with a leaf in the place of one result, so that its gradient can be asked for."""

    def __init__(self, side: Side, wanted: str) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.side, self.wanted = side, wanted
        self.leaf: Any = None

    def _save_result(self, path: str, call: int, result: Any, type: str) -> Any:
        def cut(key: str, tensor: Any) -> Any:
            if addresses.layer(path, call, "out", key) != self.wanted or self.leaf is not None:
                return tensor
            self.leaf, onward = self.side.leaf(self.tensors.to_array(tensor), tensor, True)
            return onward

        return map_tensors(result, self.tensors.is_tensor, cut)


_INDEX = "getitem"
_TOLD_TOO = frozenset(["detach", "topk", "sort", "argsort", f"__{_INDEX}__", *ROUNDINGS, *COMPARISONS])
"""What stops a gradient, what chooses, what rounds or compares."""


class _Tape(Recorder):
    """Sees every operation of a loss, tells it, and changes those that edits name."""

    def __init__(
        self, side: Side, edits: Sequence[Edit], given: Mapping[str, Any], lists: bool = False
    ) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.edits, self.lists = {edit.path: edit for edit in edits}, lists
        self.counts: Counter[str] = Counter()
        self.seen: list[LossOperation] = []
        self.side = side
        self.results: dict[str, Any] = {}
        self.marks: _Marks = {}
        self.names: dict[int, str] = {}
        self.known: dict[str, Any] = dict(
            given
        )  # as long as they live, no other tensor has the number of one of them
        self.takes_others = lists or any(edit.how in ("taken", "result taken", "combined") for edit in edits)
        self.earlier: dict[str, Any] = {}
        by_sample = any(edit.how == "by sample" for edit in edits)
        self.alone = SamplesAlone(side.tensors.is_tensor) if by_sample else None

    def observes_operation(self) -> bool:
        """Every operation that does not run inside another one."""
        return not self.inside_operation

    def observes_too(self, name: str) -> bool:
        """What chooses elements, compares or rounds, and what stops gradients."""
        return name in _TOLD_TOO

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Run it, changed where an edit says so."""
        name = name.strip("_")
        path = f"{name}.{self.counts[name]}"
        self.counts[name] += 1
        if path in self.earlier and not self.takes_others:
            return self.earlier[path]
        self.inside_operation = True
        try:
            given = self._named(path, args, kwargs)
            result = self._run(path, function, args, kwargs)
            made = self._made(path, result)
            if self.lists:
                self.results[path] = result
                self.marks[path] = result, _marks_of(self.side, result)
                self.seen.append(self._listed(path, name, function, args, kwargs, given, made))
            return result
        finally:
            self.inside_operation = False

    def _run(
        self, path: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if path in self.earlier:
            return self.earlier[path]
        edit = self.edits.get(path)
        if self.alone is not None:
            result = function(*args, **kwargs)
            found = self.alone.of(path.partition(".")[0], function, args, kwargs, result)
            return result if edit is None else _mean(path, found)
        if edit is None:
            return function(*args, **kwargs)
        if edit.how == "combined":
            other = self.known[edit.name]
            return getattr(function(*args, **kwargs), edit.function)(other)
        if edit.how == "result taken":
            other = self.known[edit.function]
            return getattr(other, edit.name)() if edit.name else other
        if edit.how == "taken":
            places = iter(range(1 << 16))
            other = self.known[edit.function]
            args, kwargs = map_tensors(
                (args, dict(kwargs)),
                self.tensors.is_tensor,
                lambda name, tensor: _like(tensor, other) if next(places) == edit.place else tensor,
            )
            return function(*args, **kwargs)
        return _edited(edit, self.tensors.is_tensor, function, args, dict(kwargs))

    def _named(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[LossTensor]:
        """The tensors that a call is given, by the names that they have by now."""
        if not self.takes_others:
            return []
        tensors = [tensor for _, tensor in flatten((args, kwargs), self.tensors.is_tensor)]
        return [self._called(f"{path}:{place}", tensor) for place, tensor in enumerate(tensors)]

    def _made(self, path: str, result: Any) -> LossTensor | None:
        first = result[0] if isinstance(result, tuple) and result else result
        if not self.takes_others or not self.tensors.is_tensor(first):
            return None
        return self._called(path, first)

    def _called(self, name: str, tensor: Any) -> LossTensor:
        own = self.names.setdefault(id(tensor), name)
        self.known.setdefault(own, tensor)
        return LossTensor(own, [int(size) for size in tensor.shape])

    def _listed(
        self,
        path: str,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        given: list[LossTensor],
        made: LossTensor | None,
    ) -> LossOperation:
        named = named_arguments(function, args, kwargs)
        tensors = [tensor for _, tensor in flatten(named, self.tensors.is_tensor)]
        plain = {key: value for key, value in named.items() if plain_value(value)}
        if name == _INDEX:
            plain = {"index": described_index(args[1])}
        sizes = [int(size) for size in tensors[0].shape] if tensors else []
        takes, defaults = list(_takes(function)), _defaults(function)
        return LossOperation(
            path, name, plain, takes, len(tensors), len(sizes), sizes, defaults, given, made, place_in_code()
        )


def _mean(path: str, of_each: Any) -> Any:
    if of_each is None:
        raise BadInput(f"{path} has no number for each sample")
    return of_each.mean()


def _like(own: Any, other: Any) -> Any:
    """Another tensor of as many elements in the sizes of this one."""
    sizes = [int(size) for size in own.shape]
    return other if [int(size) for size in other.shape] == sizes else other.reshape(sizes)


def _takes(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _defaults(function: Callable[..., Any]) -> Attributes:
    """What the arguments of a function are that are not given."""
    own = {name: parameter.default for name, parameter in _takes(function).items()}
    return {name: value for name, value in own.items() if plain_value(value)}


def _edited(
    edit: Edit,
    is_tensor: Callable[[Any], bool],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """The result of a changed operation."""
    tensors = [tensor for _, tensor in flatten((args, kwargs), is_tensor)]
    if edit.how == "input":
        return tensors[edit.place]
    if edit.how == "times":
        return function(*args, **kwargs) * edit.value
    if edit.how == "ones":
        return function(*args, **kwargs) * 0 + 1
    if edit.how == "holds":
        made = function(*args, **kwargs)
        return made == made if edit.value else made != made
    if edit.how == "detached":
        return function(*args, **kwargs).detach()
    if edit.how == "axes":
        return getattr(tensors[0], _name(function))(tuple(edit.value))
    if edit.how == "function":
        other = other_operation(edit.function, function, tensors[0])
        return other(*args, **fitting(other, kwargs))
    if edit.how == "after":
        return getattr(function(*args, **kwargs), edit.function)()
    if edit.how == "over all":
        summed = Edit(edit.path, "argument", name="reduction", value="sum")
        args, kwargs = _with_argument(summed, function, args, kwargs)
        return function(*args, **kwargs) / edit.value
    if edit.how == "each line":
        return mean_of_lines(function, tensors, args, kwargs, edit.value)
    if edit.how == "called":
        return other_operation(edit.function, function, tensors[0])(tensors[0], *(edit.value or ()))
    if edit.how == "distance":
        return distance_for(edit.function, edit.value, tensors, args, kwargs)
    if edit.how == "index":
        return function(args[0], with_index(args[1], edit.place, edit.value))
    if edit.how == "argument":
        args, kwargs = _with_argument(edit, function, args, kwargs)
        return function(*args, **kwargs)
    changed = iter(_changed(edit, function, tensors))
    args, kwargs = map_tensors((args, kwargs), is_tensor, lambda name, tensor: next(changed))
    return function(*args, **kwargs)


def _changed(edit: Edit, function: Callable[..., Any], tensors: list[Any]) -> list[Any]:
    """The tensors of a call, one of them changed, or two exchanged."""
    if edit.how == "exchanged":
        return [tensors[1], tensors[0], *tensors[2:]]
    if edit.how == "shifted":
        return shifted(tensors, *edit.value)
    own = tensors[edit.place]
    if edit.how == "column by column":
        new = column_by_column(own, edit.value)
    elif edit.how == "interleaved":
        new = own.reshape(*own.shape[:-2], own.shape[-1], own.shape[-2]).transpose(-1, -2)
    elif edit.how == "labels":
        step, classes = edit.value
        new = (own + step) % classes
    elif edit.how == "columns":
        new = own[..., edit.value]
    elif edit.how == "number":
        new = own * 0 + edit.value
    elif edit.how == "input detached":
        new = own.detach()
    else:
        new = other_operation(edit.function, function, own)(own, *(edit.value or ()))
    return [new if place == edit.place else tensor for place, tensor in enumerate(tensors)]


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", ""))


def _with_argument(
    edit: Edit, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if edit.name.isdigit():
        place = int(edit.name)
        return (*args[:place], edit.value, *args[place + 1 :]), kwargs
    names = list(_takes(function))
    place = names.index(edit.name) if edit.name in names else len(args)
    if place < len(args):
        return (*args[:place], edit.value, *args[place + 1 :]), kwargs
    return args, {**kwargs, edit.name: edit.value}


def list_loss(side: Side, inputs: str, mode: Mode, gradient_of: str = "") -> LossListed:
    """Run forward and tell the operations of the losses; what they take is kept.

    Where a gradient is asked for, what expressions in the code are is not told.
    """
    side.kept = _kept(side, inputs, mode, gradient_of)
    operations = _run_once(side, side.kept)
    given = _given(side, side.kept.outputs)
    sizes = [LossTensor(name, [int(size) for size in tensor.shape]) for name, tensor in given.items()]
    return LossListed(operations, sizes, _code(side, side.kept, is_told=not gradient_of))


def _run_once(side: Side, kept: KeptCase) -> list[LossOperation]:
    """The operations of the losses; what they return is kept where nothing changes it later."""
    given = _given(side, kept.outputs)
    tape = _Tape(side, (), given, lists=True)
    marks: _Marks = {name: (tensor, _marks_of(side, tensor)) for name, tensor in given.items()}
    with side.without_gradients(), side.observed(tape):
        side.losses_of(kept.outputs)
    marks.update(tape.marks)
    if all(mark and mark == _marks_of(side, value) for value, mark in marks.values()):
        kept.results, kept.known = tape.results, tape.known
        kept.marks_given, kept.marks = (
            list(_counted(side, part)) for part in (list(given.values()), list(tape.results.values()))
        )
    return tape.seen


def _code(side: Side, kept: KeptCase, is_told: bool) -> list[ModelCode]:
    """The functions that the losses call, which are kept; what their expressions are where that is asked."""
    tape = _Tape(side, (), {})

    def to_array(tensor: Any) -> Any:
        tape.inside_operation = True
        try:
            return side.tensors.to_array(tensor)
        finally:
            tape.inside_operation = False

    def run() -> None:
        with side.without_gradients(), side.observed(tape):
            side.losses_of(kept.outputs)

    kept.code = functions_that_run(run)
    tape.counts.clear()
    watch = Watch(side.tensors.is_tensor, to_array, lambda: sum(tape.counts.values()))
    return code_with_values(kept.code, watch, run) if is_told else []


def _counted(side: Side, values: Sequence[Any]) -> Iterator[tuple[Any, int]]:
    for _, tensor in flatten(values, side.tensors.is_tensor):
        yield tensor, tensor._version


def _marks_of(side: Side, value: Any) -> list[int]:
    """How often each tensor was changed in place; nothing where the framework does not count it."""
    found = [getattr(tensor, "_version", None) for _, tensor in flatten(value, side.tensors.is_tensor)]
    return [count for count in found if count is not None] if None not in found else []


def _given(side: Side, outputs: Any) -> dict[str, Any]:
    """The inputs of the case and what the model returned, by their names."""
    both = {"inputs": dict(side._inputs), "outputs": outputs}
    return dict(flatten(both, side.tensors.is_tensor))


def _kept(side: Side, inputs: str, mode: Mode, gradient_of: str) -> KeptCase:
    """The model's outputs; where a gradient is asked for, they depend on a leaf in that result's place."""
    side.prepare(inputs, mode, "float32")
    side.masks.restart()  # dropouts drop what they dropped in the run that is explained
    keep = _Keep(side, gradient_of)
    quiet = contextlib.nullcontext() if gradient_of else side.without_gradients()
    with quiet, side.observed(keep):
        outputs = side.call_model()
    return KeptCase(inputs, mode, gradient_of, outputs, keep.leaf)


def try_loss(
    side: Side, trials: list[list[Edit]], folder: str = "", seconds: float = AMPLE
) -> list[LossTried]:
    """The losses under each list of edits; with a folder, a gradient of the first one, too."""
    if side.kept is None:
        raise BadInput("there is no loss to try: list its operations first")
    found: list[LossTried] = []
    waiting, goes_on = in_time(enumerate(trials), seconds), True
    while goes_on:
        goes_on = False
        with one_thread():
            for number, edits in waiting:
                found.append(_tried(side, edits, number, folder))
                if goes_on := _is_spoiled(side):
                    break
        _as_before(side)
    return found


def _is_spoiled(side: Side) -> bool:
    """Whether a trial has changed in place what is kept."""
    assert isinstance(side.kept, KeptCase)
    return any(tensor._version != count for tensor, count in (*side.kept.marks_given, *side.kept.marks))


def _as_before(side: Side) -> None:
    """Make again what is kept where a trial has changed it in place; on all threads, as it was made."""
    assert isinstance(side.kept, KeptCase)
    kept = side.kept
    if any(tensor._version != count for tensor, count in kept.marks_given):
        list_loss(side, kept.inputs, kept.mode, kept.gradient_of)
    elif any(tensor._version != count for tensor, count in kept.marks):
        _run_once(side, kept)


def _tried(side: Side, edits: list[Edit], number: int, folder: str) -> LossTried:
    assert isinstance(side.kept, KeptCase)
    kept = side.kept
    given = _given(side, kept.outputs)
    try:
        if not folder:
            tape = _Tape(side, edits, given)
            tape.earlier = _results_before(kept, edits)
            if kept.known and len(edits) == 1:  # what stands before one edit is as it was
                tape.known, tape.takes_others = kept.known, False
            with side.without_gradients(), side.observed(tape), in_code(kept.code, edits):
                losses = side.losses_of(kept.outputs)
            return LossTried(_values(side, losses))
        with side.observed(_Tape(side, edits, given)), in_code(kept.code, edits):
            losses = side.losses_of(kept.outputs)
        return LossTried(_values(side, losses), _gradient(side, losses, kept, Path(folder), number))
    except Exception as error:  # an edit that the loss does not take is an answer, too
        return LossTried(error=f"{type(error).__name__}: {error}"[:200])


def _results_before(kept: KeptCase, edits: Sequence[Edit]) -> dict[str, Any]:
    """What operations returned before the first one that is edited: they need not run again."""
    edited, until = {edit.path for edit in edits}, first_changed(edits)
    found: dict[str, Any] = {}
    if any(edit.how == "by sample" for edit in edits):  # it watches all of them
        return found
    for count, (path, result) in enumerate(kept.results.items()):
        if path in edited or count >= until:
            break
        found[path] = result
    return found


def _values(side: Side, losses: Mapping[str, Any]) -> dict[str, float]:
    found = {name: np.array(side.tensors.to_array(loss), np.float64) for name, loss in losses.items()}
    return {name: float(value.reshape(())) for name, value in found.items()}


def _gradient(side: Side, losses: Mapping[str, Any], kept: KeptCase, folder: Path, number: int) -> str:
    first = next(iter(losses.values()))
    found = side.gradient_of_leaf(first, kept.leaf)
    path = folder / f"loss-{number}.h5"
    with TraceWriter(path, {"trial": number}) as writer:
        writer.add("grad:wanted", found)
    return str(path)


VERBS: tuple[Callable[..., Any], ...] = (list_loss, try_loss)

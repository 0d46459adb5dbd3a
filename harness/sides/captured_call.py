"""One call of one layer, kept while a model runs, so that it can be repeated with something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness import address as addresses
from harness.breadcrumb import Breadcrumb
from harness.layer_note import Attributes
from harness.sides.masks import Masks, Position
from harness.sides.recorder import Array, Layer, Recorder, Rehearsal, Tensors, map_tensors


@dataclass
class CapturedCall:
    """A module or a function, the arguments of the call, and what its module holds when it is called.

    A norm that trains changes its running statistics: who repeats the call needs those from before it.
    """

    path: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Attributes
    module: Any = None
    position: Position | None = None  # from where it draws what it drew in the run
    drawn: list[Array] = field(default_factory=list)
    state: dict[str, Array] = field(default_factory=dict)

    def with_tensors(
        self, is_tensor: Callable[[Any], bool], change: Callable[[str, Any], Any]
    ) -> CapturedCall:
        """The same call with every tensor that it is given changed, by its key."""
        places = {str(place): value for place, value in enumerate(self.args)}
        fresh = map_tensors({**places, **self.kwargs}, is_tensor, change)
        args = tuple(fresh[place] for place in places)
        return replace(self, args=args, kwargs={name: fresh[name] for name in self.kwargs})


class CallCapture(Recorder):
    """Watches a run and keeps the one call that is asked for."""

    def __init__(
        self,
        tensors: Tensors,
        layers: Mapping[str, Layer],
        breadcrumb: Breadcrumb,
        modules: Mapping[str, Any],
        wanted: tuple[str, int],
        masks: Masks,
    ) -> None:
        super().__init__(tensors, layers, Rehearsal(), breadcrumb)
        self.modules, self.wanted, self.masks = modules, wanted, masks
        self.captured: CapturedCall | None = None

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Keep the call of a module."""
        super().enter(path, args, kwargs)
        frame = self.frames[-1]
        if (frame.path, frame.call) == self.wanted:
            module = self.modules["" if frame.path == addresses.ROOT else frame.path]
            self.captured = CapturedCall(
                frame.path,
                module,
                args,
                dict(kwargs),
                module,
                self.masks.position(),
                state=held_by(module, self.tensors),
            )

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Keep the call of a function."""
        frame = self.frames[-1]
        path = f"{frame.path}/{name}.{frame.operations[name]}"
        if (path, frame.call) == self.wanted:
            self.captured = CapturedCall(path, function, args, dict(kwargs), position=self.masks.position())
        return super().operation(name, function, args, kwargs)


def held_by(module: Any, tensors: Tensors) -> dict[str, Array]:
    """Copies of the tensors of a module by name."""
    held = {name: value for name, value in module.state_dict().items() if tensors.is_tensor(value)}
    return {name: tensors.to_array(value).copy() for name, value in held.items()}

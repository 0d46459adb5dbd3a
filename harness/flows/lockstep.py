"""A training while it runs: both workers, the plan, and the passes that they take together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness import json_codec, pairs
from harness.case import PORT, REFERENCE, SIDES, Case
from harness.flows import inputs_and_weights
from harness.flows.together import together
from harness.flows.train_request import TrainRequest
from harness.pairs.base import Pair
from harness.pairs.recipe import Length
from harness.progress import Progress
from harness.scratch import Scratch
from harness.session import Worker
from harness.state_table import StateTable, learning, read_table
from harness.training.plan import Members, Plan, grouped
from harness.training.records import SideStep
from harness.training.setup import Setup, Uses
from harness.training.stream import Batch, BatchStream


@dataclass(frozen=True)
class Taken:
    """What a side told of a pass.

    `strange` are parameters whose gradient is not finite, `still` those that did not move, `unreached` those
    whose gradient is zero or absent.
    """

    told: SideStep
    cpu: float
    strange: tuple[str, ...]
    still: tuple[str, ...]
    unreached: tuple[str, ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Taken:
        """From a worker's answer."""
        names = (tuple(answer[name]) for name in ("strange", "still", "unreached"))
        return cls(json_codec.from_plain(SideStep, answer["told"]), float(answer["cpu"]), *names)


@dataclass
class Lockstep:
    """Both sides of a training, with workers that are alive."""

    request: TrainRequest
    pair: Pair
    case: Case
    scratch: Scratch
    workers: Mapping[str, Worker]
    stream: BatchStream
    plan: Plan
    progress: Progress
    members: list[Members] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)  # parameters that no group takes

    def build(self, sides: tuple[str, ...] = SIDES) -> None:
        """Make the models and sort the reference's parameters into groups."""
        described = together(self.workers, sides, self._build)
        reference = described[REFERENCE]
        types = {path: str(layer["type"]) for path, layer in reference["layers"].items()}
        table = read_table(reference["state"])
        learns = [entry.key for entry in table if entry.key in learning(table)]
        self.members = grouped(self.plan.recipe, learns, types)
        taken = {name for group in self.members for name in group.parameters}
        self.unclaimed = [name for name in learns if name not in taken]
        self._table = table

    def _build(self, side: str) -> dict[str, Any]:
        self.progress.event(side, "state", text=f"building {self.case.variant}")
        worker = self.workers[side]
        worker.ready()
        found: dict[str, Any] = worker.call(
            "build", pair=self.case.pair, variant=self.case.variant, upstream=None
        )
        return found

    def begin(self) -> None:
        """Load the same weights on both sides and set up their optimisers."""
        weights = self._weights(self._table)
        setup = asdict(self.setup())

        def begin(side: str) -> None:
            self.workers[side].call("load", state=str(weights))
            change = self.request.planted.to_dict() if side == PORT else None
            self.workers[side].call("begin_training", setup=setup, change=change)

        together(self.workers, SIDES, begin)

    def _weights(self, table: StateTable) -> Path:
        state = inputs_and_weights.state_for(self.pair, self.case, table)
        return inputs_and_weights.write(self.scratch.folder / "state.h5", "state", state)

    def setup(self) -> Setup:
        """What both optimisers are made of."""
        recipe = self.plan.recipe
        return Setup(
            optimizer=recipe.optimizer,
            options=dict(recipe.options),
            groups={one.group.name: list(one.parameters) for one in self.members if one.parameters},
            group_options={one.group.name: dict(one.group.options) for one in self.members},
            mode=recipe.mode,
            clip=recipe.clip,
            averages=recipe.ema is not None,
        )

    def uses(self, number: int, side: str = REFERENCE) -> dict[str, Any]:
        """What a pass uses on a side; a planted mistake may take it from another pass."""
        late = self.request.planted.lag if side == PORT else 0
        step = self.plan.at(number)
        source = self.plan.at(max(0, number - late)) if late else step
        ema = self.plan.recipe.ema
        return asdict(
            Uses(
                number=number,
                groups={name: dict(options) for name, options in source.uses.groups.items()},
                updates=step.updates,
                keeps=ema.keeps(step.count) if ema is not None and step.updates else None,
                passes=step.uses.accumulate,
            )
        )

    def take(self, batch: Batch, number: int, **reference: str) -> dict[str, Taken]:
        """Let both sides take a pass at once; `reference` names the files that the reference writes."""

        def take(side: str) -> Taken:
            more = reference if side == REFERENCE else {}
            answer = self.workers[side].call(
                "take_pass", batch=str(batch.path), uses=self.uses(number, side), **more
            )
            return Taken.read(answer)

        return together(self.workers, SIDES, take)

    def file(self, name: str) -> Path:
        """A scratch file, in memory where there is room; an older one of that name goes."""
        place = (self.scratch.memory or self.scratch.folder) / name
        place.unlink(missing_ok=True)
        return place


@contextlib.contextmanager
def lockstep(
    request: TrainRequest, place: Scratch, logs: Path, progress: Progress, sides: tuple[str, ...] = SIDES
) -> Iterator[Lockstep]:
    """Prepare a training and start its workers; leaving the context ends them."""
    pair = pairs.find(request.model)
    case = request.case(pair)
    batch = _batch_size(request, pair)
    with contextlib.ExitStack() as stack:
        folder = place.memory or place.folder
        stream = stack.enter_context(
            BatchStream(
                pair,
                request.data_request(pair, "train"),
                batch,
                request.seed,
                request.loaders,
                folder,
                request.model,
            )
        )
        length = Length(request.epochs or pair.recipe.epochs, stream.steps_per_epoch, batch)
        plan = Plan(pair.recipe, length, request.lr, request.stop())
        workers = {
            side: stack.enter_context(
                Worker(side, case.device, place.folder, logs / f"{side}.log", request.timeout)
            )
            for side in sides
        }
        yield Lockstep(request, pair, case, place, workers, stream, plan, progress)


def _batch_size(request: TrainRequest, pair: Pair) -> int:
    """Samples in a batch: as asked for, as the recipe has it, or as the pair draws its inputs."""
    found = request.batch or pair.recipe.batch
    if found is None:
        drawn = pair.inputs(request.case(pair).request(pair))
        found = int(next(iter(drawn.values())).shape[0])
    return found

"""A training while it runs: both workers, the plan, and the passes that they take together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import pairs
from harness.answers import Description, PassDone
from harness.case import PORT, REFERENCE, SIDES, Case
from harness.dropout import Agreement, DropoutPlan
from harness.flows import inputs_and_weights, refused_early
from harness.flows.shared_dropout import DropoutAgreement
from harness.flows.together import together
from harness.flows.train_request import TrainRequest
from harness.pairs.base import Pair
from harness.pairs.recipe import Length, Recipe
from harness.progress import Progress
from harness.requests import BeginTraining, Build, Load, PlanDropout, Run, TakePass
from harness.scratch import Scratch
from harness.session import ModelFailed, Worker
from harness.state_table import StateTable
from harness.training.change import Change
from harness.training.metrics import meter
from harness.training.plan import Members, Plan, grouped
from harness.training.setup import Setup, Uses
from harness.training.stream import Batch, BatchStream


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
    validation: BatchStream | None = None
    members: list[Members] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)  # parameters that no group takes
    undropped: dict[str, str] = field(
        default_factory=dict
    )  # where dropouts of the reference are off, and why
    own: bool = False  # a side that has training code of its own uses it
    larger: dict[int, float] = field(default_factory=dict)  # how many times the rates of a pass are taken

    def build(self, sides: tuple[str, ...] = SIDES) -> None:
        """Make the models and sort the reference's parameters into groups."""
        reference = together(self.workers, sides, self._build)[REFERENCE]
        types = {path: layer.type for path, layer in reference.layers.items()}
        learns = [entry.key for entry in reference.state if entry.learns]
        self.members = grouped(self.plan.recipe, learns, types)
        taken = {name for group in self.members for name in group.parameters}
        self.unclaimed = [name for name in learns if name not in taken]
        self._table, self._layers = reference.state, reference.layers

    def _build(self, side: str) -> Description:
        self.progress.event(side, "state", text=f"building {self.case.variant}")
        worker = self.workers[side]
        worker.ready()
        return worker.call(Build(self.case.pair, self.case.variant))

    def begin(self) -> None:
        """Load the same weights on both sides and set up their optimisers."""
        weights = self.weights = self._weights(self._table)
        self._plan_dropout(weights)
        together(self.workers, SIDES, lambda side: self.begin_side(side, weights))

    def begin_side(self, side: str, weights: Path) -> None:
        """Load weights on one side and set up its optimiser."""
        self.workers[side].call(Load(str(weights)))
        change = self.request.planted if side == PORT else Change()
        self.workers[side].call(BeginTraining(self.setup(), change))

    def _plan_dropout(self, weights: Path) -> None:
        """Let both sides rehearse a pass over the first batch, and drop as both can."""
        seed, mode, agreement = self.case.seed, self.case.mode, DropoutAgreement()
        plan = DropoutPlan(self.case.dropout, seed)

        def agreed(side: str, batch: Path) -> Agreement:
            worker = self.workers[side]
            worker.call(Load(str(weights)))
            worker.call(PlanDropout(replace(plan, rehearsal=True)))
            try:
                return agreement.agree(side, worker.call(Run(str(batch), mode, observe=False)).draws)
            except ModelFailed:  # it will raise once more in its first step, which says so in the log
                return Agreement()
            finally:
                agreement.tell(side, None)  # a side that is lost is not waited for

        found = dict.fromkeys(SIDES, Agreement())
        if plan.treatment != "off":
            with self.stream.first() as batch:
                found = together(self.workers, SIDES, lambda side: agreed(side, batch))
        self.undropped = dict(found[REFERENCE].off)
        for side, one in found.items():
            own = replace(plan, off=one.off, moved=one.moved, reversed=one.reversed)
            self.workers[side].call(PlanDropout(own))

    def _weights(self, table: StateTable) -> Path:
        state = inputs_and_weights.state_for(self.pair, self.case, table)
        return inputs_and_weights.write(self.scratch.folder / "state.h5", "state", state)

    def momenta(self) -> dict[str, float]:
        """The momentum of each norm of the reference, by its path."""
        found = {path: layer.attributes.get("momentum") for path, layer in self._layers.items()}
        return {path: value for path, value in found.items() if isinstance(value, float)}

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
            length=self.plan.length if self.own else None,
        )

    def uses(self, number: int, late: int = 0) -> Uses:
        """What a pass uses; with the options of an earlier one where it is `late`."""
        step = self.plan.at(number)
        source = self.plan.at(max(0, number - late))
        ema = self.plan.recipe.ema
        return Uses(
            number=number,
            groups={name: dict(options) for name, options in source.uses.groups.items()},
            updates=step.updates,
            keeps=ema.keeps(step.count) if ema is not None and step.updates else None,
            passes=step.uses.accumulate,
            loss_arguments=dict(source.uses.loss_arguments),
            rate=self.larger.get(number, 1.0),
        )

    def take(
        self,
        batch: Batch,
        number: int,
        memory: str = "",
        trace: str = "",
        values: Mapping[str, Path] | None = None,
    ) -> dict[str, PassDone]:
        """Let both sides take a pass at once; `memory` and `trace` are the reference's, `values` by side."""
        after = {side: str(path) for side, path in (values or {}).items()}

        def take(side: str) -> PassDone:
            kept = after.get(side, "")
            if side == REFERENCE:
                request = TakePass(str(batch.path), self.uses(number), memory, trace, kept)
            else:
                uses = self.uses(number, self.request.planted.lag)
                request = TakePass(str(batch.path), uses, values=kept)
            return self.workers[side].call(request)

        return together(self.workers, SIDES, take)

    @property
    def every(self) -> int:
        """Steps between two checkpoints."""
        return self.request.every or self.plan.length.steps

    def values_file(self, step: int) -> Path:
        """Where the reference's parameters after a step stay until the training ends."""
        return self.scratch.folder / f"values-{step}.h5"


@contextlib.contextmanager
def lockstep(
    request: TrainRequest,
    place: Scratch,
    logs: Path,
    progress: Progress,
    sides: tuple[str, ...] = SIDES,
    lent: Mapping[str, Worker] | None = None,
) -> Iterator[Lockstep]:
    """Prepare a training and start its workers; leaving the context ends them.

    `lent` workers are used instead of new ones, and live on.
    """
    pair = pairs.find(request.model)
    case = request.case(pair)
    refused_early.require_modules(pair, sides)
    inputs_and_weights.require_readable(pair, request.weights)
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
        validation = None
        if request.evaluate and meter(pair, pair.variant(case.variant)) is not None:
            # images of a validation split keep their sizes, which one batch cannot hold
            size = batch if request.data is None else 1
            asked = request.data_request(pair, "val")
            validation = stack.enter_context(
                BatchStream(pair, asked, size, request.seed, request.loaders, folder, request.model)
            )
        recipe = request.recipe_of(pair)
        length = _length(request, recipe, stream.steps_per_epoch, batch)
        plan = Plan(recipe, length, request.lr, request.stop())
        workers = dict(lent or {}) or {
            side: stack.enter_context(
                Worker(side, case.device, place.folder, logs / f"{side}.log", request.timeout)
            )
            for side in sides
        }
        yield Lockstep(request, pair, case, place, workers, stream, plan, progress, validation)


def _length(request: TrainRequest, recipe: Recipe, steps: int, batch: int) -> Length:
    """As many epochs as are asked for, or as the recipe's iterations or epochs need."""
    usual = recipe.epochs if recipe.iterations is None else -(-recipe.iterations // steps)
    return Length(request.epochs or usual, steps, batch)


def _batch_size(request: TrainRequest, pair: Pair) -> int:
    """Samples in a batch: as asked for, as the recipe has it, or as the pair draws its inputs."""
    found = request.batch or request.recipe_of(pair).batch
    if found is None:
        drawn = pair.inputs(request.case(pair).request(pair))
        found = int(next(iter(drawn.values())).shape[0])
    return found

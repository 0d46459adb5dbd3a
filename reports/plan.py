"""The plan of a training in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.language import tr
from harness.training.planned import Planned
from reports.tables import Column, table
from reports.words import count

_NAMES = 4


def draw_plan(plan: Planned, console: Console) -> None:
    """Draw groups, then the steps at which something happens."""
    options = ", ".join(f"{name} {value}" for name, value in plan.options.items())
    said = tr("{} ({}); {} of {}, batch {}; stops after {}.").format(
        plan.optimizer, options, count(plan.epochs, "epoch"), count(plan.steps_per_epoch, "step"), plan.batch,
        count(plan.stop, "step"),
    )  # fmt: skip
    console.print(Text(said))
    groups = dict(plan.groups)
    if plan.unclaimed:
        groups[tr("(none)")] = plan.unclaimed
    members = list(groups.values())
    console.print(
        table(
            console.width,
            [
                Column(tr("group"), list(groups)),
                Column(tr("parameters"), [str(len(names)) for names in members], number=True),
                Column(tr("which"), [_listed(names) for names in members], elastic=True),
            ],
        )
    )
    columns = [
        Column(tr("step"), [str(step.step) for step in plan.steps], number=True),
        Column(tr("epoch"), [str(step.epoch) for step in plan.steps], number=True),
        *_rates(plan),
        Column("", ["" if step.updates else tr("gathers") for step in plan.steps]),
        Column(tr("event"), [step.event for step in plan.steps], elastic=True),
    ]
    console.print(table(console.width, columns))
    for quirk in plan.quirks:
        console.print(Text(tr("as published: {}").format(quirk), style="dim"))


def _rates(plan: Planned) -> list[Column]:
    """One column for all groups that have the same rates throughout."""
    names = list(dict.fromkeys(name for step in plan.steps for name in step.groups))
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        cells = tuple(_rate(step.groups.get(name)) for step in plan.steps)
        alike.setdefault(cells, []).append(name)
    return [
        Column(
            f"lr {chosen[0]}" + (tr(" and {} more").format(len(chosen) - 1) if chosen[1:] else ""),
            list(cells),
        )
        for cells, chosen in alike.items()
    ]


def _rate(options: dict[str, float] | None) -> str:
    return "-" if options is None else f"{options['lr']:.3g}"


def _listed(names: list[str]) -> str:
    more = tr(" and {} more").format(len(names) - _NAMES) if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more

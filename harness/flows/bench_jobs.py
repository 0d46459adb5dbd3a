"""Which two contestants each row of a measurement sets against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.bench.result import Contestant, IdleSwitch
from harness.bench.switches import SWITCHES, together
from harness.case import PORT, REFERENCE, SIDES, Case


@dataclass(frozen=True)
class Job:
    """One row to be measured."""

    first: Contestant
    second: Contestant


Jobs = tuple[list[Job], list[IdleSwitch]]
Plan = Callable[[Case], Jobs]
"""The rows of a case, and the switches that are not measured for it."""


def sides_alone(case: Case) -> Jobs:
    """The port against the reference."""
    return [Job(Contestant(REFERENCE), Contestant(PORT))], []


def with_switches(case: Case) -> Jobs:
    """And each side against itself, with each of its switches and with all that may gain something."""
    jobs, idle = sides_alone(case)
    for side in SIDES:
        useful = list[str]()
        for switch in (switch for switch in SWITCHES if switch.side == side):
            why = switch.idle_because(case.device, case.mode)
            if why:
                idle.append(IdleSwitch(side, switch.name, why))
            else:
                useful.append(switch.name)
        chosen: list[tuple[str, ...]] = [(name,) for name in useful]
        whole = together(side, useful)
        if len(whole) > 1:
            chosen.append(whole)
        jobs += [Job(Contestant(side), Contestant(side, names)) for names in chosen]
    return jobs, idle


def against_themselves(case: Case) -> Jobs:
    """Each side against itself: whatever is found there is an error of the measurement."""
    return [Job(Contestant(side), Contestant(side, again=True)) for side in SIDES], []

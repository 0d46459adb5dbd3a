"""`align doctor`: what is installed on both sides, what is wrong, and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.beating import beating
from harness.cli.command_result import CommandResult
from harness.environment.examine import examine
from harness.environment.findings import DoctorFinding, Report
from harness.environment.mend import mend
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_STYLES = {"ok": "green", "warn": "yellow", "wrong": "bold red", "off": "dim"}
_TITLES = {"machine": "this machine", "torch": "torch side", "jittor": "jittor side"}


def outcome(fix: bool) -> CommandResult:
    """What the doctor found, after mending what can be mended if asked to."""
    with beating("doctor") as say:
        report = examine(say)
        if fix:
            mend(report, say)
            report = examine(say)
        if any(map(report.runs, report.sides)):
            from harness.flows.doctor_trial import with_recordings  # needs more than a doctor has to have

            report = with_recordings(report, say)
    return CommandResult(report.exit_code, report.to_dict(), lambda console: draw(report, console))


def draw(report: Report, console: Console) -> None:
    """A table of everything, then what is wrong with the commands that mend it, then one sentence."""
    from rich.text import Text

    console.print(_table(report))
    for finding in report.findings:
        if finding.state not in ("warn", "wrong"):
            continue
        console.print()
        console.print(Text(f"{finding.state}: {printable(finding.wrong)}", style=_STYLES[finding.state]))
        if finding.mend:  # never broken into lines, so that it can be copied
            console.print(Text(f"    {printable(finding.mend)}"), soft_wrap=True)
    console.print()
    console.print(Text(f"{report.sentence[:1].upper()}{report.sentence[1:]}", style="bold"))


def _table(report: Report) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=False)
    table.add_column("", no_wrap=True)
    table.add_column("part", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("found", overflow="fold")
    for side, title in _TITLES.items():
        for place, finding in enumerate(report.of(side)):
            table.add_row(Text("" if place else title, style="bold"), *_cells(finding))
        table.add_section()
    return table


def _cells(finding: DoctorFinding) -> list[Text]:
    from rich.text import Text

    state = Text(finding.state, style=_STYLES[finding.state])
    return [Text(finding.part), state, Text(printable(finding.found))]

"""Where a result comes from: what was called, when, by which version, on what kind of machine."""

from __future__ import annotations

import datetime
import platform
from dataclasses import dataclass
from importlib import metadata

from harness import own_name
from harness.bench.machine import this_machine
from harness.json_codec import Partial


@dataclass(frozen=True)
class Provenance(Partial):
    """The origin of an alignment; what is not known is empty."""

    title: str = ""
    upstream: str = ""
    command: str = ""
    date: str = ""
    program: str = ""
    host: str = ""
    processor: str = ""
    cores: int = 0


def provenance(title: str = "", upstream: str = "") -> Provenance:
    """The origin of a result that is made now, of a pair that calls itself so and follows that upstream."""
    now, machine = datetime.datetime.now(datetime.timezone.utc), this_machine("")
    return Provenance(
        title=title,
        upstream=upstream,
        command=own_name.called(),
        date=now.isoformat(timespec="seconds"),
        program=_program(),
        host=f"{machine.system} {platform.machine()}",
        processor=machine.processor,
        cores=machine.cores,
    )


def _program() -> str:
    try:
        return metadata.version("jittor-align")
    except metadata.PackageNotFoundError:
        return ""

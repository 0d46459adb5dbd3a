"""Finds the parts of CUDA that Jittor needs on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.environment.cuda.card import Card, first_card
from harness.environment.cuda.nvcc import Nvcc, candidates, first_working
from harness.environment.cuda.parts import WANTED, Part, PartSource, defined, find, sources
from harness.environment.interpreter_info import InterpreterInfo

_COMPILER = "nvcc,cccl,crt,nvvm"
_LIBRARIES = "cudart,cublas,curand,cufft,cusparse"


@dataclass(frozen=True)
class Survey:
    """A card, a compiler and the libraries, from the point of view of one interpreter."""

    facts: InterpreterInfo
    card: Card | None
    nvcc: Nvcc | None
    why_no_nvcc: str = ""
    places: Sequence[PartSource] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def cudnn_major(self) -> int:
        """The major version of cuDNN; 0 where there is none."""
        source = self.parts["cudnn"].source if "cudnn" in self.parts else None
        if source is None:
            return 0
        headers = [source.include / name for name in ("cudnn_version.h", "cudnn.h")]
        return next(filter(None, (defined(header, "CUDNN_MAJOR") for header in headers)), 0)

    @property
    def has_npp(self) -> bool:
        """Whether the toolkit brings the header of its image library."""
        source = self.parts["cudart"].source
        return source is not None and (source.include / "npp.h").is_file()

    @property
    def missing(self) -> list[Part]:
        """The libraries that are not there or only half there."""
        return [part for part in self.parts.values() if part.source is None]

    @property
    def complete(self) -> bool:
        """Whether Jittor can be brought up on a card."""
        return self.card is not None and self.nvcc is not None and not self.missing

    def wheels(self) -> tuple[str, ...]:
        """What pip can install to complete it."""
        if self.nvcc is None:
            return (f"cuda-toolkit[{_COMPILER},{_LIBRARIES}]==13.0.*", "nvidia-cudnn-cu13")
        names = [part.wanted.name for part in self.missing]
        major, minor, _ = self.nvcc.version
        inside = ",".join(name for name in names if name != "cudnn")
        wheels = [f"cuda-toolkit[{inside}]=={major}.{minor}.*"] if inside else []
        if "cudnn" in names:
            wheels.append(f"nvidia-cudnn-cu{major}" + ("==8.9.7.29" if major == 12 else ""))
        return tuple(wheels)


def survey(facts: InterpreterInfo) -> Survey:
    """Look for everything; nothing is changed."""
    nvcc, why = first_working(candidates(facts))
    if nvcc is None:
        return Survey(facts, first_card(), None, why)
    places = sources(nvcc, facts)
    parts = {wanted.name: find(wanted, places) for wanted in WANTED}
    return Survey(facts, first_card(), nvcc, "", places, parts)

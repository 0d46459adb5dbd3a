"""The libraries that Jittor needs from a CUDA toolkit, and where each is found with its header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.environment.cuda.nvcc import Nvcc
from harness.environment.interpreter_info import InterpreterInfo


@dataclass(frozen=True)
class Wanted:
    """A library, the header that shows it is complete, and the headers and files that belong to it."""

    name: str
    header: str
    headers: tuple[str, ...]  # beginnings of names; empty for all that no other library claims
    stems: tuple[str, ...]

    def owns(self, file: str) -> bool:
        """Whether a header of this name belongs here."""
        if self.headers:
            return file.startswith(self.headers)
        return not any(other.owns(file) for other in WANTED if other.headers)


WANTED = (
    Wanted("cudart", "cuda_runtime.h", (), ("libcudart",)),
    Wanted("cublas", "cublas_v2.h", ("cublas",), ("libcublas", "libcublasLt")),
    Wanted("curand", "curand.h", ("curand",), ("libcurand",)),
    Wanted("cufft", "cufft.h", ("cufft", "cudalibxt"), ("libcufft",)),
    Wanted("cusparse", "cusparse.h", ("cusparse",), ("libcusparse",)),
    Wanted("cudnn", "cudnn.h", ("cudnn",), ("libcudnn",)),
)
LOADED_LATER = ("libnvJitLink", "libnvrtc", "libnvrtc-builtins")  # by the libraries themselves, where present
DEVICE_RUNTIME = "libcudadevrt.a"  # nvcc links it into everything


@dataclass(frozen=True)
class PartSource:
    """A folder of headers and the folder of the libraries that belong to them."""

    include: Path
    library: Path

    def has_library(self, stem: str) -> bool:
        """Whether the library is here under any version."""
        return any(self.library.glob(f"{stem}.so*"))

    def files(self, stem: str) -> set[Path]:
        """The library's files; cuDNN comes in several pieces."""
        pieces = f"{stem}_*.so*" if stem == "libcudnn" else f"{stem}.so*"
        return {*self.library.glob(f"{stem}.so*"), *self.library.glob(pieces)}


@dataclass(frozen=True)
class Part:
    """What was found of one library: where, or what is missing."""

    wanted: Wanted
    source: PartSource | None
    missing: str = ""


def sources(nvcc: Nvcc, facts: InterpreterInfo, system: Path = Path("/usr")) -> list[PartSource]:
    """Where headers and libraries may lie: the toolkit, the nvidia wheels, the system."""
    return [source for source in dict.fromkeys(_places(nvcc, facts, system)) if source.include.is_dir()]


def _places(nvcc: Nvcc, facts: InterpreterInfo, system: Path) -> Iterator[PartSource]:
    top, machine = nvcc.top, facts.machine
    yield PartSource(top / "include", top / "lib64")
    yield PartSource(top / "include", top / "lib")
    for target in (machine, "sbsa"):
        folder = top / "targets" / f"{target}-linux"
        yield PartSource(folder / "include", folder / "lib")
    for site in facts.site:
        for folder in sorted((site / "nvidia").glob("*")):
            if _suits(folder.name, nvcc.version[0]):
                yield PartSource(folder / "include", folder / "lib")
    libraries = system / "lib" / f"{machine}-linux-gnu"
    yield PartSource(system / "include", libraries)
    yield PartSource(system / "include" / f"{machine}-linux-gnu", libraries)


def _suits(folder: str, major: int) -> bool:
    """Whether a wheel's folder is for this CUDA: `cu13` from CUDA 13 on, a folder for each library before."""
    if numbered := re.fullmatch(r"cu(\d+)", folder):
        return int(numbered[1]) == major
    return folder == "cudnn" or major < 13


def find(wanted: Wanted, places: Iterable[PartSource]) -> Part:
    """The first place that has a library together with its header."""
    header_at = library_at = None
    for source in places:
        has_header = (source.include / wanted.header).is_file()
        has_library = source.has_library(wanted.stems[0])
        if has_header and has_library:
            return Part(wanted, source)
        header_at = header_at or (source.include if has_header else None)
        library_at = library_at or (source.library if has_library else None)
    if header_at:
        return Part(wanted, None, f"its header is in {header_at}, but no {wanted.stems[0]}.so")
    if library_at:
        return Part(wanted, None, f"the library is in {library_at}, but no {wanted.header}")
    return Part(wanted, None, f"neither {wanted.header} nor {wanted.stems[0]}.so was found")


def defined(header: Path, name: str) -> int:
    """The number that a header defines a name as; 0 where it does not."""
    try:
        text = header.read_text(errors="replace")
    except OSError:
        return 0
    found = re.search(rf"^\s*#\s*define\s+{name}\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0

"""One toolkit folder for Jittor, laid out from a compiler and libraries that may lie anywhere."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.environment.cuda import shims
from harness.environment.cuda.nvcc import Nvcc
from harness.environment.cuda.parts import DEVICE_RUNTIME, LOADED_LATER, PartSource, Wanted
from harness.environment.cuda.survey import Survey
from harness.environment.files import link, write
from harness.environment.requirements import install
from harness.errors import NoEnvironment

_REAL_CUDNN = "cudnn9"  # where the real headers go when a shim takes their place
_OLD_CUDNN = {"ops_infer": "ops", "ops_train": "ops", "cnn_infer": "cnn", "cnn_train": "cnn"}


def prepare(found: Survey, home: Path) -> dict[str, str]:
    """Lay the toolkit out below Jittor's home and return the variables that lead Jittor to it."""
    nvcc = _complete(found)
    root = home / "toolkit-{}.{}".format(*nvcc.version)
    lay_out(found, nvcc, root)
    return variables(found, nvcc, root)


def _complete(found: Survey) -> Nvcc:
    if found.card is None:
        raise NoEnvironment("the jittor side cannot use CUDA: no NVIDIA driver answers. Use --device cpu")
    if found.nvcc is not None and not found.missing:
        return found.nvcc
    lacking = [f"{part.wanted.name}: {part.missing}" for part in found.missing]
    what = "; ".join(lacking) or found.why_no_nvcc
    command = install(found.facts, *found.wheels())
    raise NoEnvironment(f"the jittor side cannot use CUDA: {what}. Mend it with: {command}")


def variables(found: Survey, nvcc: Nvcc, root: Path) -> dict[str, str]:
    """The environment variables that make Jittor use the toolkit in `root`."""
    variables = {
        "nvcc_path": str(root / "bin/nvcc"),
        "use_nccl": "0",
        "use_cutt": "0",  # this and the next would be downloaded
        "use_cutlass": "0",
        "NVIDIA_TF32_OVERRIDE": "0",  # plain float32 in cuDNN and cuBLAS
    }
    if found.card is not None and found.card.architecture is not None:
        variables["cuda_archs"] = str(found.card.architecture)
    if nvcc.version[0] >= 13:
        variables.update({"cc_flags": shims.CUDA13_FLAGS, "NVCC_APPEND_FLAGS": shims.CUDA13_NVCC_FLAGS})
    return variables


def lay_out(found: Survey, nvcc: Nvcc, root: Path) -> None:
    """Fill `root` with bin, include and lib64."""
    # A script: Jittor follows links, and would take the folder above the real nvcc for the toolkit.
    call = f'#!/bin/sh\nexec {shlex.quote(str(nvcc.path.resolve()))} "$@"\n'
    write(root / "bin/nvcc", call, executable=True)
    ours = _shimmed(found, nvcc)
    for part in found.parts.values():
        if part.source is not None:
            _link_headers(part.wanted, part.source.include, root / "include", ours)
            _link_libraries(part.source, part.wanted.stems, root / "lib64")
    for stem in LOADED_LATER:
        if source := next((place for place in found.places if place.has_library(stem)), None):
            _link_libraries(source, (stem,), root / "lib64")
    runtimes = (place.library / DEVICE_RUNTIME for place in found.places)
    if runtime := next(filter(Path.is_file, runtimes), None):
        link(root / "lib64" / DEVICE_RUNTIME, runtime)
    _write_shims(ours, found.cudnn_major, root)
    _drop_dead_links([root / "include", root / "include" / _REAL_CUDNN, root / "lib64"])


def _shimmed(found: Survey, nvcc: Nvcc) -> set[str]:
    """The names in `include` that are ours."""
    names = {"npp.h": not found.has_npp, "cub": nvcc.version[0] >= 13, "cudnn.h": found.cudnn_major >= 9}
    return {name for name, needed in names.items() if needed}


def _link_headers(wanted: Wanted, source: Path, include: Path, ours: set[str]) -> None:
    for entry in source.iterdir():
        if not wanted.owns(entry.name):
            continue
        if entry.name not in ours:
            link(include / entry.name, entry)
        if wanted.name == "cudnn" and "cudnn.h" in ours:
            link(include / _REAL_CUDNN / entry.name, entry)


def _link_libraries(source: PartSource, stems: Sequence[str], folder: Path) -> None:
    """Link every file of a library, and the name without a version that the wheels leave out."""
    plain: dict[str, str] = {}
    for stem in stems:
        for file in sorted(source.files(stem)):
            link(folder / file.name, file)
            plain[f"{file.name.partition('.so')[0]}.so"] = file.name
    for name, versioned in plain.items():
        if not (source.library / name).exists():
            link(folder / name, versioned)


def _write_shims(ours: set[str], cudnn_major: int, root: Path) -> None:
    include = root / "include"
    if "npp.h" in ours:
        write(include / "npp.h", shims.npp_header())
    if "cub" in ours:
        write(include / "cub/cub.cuh", shims.CUB_HEADER)
    if "cudnn.h" in ours:
        write(include / "cudnn.h", shims.cudnn_header(_REAL_CUDNN))
        for old, new in _OLD_CUDNN.items():  # the names of cuDNN 8, which Jittor opens
            link(root / "lib64" / f"libcudnn_{old}.so", f"libcudnn_{new}.so.{cudnn_major}")


def _drop_dead_links(folders: Iterable[Path]) -> None:
    """Forget what was linked from packages that are gone."""
    for folder in filter(Path.is_dir, folders):
        for entry in folder.iterdir():
            if entry.is_symlink() and not entry.exists():
                entry.unlink(missing_ok=True)

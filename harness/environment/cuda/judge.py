"""What the doctor says of CUDA on the Jittor side."""

from __future__ import annotations

from collections.abc import Iterator

from harness.environment.cuda.card import MOST_CAPABLE, Card
from harness.environment.cuda.survey import Survey
from harness.environment.findings import DoctorFinding, State
from harness.environment.requirements import install


def judge(found: Survey) -> list[DoctorFinding]:
    """One row a part. Where there is no card, nothing of it can be used and nothing is missed."""
    if found.card is None and found.nvcc is None:
        return [DoctorFinding("jittor", "device", "cpu; no NVIDIA driver, no CUDA compiler")]
    return [_device(found.card), *_parts(found, "off" if found.card is None else "warn")]


def _device(card: Card | None) -> DoctorFinding:
    if card is None:
        return DoctorFinding("jittor", "device", "cpu; no NVIDIA driver, so no use for the CUDA parts below")
    found = f"cpu; {card.name}, driver {card.driver}, sm_{card.architecture or 'unknown'}"
    if card.architecture is None or card.architecture <= MOST_CAPABLE:
        return DoctorFinding("jittor", "device", found)
    wrong = f"Jittor 1.3.11 builds for at most sm_{MOST_CAPABLE}, which {card.name} cannot run"
    return DoctorFinding("jittor", "device", found, "warn", wrong, "use --device cpu")


def _parts(found: Survey, lacking: State) -> Iterator[DoctorFinding]:
    command = install(found.facts, *found.wheels())
    # Wheels that torch brought must stay as they are.
    wheels = () if "torch" in found.facts.packages else found.wheels()
    if found.nvcc is None:
        yield DoctorFinding("jittor", "nvcc", "missing", lacking, found.why_no_nvcc, command, wheels)
        return
    yield DoctorFinding("jittor", "nvcc", f"{found.nvcc.version_text} in {found.nvcc.top}")
    missing = {part.wanted.name: f"{part.wanted.name}: {part.missing}" for part in found.missing}
    cudnn = missing.pop("cudnn", "")
    there = ", ".join(name for name in found.parts if name not in missing and name != "cudnn")
    text = f"{there or 'none'}; missing: {', '.join(missing)}" if missing else there
    yield _part("CUDA libraries", text, lacking, "; ".join(missing.values()), command, wheels)
    text = "missing" if cudnn else str(found.cudnn_major or "of an unknown version")
    yield _part("cuDNN", text, lacking, cudnn, command, wheels)


def _part(
    name: str, text: str, lacking: State, wrong: str, command: str, wheels: tuple[str, ...]
) -> DoctorFinding:
    if not wrong:
        return DoctorFinding("jittor", name, text)
    return DoctorFinding("jittor", name, text, lacking, f"--device cuda cannot run: {wrong}", command, wheels)

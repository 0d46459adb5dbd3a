"""The public API: compare, record, diff, check, evaluate, assert_aligned, in scripts and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.alignment import Alignment
from harness.errors import BadInput
from harness.pairs import spelled
from harness.progress import Progress, Silent
from harness.verdict import NoisePolicy, Policy

if TYPE_CHECKING:
    from harness.evaluating.result import Evaluation
    from harness.pairs.base import Mode

_SHOWN_SOURCES = 5


def compare(
    model: str,
    variant: str | None = None,
    *,
    mode: Mode = "eval",
    policy: Policy | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Alignment:
    """Run both sides of a pair, compare every layer, and write the run's folder.

    `model` is a built-in pair, `path/to/pair.py` or `package.module:PAIR`. `settings` are those of
    `align compare`, with underscores: layers, weights, device, dtype, seed, input_size, batch, reference,
    timeout, output, keep, isolated, dropout.
    """
    from harness.flows import compare as run

    request = _request(model, variant, mode=mode, policy=policy or NoisePolicy(), **settings)
    return run(request, progress or Silent())


def compare_modules(
    torch_module: Any,
    jittor_module: Any,
    inputs: Mapping[str, Any] | Sequence[Any],
    *,
    mode: Mode = "eval",
    policy: Policy | None = None,
    layer_map: str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Alignment:
    """Compare two modules that exist in this process, on the CPU, with the weights of the PyTorch one.

    `inputs` are the arrays or tensors that both are called with, in order. Neither module is changed. In the
    modes `train` and `frozen` the loss is the module's own `losses`, else the mean square of its outputs.
    `layer_map` is a file of `align map`, where the layers of the port have other names.
    """
    from harness.flows.live_modules import compare_modules as run

    request = _request("", None, mode=mode, policy=policy or NoisePolicy(), **settings)
    names = None if layer_map is None else Path(layer_map)
    return run(torch_module, jittor_module, inputs, request, progress or Silent(), names)


def record(
    model: str,
    side: str,
    path: str | Path,
    variant: str | None = None,
    *,
    mode: Mode = "eval",
    progress: Progress | None = None,
    truth: bool = True,
    **settings: Any,
) -> Path:
    """Run one side of a pair, `torch` or `jittor`, and write its trace to `path`.

    The reference's trace carries its float64 truth, unless `truth` is False.
    """
    from harness.case import SIDES
    from harness.flows import record as run

    if side not in SIDES:
        raise BadInput(f"side is {side!r}; it should be one of {', '.join(SIDES)}")
    request = _request(model, variant, mode=mode, **settings)
    return run(request, side, Path(path), progress or Silent(), truth=truth).path


def evaluate(
    model: str, variant: str | None = None, *, progress: Progress | None = None, **settings: Any
) -> Evaluation:
    """Take the metrics of given weights on a data set, both sides, and write the run's folder.

    `settings` are those of `align evaluate`, with underscores: weights, port_weights, data, split, fold,
    limit, batch, input_size, device, seed, margin, timeout, output. Unreadable samples are in `broken`.
    """
    from harness.flows.evaluate import evaluate as run
    from harness.flows.evaluate_request import EvaluateRequest

    asked = EvaluateRequest(model=spelled(model), variant=variant, **_known(settings, EvaluateRequest))
    found, _ = run(asked, progress or Silent())
    return found


def diff(
    reference: str | Path,
    candidate: str | Path,
    *,
    policy: Policy | None = None,
    truth: str | Path | None = None,
) -> Alignment:
    """Compare two traces that were recorded before; nothing runs."""
    from harness.flows import diff as run

    return run(Path(reference), Path(candidate), policy or NoisePolicy(), Path(truth) if truth else None)


def check(alignment: Alignment | str | Path, policy: Policy) -> Alignment:
    """Judge the stored numbers of an alignment, or of an alignment.json, by another policy; nothing runs."""
    from harness.comparing import rejudge

    return rejudge(_loaded(alignment), policy)


def assert_aligned(alignment: Alignment | str | Path) -> Alignment:
    """Raise AssertionError with the verdict, the first divergence and the sources unless it is aligned."""
    found = _loaded(alignment)
    if found.verdict != "aligned":
        lines = [found.sentence]
        if found.first:
            lines.append(f"first: {found.first}: {found.row(found.first).verdict.reason}")
        lines += [f"source: {source.address}: {source.text}" for source in found.sources[:_SHOWN_SOURCES]]
        raise AssertionError("\n".join(lines))
    return found


def _loaded(alignment: Alignment | str | Path) -> Alignment:
    return alignment if isinstance(alignment, Alignment) else Alignment.load(alignment)


def _request(model: str, variant: str | None, **settings: Any) -> Any:
    from harness.flows import CompareRequest

    return CompareRequest(model=spelled(model), variant=variant, **_known(settings, CompareRequest))


def _known(settings: dict[str, Any], request: Any) -> dict[str, Any]:
    """The settings of a request, files and folders as it has them; one that it does not have is refused."""
    known = {field.name for field in fields(request)}
    unknown = sorted(settings.keys() - known)
    if unknown:
        allowed = ", ".join(sorted(known - {"model", "variant"}))
        raise BadInput(f"there is no setting {', '.join(unknown)}; allowed are: {allowed}")
    return {name: _as_asked(name, value) for name, value in settings.items()}


def _as_asked(name: str, value: Any) -> Any:
    if name in ("output", "data") and isinstance(value, str):
        return Path(value)
    return str(value) if isinstance(value, Path) and name in ("weights", "port_weights") else value

"""Makes the corpus: small right files of every format. Run it as `./run python -m tests.fuzz.seeds`."""

from __future__ import annotations

import io
import pickle
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch

from harness.evaluating.evidence import OutputRange
from harness.evaluating.unfinished import NAME as UNFINISHED
from harness.evaluating.unfinished import Unfinished
from harness.flows.evaluate_request import EvaluateRequest
from harness.layer_map import LayerMap, MapRule
from harness.trace import carry
from harness.training.log import TrainingLog
from tests.faults.checkpoints.case import (
    PLAIN,
    jittor,
    legacy,
    npz,
    ones,
    safetensors,
    state,
    tensor,
    text,
    torch_tar,
    torch_zip,
)
from tests.faults.checkpoints.damaged import hdf5_bytes
from tests.fuzz.mutators.hdf5 import rewritten
from tests.fuzz.targets import TARGETS
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made as evaluation
from tests.unit.reports.samples import alignment, row
from tests.unit.trace.samples import write, write_upstream
from tests.unit.training.samples import records as training_records
from weight_convert import State, write_state
from weight_convert.keymaps.load import _SHIPPED

Files = Iterator[tuple[str, str, bytes]]
_LAYERS = text("_parameters") + b"}" + text("weight") + tensor("0", 4, 0, (2, 2), (2, 1)) + b"s"
MODULE = b"\x80\x02cnet\nNet\n)\x81}(" + _LAYERS + (text("_buffers") + b"}" + text("_modules") + b"}ub.")
VIEWS = state({"a": tensor("0", 4, 0, (2, 2), (2, 1)), "b": tensor("0", 4, 1, (3,), (1,))})
LAYER_MAP = LayerMap(
    checked=True,
    layers=[MapRule("layer*.conv1", "stages.*.first", 0.8, "by order", False), MapRule("fc", "head")],
    parameters=[MapRule("fc.weight", "head.gamma", 0.95, "the only one of its shape")],
)
CONFIG = """\
model = "cpanet"
variant = "vgg16"
layers = "all"
weights = "seeded"
device = "cpu"
seed = 7
input-size = "64x64"
rtol = ["1e-4", "layer:*=1e-3"]
timeout = 600
torch-python = "../torch-env/bin/python"
"""
KEY_MAP = """\
about = "every rule once"
version = 1

[[rule]]
rename = "features.*.weight"
to = "layer.*.w"

[[rule]]
transpose = "a.1.weight"
axes = [1, 0]
check = "look at it"
"""
PUBLISHED = """\
notes = ["of one training"]

[[row]]
name = "toy"
torch = { mIoU = 0.9, Fa = 2.3e-6 }
jittor = { mIoU = 0.91, Fa = 3.2e-6 }
"""


def main() -> None:
    """Write every file of the corpus anew."""
    for target in TARGETS.values():
        shutil.rmtree(target.corpus, ignore_errors=True)
        target.corpus.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, file, raw in (*_checkpoints(), *_saved(Path(folder)), *_traces(Path(folder)), *_texts()):
            (TARGETS[name].corpus / file).write_bytes(raw)


def training_log(steps: int, twins: int) -> bytes:
    """A small training log."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.jsonl"
        with TrainingLog(path) as log:
            for record in training_records(steps=steps, per_epoch=2, twins=twins):
                log.write(record)
        return path.read_bytes()


def unfinished() -> bytes:
    """What an evaluation keeps to go on from."""
    metrics = {side: {"samples": [0.5, 0.5], "own positive": [3.0]} for side in ("torch", "jittor")}
    ranges = {side: OutputRange({"out": 0.0}, {"out": 1.0}) for side in metrics}
    with tempfile.TemporaryDirectory() as folder:
        Unfinished(
            request=EvaluateRequest("toy", input_size=(8, 8)).to_dict(),
            next=2,
            rows=evaluation().samples,
            broken=[],
            metrics=metrics,
            ranges=ranges,
            allowed=({"out": [1e-6]}, {"out": [1e-6]}),
            measured=1,
        ).save(Path(folder))
        return (Path(folder) / UNFINISHED).read_bytes()


def _checkpoints() -> Files:
    """Files put together by hand."""
    training = {"state_dict": PLAIN, "epoch": 3, "args": {"lr": 0.1}, "name": "x"}
    yield "pickle", "jittor.pkl", jittor(pickle.dumps(PLAIN, 4))
    yield "pickle", "training.pkl", pickle.dumps(training, 2)
    values = [{1, 2}, frozenset("ab"), bytearray(b"c"), b"d", 1j, (1.5, None), OrderedDict(a=True), 1 << 70]
    for protocol in (2, 4):
        whole = pickle.dumps({"a": PLAIN["steps"], "values": values}, protocol)
        yield "pickle", f"values-{protocol}.pkl", whole
    yield "torch-zip", "module.pt", torch_zip(MODULE, {"0": ones(4)})
    yield "torch-zip", "views.pt", torch_zip(VIEWS, {"0": ones(4)})
    yield "torch-legacy", "module.pt", legacy(MODULE, {"0": np.ones(4, np.float32)})
    yield "torch-legacy", "views.pt", legacy(VIEWS, {"0": np.ones(4, np.float32)})
    yield "torch-tar", "plain.tar", torch_tar({key: PLAIN[key] for key in ("bn.running_mean", "steps")})
    yield "npz", "plain.npz", npz(PLAIN)
    yield "npz", "packed.npz", npz(PLAIN, compressed=True)
    entry = {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
    yield "safetensors", "small.safetensors", safetensors(entry, ones(4))
    yield "hdf5", "plain.h5", hdf5_bytes(PLAIN)


def _saved(folder: Path) -> Files:
    """Files as our own writer and torch make them."""
    kept = State.of({"conv.weight": np.arange(12, dtype=np.float32).reshape(3, 4), "steps": np.asarray(3)})
    ways = {"pickle": ".pkl", "torch-zip": ".pt", "npz": ".npz", "safetensors": ".safetensors", "hdf5": ".h5"}
    for name, ending in ways.items():
        path = folder / f"written{ending}"
        write_state(kept, path)
        yield name, path.name, path.read_bytes()
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2))
    for name, new in (("torch-zip", True), ("torch-legacy", False)):
        out = io.BytesIO()
        state = {"model": model.half().state_dict(), "epoch": 1}
        torch.save(state, out, _use_new_zipfile_serialization=new)
        yield name, "saved.pt", out.getvalue()
    chunked = folder / "chunked.h5"
    with h5py.File(chunked, "w") as file:
        file.create_dataset(
            "block/weight", data=np.ones((9, 3), np.float32), chunks=(4, 3), compression="gzip"
        )
        file["block"].attrs["about"] = "a text"
        file["half"] = np.ones(3, np.float16)
    yield "hdf5", "chunked.h5", chunked.read_bytes()


def _traces(folder: Path) -> Files:
    for name, compact in (("whole", False), ("compact", True)):
        path, older = folder / f"{name}.h5", folder / f"{name}-older.h5"
        write(path, compact=compact, samples=16)
        rewritten(path, older)
        yield "trace", path.name, path.read_bytes()
        yield "trace", older.name, older.read_bytes()
    carrying, truth = folder / "carrying.h5", folder / "truth.h5"
    write(carrying, compact=True)
    write(truth, compact=True, samples=16)
    carry(carrying, truth)
    yield "trace", carrying.name, carrying.read_bytes()
    upstream = folder / "upstream.h5"
    write_upstream(upstream)
    yield "trace", "upstream.h5", upstream.read_bytes()


def _texts() -> Files:
    rows = [row("layer:a#0:out", 0, 1e-3), row("output:0", 1), row("grad:a.weight", 2, noise=None)]
    yield "alignment", "diverged.json", alignment(rows).to_json().encode()
    yield "alignment", "aligned.json", alignment(rows[1:2]).to_json().encode()
    for name, steps, twins in (("whole", 6, 2), ("bare", 2, 0)):
        yield "training", f"{name}.jsonl", training_log(steps, twins)
    yield "evaluation", "aligned.json", evaluation().to_json().encode()
    yield (
        "evaluation",
        "diverged.json",
        evaluation(0.5, 30.0, empty=["no mask holds a target"]).to_json().encode(),
    )
    yield "bench", "several.json", several().to_json().encode()
    yield "unfinished", "unfinished.json", unfinished()
    yield "layer-map", "names.json", LAYER_MAP.text().encode()
    yield "published", "published.toml", PUBLISHED.encode()
    yield "config", "align.toml", CONFIG.encode()
    yield "key-map", "every-rule.toml", KEY_MAP.encode()
    for path in sorted(_SHIPPED.glob("*.toml")):
        if path.stat().st_size < 6000:
            yield "key-map", path.name, path.read_bytes()


if __name__ == "__main__":
    main()

"""What is fuzzed: every reader of a file that a stranger may have made."""

from __future__ import annotations

import atexit
import functools
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from harness.alignment import Alignment
from harness.bench.result import Bench
from harness.config import load_config
from harness.errors import BadInput
from harness.evaluating.result import Evaluation
from harness.evaluating.side_by_side import read_published
from harness.evaluating.unfinished import Unfinished
from harness.flows.evaluate_request import EvaluateRequest
from harness.layer_map import LayerMap, port_names
from harness.trace import Trace
from harness.training.log import Training
from reports import (
    bench,
    bench_page,
    evaluation,
    evaluation_page,
    html,
    junit,
    markdown,
    terminal,
    training,
    training_page,
)
from reports.sheet import Sheet
from tests.fuzz.mutators import archives, hdf5, pickles, texts
from tests.fuzz.mutators.plain import Mutator
from tests.fuzz.watch import Spent, watched
from weight_convert import State, read_state
from weight_convert.keymaps import load_map
from weight_convert.keymaps.rules import MappedState

HERE = Path(__file__).parent
CORPUS, REGRESSIONS = HERE / "corpus", HERE / "regressions"
_WHOLE = 1 << 20


class NotOneLine(Exception):
    """A refusal of several lines."""


@dataclass(frozen=True)
class Target:
    """One reader: how it reads a file, and how files of its format are changed."""

    name: str
    read: Callable[[Path], None]
    mutate: Mutator
    file_name: str = "file"

    def __str__(self) -> str:
        return self.name

    @property
    def corpus(self) -> Path:
        """The folder of its right files."""
        return CORPUS / self.name

    @property
    def regressions(self) -> Path:
        """The folder of inputs that it once failed on."""
        return REGRESSIONS / self.name

    def inputs(self) -> list[Path]:
        """Every input that is kept."""
        folders = [folder for folder in (self.corpus, self.regressions) if folder.is_dir()]
        return [path for folder in folders for path in sorted(folder.iterdir())]

    def check(self, data: bytes) -> Spent:
        """Read the data as a file. Being refused in one line is right; whatever else is raised is a fault."""
        path = _folder() / self.file_name
        path.write_bytes(data)
        return watched(functools.partial(self._read_or_refused, path), len(data))

    def _read_or_refused(self, path: Path) -> None:
        try:
            self.read(path)
        except BadInput as refusal:
            if "\n" in str(refusal):
                raise NotOneLine(str(refusal)) from refusal


@functools.cache
def _folder() -> Path:
    """Where this process's input lies; in memory, where the system can."""
    made = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def read_checkpoint(path: Path) -> None:
    """Read every tensor of a checkpoint, all elements of the small ones."""
    state = read_state(path)
    for key, tensor in state.tensors.items():
        if tensor.nbytes < _WHOLE:
            np.array(state[key])
        else:
            sum(map(len, tensor.blocks()))


def read_trace(path: Path) -> None:
    """Read all that a trace tells."""
    with Trace.open(path) as trace:
        assert isinstance(trace.compact, bool)
        assert trace.mode
        for address in trace.records:
            trace.array(address)
            trace.truth_array(address)
            trace.sample(address)
            trace.stats(address)
        trace.inputs()


def read_alignment(path: Path) -> None:
    """Read an alignment, and draw it in every form."""
    alignment = Alignment.load(path)
    for draw in (html.html, junit.junit, markdown.markdown):
        draw(alignment)
    terminal.draw(alignment, Console(file=io.StringIO(), width=100))


def read_training(path: Path) -> None:
    """Read a training log, and draw it in every form."""
    found = Training.load(path)
    for draw in (training_page.html, training_page.markdown, training.document):
        draw(found)
    training.draw(found, Sheet(io.StringIO(), width=100))


def read_evaluation(path: Path) -> None:
    """Read an evaluation, and draw it in every form."""
    found = Evaluation.load(path)
    evaluation_page.html(found, path.parent, path.with_suffix(".html"))
    evaluation.markdown(found)
    evaluation.csv(found)
    evaluation.draw(found, Console(file=io.StringIO(), width=100), "run")


def read_bench(path: Path) -> None:
    """Read a measurement of speed, and draw it in every form."""
    found = Bench.load(path)
    bench_page.html(found)
    bench.markdown(found)
    bench.draw(found, [], Console(file=io.StringIO(), width=100), "run")


def read_layer_map(path: Path) -> None:
    """Read a layer map, and name the layers of a port by it."""
    port_names(LayerMap.read(path), ["stages", "stages.0.first", "head"], ["head.gamma", "scale"])


def read_unfinished(path: Path) -> None:
    """Read what an evaluation has seen that was broken off, and what it was asked for."""
    before = Unfinished.load(path)
    EvaluateRequest.from_dict(before.request, str(path))


def read_table(path: Path) -> None:
    """Read a table of published metrics."""
    read_published(path)


def read_config(path: Path) -> None:
    """Read the defaults in an `align.toml`."""
    load_config(path.parent)


def read_key_map(path: Path) -> None:
    """Read a key map, and apply it to a small state."""
    shapes = {"features.0.weight": (4, 3, 3, 3), "features.0.bias": (4,), "a.1.weight": (6, 2), "b": ()}
    work = MappedState(State.of({key: np.ones(shape, np.float32) for key, shape in shapes.items()}).tensors)
    load_map(path).apply(work)
    for tensor in work.tensors.values():
        tensor.values()


TARGETS = {
    target.name: target
    for target in (
        Target("pickle", read_checkpoint, pickles.mutate_jittor),
        Target("torch-zip", read_checkpoint, archives.mutate_zip),
        Target("torch-legacy", read_checkpoint, pickles.mutate_legacy),
        Target("torch-tar", read_checkpoint, archives.mutate_tar),
        Target("npz", read_checkpoint, archives.mutate_zip),
        Target("safetensors", read_checkpoint, archives.mutate_safetensors),
        Target("hdf5", read_checkpoint, hdf5.mutator(CORPUS / "hdf5")),
        Target("trace", read_trace, hdf5.mutator(CORPUS / "trace"), "trace.h5"),
        Target("alignment", read_alignment, texts.mutate_json, "alignment.json"),
        Target("training", read_training, texts.mutate_json_lines, "training.jsonl"),
        Target("evaluation", read_evaluation, texts.mutate_json, "evaluation.json"),
        Target("bench", read_bench, texts.mutate_json, "bench.json"),
        Target("unfinished", read_unfinished, texts.mutate_json, "unfinished.json"),
        Target("published", read_table, texts.mutate_toml, "published.toml"),
        Target("config", read_config, texts.mutate_toml, "align.toml"),
        Target("layer-map", read_layer_map, texts.mutate_json, "names.json"),
        Target("key-map", read_key_map, texts.mutate_toml, "map.toml"),
    )
}

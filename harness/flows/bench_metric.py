"""The metric of one contestant on a data set: what its switches do to the results that count."""

from __future__ import annotations

from harness.bench.result import Contestant
from harness.evaluating.samples import Samples
from harness.flows.bench_request import BenchRequest
from harness.flows.bench_subject import Subject
from harness.flows.epoch_metrics import outputs_in
from harness.training.batch_file import write_batch
from harness.training.metrics import SplitMetrics
from harness.training.source import open_source


def metric_of(request: BenchRequest, subject: Subject, contestant: Contestant) -> dict[str, float]:
    """Evaluate the samples one by one, with the contestant's switches on."""
    pair = subject.pair
    source = open_source(pair, request.data_request(pair), 1, request.seed)
    found = SplitMetrics(pair, pair.variant(request.variant), contestant.side)
    outputs = subject.folder / "sample-outputs.h5"
    with subject.worker(contestant, 99) as worker:
        subject.build(worker)
        for batch in Samples(source, 1):
            for old in (outputs, subject.folder / "sample.h5"):
                old.unlink(missing_ok=True)
            path = write_batch(subject.folder / "sample.h5", batch.arrays)
            worker.start(path, str(outputs))
            found.add(outputs_in(outputs), batch.arrays)
    return found.figures()

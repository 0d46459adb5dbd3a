"""Reading a trace, our own or one of an upstream model."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from harness import address as addresses
from harness import seeded
from harness.errors import BadInput, HarnessError
from harness.files import new_file
from harness.forms import same_shape
from harness.numerics import Stats, statistics
from harness.trace._format import FORMAT, TRUTH
from harness.trace._guarded import GuardedFile, refusing
from harness.trace._own import OwnTrace
from harness.trace._record import Record
from harness.trace._upstream import UpstreamTrace, is_upstream
from harness.trace._writer import TraceWriter

_Array = NDArray[Any]


class Trace:
    """A recorded run. `records` are in execution order (that of the names in an upstream trace).

    `truth` is the float64 run that the trace carries, if any; it is closed together with the trace. One that
    lies beside the trace may be put in its place.
    """

    def __init__(
        self, file: GuardedFile, content: OwnTrace | UpstreamTrace, truth: OwnTrace | None = None
    ) -> None:
        self._file, self._content = file, content
        self.truth: Trace | None = None if truth is None else Trace(file, truth)
        self.path = file.path
        self.header: dict[str, Any] = content.header
        self.records: dict[str, Record] = content.records
        self.notes: dict[str, Any] = content.notes
        self.complete = content.complete
        self.upstream = content.upstream
        self._gradients = "*"

    @classmethod
    def open(cls, path: str | Path, *, allow_incomplete: bool = False) -> Trace:
        """Open a trace of a run; BadInput says what is wrong with any other file."""
        file = GuardedFile(Path(path))
        try:
            with refusing(file.path):
                content = _content(file)
                truth = _truth(file) if not content.upstream else None
            if not (content.complete or allow_incomplete):
                raise BadInput(
                    f"{path} is incomplete: the run that wrote it stopped after "
                    f"{next(reversed(content.records), 'nothing')}. Record it again"
                )
        except BadInput:
            file.close()
            raise
        return cls(file, content, truth)

    @property
    def mode(self) -> str:
        """eval, train or frozen."""
        case = self.header if self.upstream else self.header.get("case")
        mode = case.get("mode") if isinstance(case, dict) else None
        if not isinstance(mode, str) or not mode:
            raise BadInput(f"{self.path} does not say the mode of its run")
        return mode.split()[0]

    @property
    def compact(self) -> bool:
        """Whether only samples of some tensor exist."""
        return any(self._is_sampled(record) for record in self.records.values())

    def array(self, address: str) -> _Array | None:
        """The whole tensor, mapped from the file where possible; None where only samples exist."""
        with refusing(self.path):
            return self._content.whole(self._resolve(address))

    def release(self) -> None:
        """Give back the memory of what was read so far; arrays stay valid."""
        self._file.release()

    def gradient(self, address: str) -> _Array | None:
        """The gradient of a layer's result, kept under the operation inside it that made it if one did.

        None where there is none, as for a layer that passes on what it was given: others share that tensor.
        """
        record = self.records.get(address)
        origin = (record.alias if record else None) or address
        place = addresses.with_role(origin if addresses.is_inside(origin, address) else address, "grad")
        return self.array(place) if place in self.records else None

    def truth_array(self, address: str) -> _Array | None:
        """The same tensor of a float64 run, where the file holds one (upstream traces do)."""
        with refusing(self.path):
            return self._content.truth(address)

    def sample(self, address: str) -> tuple[_Array, _Array]:
        """Flat positions and the elements there; both empty where the file has statistics alone.

        Of a whole tensor they are drawn as a compact trace would.
        """
        record = self._resolve(address)
        with refusing(self.path):
            stored = self._content.samples(record)
            if stored is not None:
                return stored
            whole = self._content.whole(record)
            assert whole is not None  # what has no samples is whole
            index = seeded.sample_indices(record.address, record.size)
            return index, whole.reshape(-1)[index]

    def stats(self, address: str) -> Stats:
        """The statistics of a tensor, stored or computed."""
        record = self._resolve(address)
        if record.stats is not None:
            return record.stats
        array = self.array(address)
        assert array is not None  # what is not whole has its statistics stored
        return statistics(array)

    def inputs(self) -> dict[str, _Array]:
        """The run's inputs by name, those that the file holds whole."""
        names = [address for address in self.records if address.startswith("input:")]
        found = {address.partition(":")[2]: self.array(address) for address in names}
        return {name: array for name, array in found.items() if array is not None}

    def compacted(
        self,
        path: str | Path,
        samples: int = seeded.SAMPLES,
        leave_out: Callable[[str], bool] = lambda address: False,
    ) -> None:
        """Write a compact copy: statistics and samples instead of whole tensors; some may be left out."""
        with TraceWriter(path, self.header, compact=True, samples=samples) as writer:
            for address, record in self.records.items():
                if leave_out(address):
                    continue
                if record.alias is not None:
                    writer.alias(address, record.alias, record.type)
                    continue
                array = self.array(address)
                if array is None:
                    raise BadInput(
                        f"{self.path} cannot be made compact: it has samples of {address} alone. "
                        "Record it whole first"
                    )
                writer.add(address, array, record.type)
                if record.noise is not None:
                    writer.set_noise(address, record.noise)
            for key, value in self.notes.items():
                writer.note(key, value)

    def copy(self, path: str | Path) -> None:
        """Write a copy as it is."""
        target = Path(path)
        try:
            with new_file(target, replace=True) as draft:
                shutil.copyfile(self.path, draft)
        except OSError as error:
            raise HarnessError(f"cannot copy {self.path} to {target}: {error.strerror}") from error

    def drop_prefix(self, prefix: str) -> None:
        """Take a prefix, of an upstream trace, off the names of layers and of gradients."""
        if prefix and isinstance(self._content, UpstreamTrace):
            self._content.drop_prefix(prefix)

    def rename_outputs(self, names: Mapping[str, str]) -> None:
        """Call outputs of an upstream trace, where any are named, by these names, and forget the others."""
        if names and isinstance(self._content, UpstreamTrace):
            self._content.rename_outputs(names)

    def name_results_as(self, other: Trace) -> None:
        """Name a layer's result as another trace does: one returns it by itself, one first in a tuple.

        Only tensors of one shape are taken for the same. What was drawn of a compact trace depends on the
        name, so its names stay.
        """
        if isinstance(self._content, OwnTrace) and not self.compact:
            self._content.rename(
                {
                    address: name
                    for address, record in self.records.items()
                    if (name := _other_name(address, self, other))
                    and same_shape(record.shape, other.records[name].shape)
                }
            )

    def keeps_gradients(self, pattern: str) -> None:
        """Say of which parameters alone, by a glob, the file keeps the gradients."""
        self._gradients = pattern

    def keeps_gradient(self, address: str) -> bool:
        """Whether this trace keeps this gradient: only then does a missing one mean something."""
        return fnmatch.fnmatchcase(address.partition(":")[2], self._gradients)

    def close(self) -> None:
        """Let go of the file; arrays handed out stay valid."""
        self._file.close()

    def __enter__(self) -> Trace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def _resolve(self, address: str) -> Record:
        record = self.records[address]
        return self.records[record.alias] if record.alias is not None else record

    def _is_sampled(self, record: Record) -> bool:
        return record.stats is not None and self.array(record.address) is None


def _other_name(address: str, own: Trace, other: Trace) -> str:
    """What a layer's result is called in the other trace, where that has no such name; else empty."""
    if address in other.records or not address.startswith("layer:"):
        return ""
    name = addresses.other_form(address)
    return name if name in other.records and name not in own.records else ""


def _content(file: GuardedFile) -> OwnTrace | UpstreamTrace:
    attributes = file.attributes("")
    if attributes.get("format") == FORMAT:
        return OwnTrace(file)
    if is_upstream(file, attributes):
        return UpstreamTrace(file, attributes)
    held = ", ".join(file.names("")[:8])[:200] or "nothing"
    raise BadInput(f"{file.path} is not a trace of a run: it holds {held}")


def _truth(file: GuardedFile) -> OwnTrace | None:
    """What a trace carries beside its own run: read by the same rules, and whole."""
    if file.group(TRUTH) is None:
        return None
    truth = OwnTrace(file, TRUTH)
    if not truth.complete:
        raise ValueError("the truth within is incomplete")
    return truth

"""The pictures in an alignment: what they show is what numpy says, and larger ones are refused."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.comparing import evidence
from harness.comparing._evidence import picture
from harness.errors import BadInput
from harness.evidence import BINS, MOST_CHANNELS, MOST_PICTURES, NOT_FINITE, SIDE, ByteGrid, Evidence
from harness.trace import Trace
from tests.unit.toy_network import Bench, scaled

AT = (1, 5, 40, 7)


def tensors() -> tuple[Any, Any]:
    """Two tensors that differ by a little everywhere, and by much at one place."""
    random = np.random.default_rng(0)
    reference = random.normal(size=(2, 70, 48, 50))
    port = reference + 1e-6 * random.normal(size=reference.shape)
    port[AT] += 3.0
    return reference, port


def numbers(grid: ByteGrid, rows: int) -> Any:
    """What a grid shows."""
    stored = np.frombuffer(base64.b64decode(grid.values), np.uint8).reshape(rows, -1).astype(float)
    return grid.low + stored / (NOT_FINITE - 1) * (grid.high - grid.low)


def test_a_slice_shows_both_sides_around_the_worst_element() -> None:
    reference, port = tensors()
    made = picture("output:0", reference, port, AT)
    assert (made.slice.at, made.slice.corner, made.slice.rows, made.slice.columns) == (
        (1, 5),
        (16, 0),
        32,
        32,
    )
    for grid, whole in (
        (made.slice.reference, reference),
        (made.slice.port, port),
        (made.slice.difference, port - reference),
    ):
        step = (grid.high - grid.low) / (NOT_FINITE - 1)
        assert np.allclose(numbers(grid, 32), whole[1, 5, 16:48, 0:32], rtol=0, atol=0.51 * step)
    shown = numbers(made.slice.difference, 32)
    assert np.unravel_index(np.abs(shown).argmax(), shown.shape) == (AT[2] - 16, AT[3])


def test_histograms_and_channels_are_those_of_the_whole_tensor() -> None:
    reference, port = tensors()
    made = picture("output:0", reference, port, AT)
    assert [sum(counts) for counts in made.values.counts] == [reference.size, port.size]
    assert made.differences.counts[0] == np.histogram(port - reference, BINS)[0].tolist()
    assert len(made.channels) == MOST_CHANNELS
    expected = np.linalg.norm(port[:, 5] - reference[:, 5]) / np.linalg.norm(reference[:, 5])
    assert made.channels[5] == pytest.approx(expected, rel=1e-2)
    assert made.channels[5] == max(made.channels)


@pytest.mark.parametrize("shape", [(), (1,), (40,), (3, 2), (1, 1, 1)])
def test_tensors_of_any_rank_have_a_slice(shape: tuple[int, ...]) -> None:
    made = picture("loss:total", np.ones(shape), np.full(shape, 2.0), None)
    made.check()
    assert made.slice.rows * made.slice.columns == min(SIDE, int(np.prod(shape)))


def test_what_is_not_finite_has_a_byte_of_its_own() -> None:
    port = np.array([[1.0, np.nan, np.inf, 4.0]])
    made = picture("output:0", np.ones((1, 4)), port, (0, 1))
    assert list(base64.b64decode(made.slice.port.values)) == [0, NOT_FINITE, NOT_FINITE, NOT_FINITE - 1]
    assert sum(made.values.counts[1]) == 2
    made.check()


def test_a_comparison_keeps_pictures_of_what_diverged_and_nothing_else(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    alignment = bench.compare(bench.port({"layer:stem#0:out": scaled(1.01)}))
    traces = [Trace.open(tmp_path / f"{side}.h5") for side in ("torch", "jittor")]
    kept = evidence(alignment, *traces)
    bad = {row.address for row in alignment.rows if row.verdict.status == "diverged"}
    aliases = {address for address in bad if traces[0].records[address].alias}
    assert {one.address for one in kept.pictures} == bad - aliases
    assert kept.layers[0].layer == "stem"
    alignment.evidence = kept
    assert Alignment.from_json(alignment.to_json()) == alignment
    assert len(json.dumps(alignment.to_dict()["evidence"])) < 128_000


def test_what_repeats_a_tensor_of_another_name_on_each_side_has_a_picture(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    port = bench.port({"layer:stem#0:out": scaled(1.01)})
    repeated = port.tensors["layer:block#0:in.0"]
    assert isinstance(repeated, str)
    names = {name: f"{name}.0" if name == repeated else name for name in port.tensors}
    port.tensors = {
        names[name]: names[item] if isinstance(item, str) else item for name, item in port.tensors.items()
    }
    alignment = bench.compare(port)
    kept = evidence(alignment, *(Trace.open(tmp_path / f"{side}.h5") for side in ("torch", "jittor")))
    assert "layer:block#0:in.0" in {one.address for one in kept.pictures}


def stored(tmp_path: Path) -> dict[str, Any]:
    """An alignment with one picture, as data."""
    bench = Bench(tmp_path)
    alignment = bench.compare(bench.port({"layer:stem#0:out": scaled(1.01)}))
    alignment.evidence = Evidence([picture(alignment.rows[0].address, *tensors(), AT)])
    return alignment.to_dict()


def change(data: Any, path: str, value: object) -> None:
    """Put a value at a dotted path of a picture."""
    *way, last = path.split(".")
    for name in way:
        data = data[name]
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("slice.rows", 33, "at most 32 by 32"),
        ("slice.rows", 31, "it should have 992"),
        ("slice.reference.values", "?", "no base64"),
        ("values.counts", [[1]], f"{BINS} parts"),
        ("values.low", "NaN", "finite"),
        ("channels", [0.1] * 65, "at most 64"),
        ("address", "output:none", "the address of a row"),
    ],
)
def test_a_strangers_pictures_are_refused_where_they_are_too_large(
    tmp_path: Path, path: str, value: object, words: str
) -> None:
    data = stored(tmp_path)
    change(data["evidence"]["pictures"][0], path, value)
    with pytest.raises(BadInput, match=words):
        Alignment.from_dict(data)


def test_more_pictures_than_a_comparison_keeps_are_refused(tmp_path: Path) -> None:
    data = stored(tmp_path)
    data["evidence"]["pictures"] *= MOST_PICTURES + 1
    with pytest.raises(BadInput, match="at most 16"):
        Alignment.from_dict(data)


def test_an_alignment_of_version_6_has_no_pictures(tmp_path: Path) -> None:
    data = stored(tmp_path)
    for row in data["rows"]:
        del row["measured"]["blank"]
    data["rows"][0]["isolated"] = {name: data["rows"][0][name] for name in ("measured", "verdict")}
    del data["evidence"], data["provenance"]
    read = Alignment.from_dict({**data, "version": 6})
    assert read.evidence == Evidence()
    assert dataclasses.asdict(read.evidence) == {"pictures": [], "layers": []}

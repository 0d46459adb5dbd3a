"""A trace that carries its float64 truth: read by the same rules, refused where it claims nonsense."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.comparing import compare
from harness.errors import BadInput, HarnessError
from harness.trace import Noise, Trace, TraceWriter, carry

OUT, GRAD = "output:0", "grad:w"
EXACT = np.linspace(-1.0, 2.0, 500)
REFERENCE = EXACT.astype(np.float32)
HONEST = Noise(1e-6, 1e-7)


def written(path: Path, array: np.ndarray = REFERENCE, **kinds: bool) -> Path:
    """A trace of one output and one gradient."""
    with TraceWriter(path, {"side": path.stem}, **kinds) as writer:  # type: ignore[arg-type]
        writer.add(OUT, np.array(array))
        writer.add(GRAD, np.array(array))
    return path


def truth(path: Path, noise: Noise = HONEST, exact: np.ndarray = EXACT) -> Path:
    """Its float64 run."""
    with TraceWriter(path, {"dtype": "float64"}, compact=True, samples=1024) as writer:
        for address in (OUT, GRAD):
            writer.add(address, exact)
            writer.set_noise(address, noise)
    return path


def carrying(folder: Path, noise: Noise = HONEST, exact: np.ndarray = EXACT, compact: bool = False) -> Path:
    """A trace with that truth in it."""
    path = written(folder / "torch.h5", compact=compact)
    carry(path, truth(folder / "truth.h5", noise, exact))
    return path


@pytest.mark.parametrize("compact", [False, True])
def test_what_was_put_in_is_read_back(tmp_path: Path, compact: bool) -> None:
    with Trace.open(carrying(tmp_path, compact=compact)) as trace:
        assert trace.truth is not None
        assert np.array_equal(trace.truth.sample(OUT)[1], EXACT)
        assert trace.truth.records[GRAD].noise == HONEST
        assert trace.truth.truth is None
        assert list(trace.records) == [OUT, GRAD]
        assert trace.records[OUT].noise is None
        if not compact:
            assert np.array_equal(trace.array(OUT), REFERENCE)


def test_a_trace_without_one_is_read_as_ever(tmp_path: Path) -> None:
    with Trace.open(written(tmp_path / "old.h5")) as trace:
        assert trace.truth is None


def test_a_copy_carries_it_too_and_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    path = carrying(tmp_path)
    with Trace.open(path) as trace:
        trace.copy(tmp_path / "copy.h5")
    (tmp_path / "again").mkdir()
    assert carrying(tmp_path / "again").read_bytes() == path.read_bytes()
    with Trace.open(tmp_path / "copy.h5") as copied:
        assert copied.truth is not None


def test_where_it_cannot_be_put_in_no_half_trace_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "torch.h5")
    with pytest.raises(HarnessError, match="cannot put the float64 run into"):
        carry(path, tmp_path / "nothing.h5")
    assert not path.exists()


@pytest.mark.parametrize("figure", [np.inf, -1.0])
def test_a_noise_that_is_no_distance_is_refused(tmp_path: Path, figure: float) -> None:
    with pytest.raises(BadInput, match="the noise of output:0 is"):
        Trace.open(carrying(tmp_path, Noise(figure, 1.0)))


def test_an_unfinished_truth_is_refused(tmp_path: Path) -> None:
    path = carrying(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["truth"].attrs["complete"]
    with pytest.raises(BadInput, match="the truth within is incomplete"):
        Trace.open(path)


def test_samples_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = carrying(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["truth/samples/float64"]
        file["truth/samples/float64"] = np.zeros(3)
    with pytest.raises(BadInput, match="samples do not fit its records"):
        Trace.open(path)


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "torch.h5")
    truth(tmp_path / "elsewhere.h5")
    with h5py.File(path, "r+") as file:
        file["truth"] = h5py.ExternalLink(str(tmp_path / "elsewhere.h5"), "/")
    with pytest.raises(BadInput, match="a link to somewhere else"):
        Trace.open(path)


def judged(reference: Path, port: np.ndarray) -> dict[str, str]:
    """What comes of a port, by the truth that the reference carries."""
    candidate = written(reference.with_name("port.h5"), port)
    with Trace.open(reference) as one, Trace.open(candidate) as other:
        alignment = compare(one, other, one.truth, names=("torch.h5", "port.h5"), truth_from="torch.h5")
    assert "What float32 strays is known from torch.h5." in alignment.sentence
    return {row.address: row.verdict.status for row in alignment.rows} | {"": alignment.verdict}


@pytest.mark.parametrize(("factor", "status"), [(1.0, "aligned"), (1.0001, "diverged")])
def test_the_truth_within_judges(tmp_path: Path, factor: float, status: str) -> None:
    assert judged(carrying(tmp_path), np.float32(REFERENCE * factor)) == dict.fromkeys(
        (OUT, GRAD, ""), status
    )


def test_a_forged_noise_makes_no_wrong_output_aligned(tmp_path: Path) -> None:
    """It is far beyond what the reference beside it shows, so that nobody has to believe it."""
    found = judged(carrying(tmp_path, Noise(2.0, 0.2)), np.float32(REFERENCE * 1.05))
    assert found[OUT] == found[""] == "inconclusive"


def test_a_large_noise_harms_no_sound_port(tmp_path: Path) -> None:
    assert judged(carrying(tmp_path, Noise(2.0, 0.2)), REFERENCE)[""] == "aligned"


def test_a_truth_of_another_shape_says_nothing(tmp_path: Path) -> None:
    found = judged(carrying(tmp_path, exact=EXACT[:100]), np.float32(REFERENCE * 1.0003))
    assert found[OUT] == "inconclusive"

"""Measures against straightforward float64 formulas."""

from __future__ import annotations

import ctypes
import math
import platform
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.numerics import Difference, _native, denormals_kept, difference, sample_difference, statistics
from harness.numerics._floats import BLOCK

Array = NDArray[Any]


@pytest.fixture(autouse=True, params=["compiled", "walked"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to measure two float32 tensors; everything else is walked in any case."""
    if request.param == "walked":
        monkeypatch.setattr(_native, "_library", lambda: None)
    elif _native._library() is None:
        pytest.skip("there is no C compiler")


def plain(reference: Array, candidate: Array) -> dict[str, float]:
    """The norms and maxima by their definitions, in float64, of finite floats or integers."""
    left, right = reference.astype(np.float64).ravel(), candidate.astype(np.float64).ravel()
    apart = np.abs(left - right)
    integers = reference.dtype.kind in "iub" and candidate.dtype.kind in "iub"
    floats = [d for d in (reference.dtype, candidate.dtype) if d.kind == "f"]
    tiny = 1.0 if integers else float(np.finfo(min(floats, key=lambda d: d.itemsize)).tiny)
    size, wrong = np.abs(left), apart > 0
    with np.errstate(divide="ignore"):
        quotient = apart[wrong] / size[wrong]
    return {
        "max_abs": apart.max(initial=0),
        "max_rel": (apart / np.maximum(size, tiny)).max(initial=0),
        "l2": math.sqrt((apart**2).sum()),
        "reference_l2": math.sqrt((left**2).sum()),
        "candidate_l2": math.sqrt((right**2).sum()),
        "reference_absmax": size.max(initial=0),
        "pass_atol": apart.max(initial=0),
        "pass_rtol": quotient.max(initial=0),
    }


def ordered(value: Any) -> int:
    """The rank of a float among all numbers of its dtype, zero being 0."""
    bits = int(np.asarray(value).view(f"u{value.itemsize}"))
    sign = 1 << (8 * value.itemsize - 1)
    return -(bits - sign) if bits >= sign else bits


def plain_ulps(reference: Array, candidate: Array) -> int:
    """The largest distance in ranks, element by element."""
    dtype = min(reference.dtype, candidate.dtype, key=lambda dtype: dtype.itemsize)
    pairs = zip(reference.astype(dtype).ravel(), candidate.astype(dtype).ravel(), strict=True)
    return max((abs(ordered(left) - ordered(right)) for left, right in pairs), default=0)


def check(reference: Array, candidate: Array, rel: float = 2e-6) -> Difference:
    """Measure, and hold every norm and maximum against its definition."""
    found = difference(reference, candidate)
    for name, value in plain(reference, candidate).items():
        assert getattr(found, name) == pytest.approx(value, rel=rel, abs=0), name
    assert found.size == reference.size
    assert found.nonfinite == 0
    return found


def noisy(dtype: str, shape: tuple[int, ...], scale: float, noise: float, seed: int) -> tuple[Array, Array]:
    """A tensor with some zeros and the same with relative and absolute noise on part of it."""
    rng = np.random.default_rng(seed)
    reference = scale * rng.standard_normal(shape) * (rng.random(shape) > 0.2)
    wrong = rng.random(shape) < 0.7
    candidate = reference * (1 + noise * rng.standard_normal(shape) * wrong)
    candidate += scale * noise * rng.standard_normal(shape) * (wrong & (reference != 0))
    return reference.astype(dtype), candidate.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1.0, 1e30, 1e-30, 3e-36])
@pytest.mark.parametrize("noise", [1e-7, 1e-3, 3.0])
def test_measures_equal_their_definitions(dtype: str, scale: float, noise: float) -> None:
    for seed, shape in enumerate([(7,), (3, 5, 4), (BLOCK + 11,), (2, BLOCK)]):
        reference, candidate = noisy(dtype, shape, scale, noise, seed)
        found = check(reference, candidate)
        if reference.size < 100:
            assert found.max_ulp == plain_ulps(reference, candidate)


def test_denormal_numbers() -> None:
    rng = np.random.default_rng(3)
    reference = (1e-40 * rng.standard_normal(1000)).astype(np.float32)
    candidate = (reference * 1.25).astype(np.float32)
    found = check(reference, candidate)
    assert found.max_ulp == plain_ulps(reference, candidate)
    assert found.max_rel < 0.01 < found.pass_rtol == pytest.approx(0.25, rel=0.01)


FLUSHES = """
#include <stdint.h>
void flush(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); }
"""


@pytest.fixture
def flushing(tmp_path: Path) -> Iterator[None]:
    """A thread that takes denormal numbers as zero, as after a kernel compiled with -Ofast."""
    if platform.machine() != "x86_64":
        pytest.skip("the switch is that of x86-64")
    (tmp_path / "flush.c").write_text(FLUSHES)
    library = tmp_path / "flush.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "flush.c"], check=True)
    with denormals_kept():
        ctypes.CDLL(str(library)).flush()
        yield


@pytest.mark.usefixtures("flushing")
def test_denormal_numbers_count_in_a_process_that_flushes_them() -> None:
    one, four = (np.array([bits], np.uint32).view(np.float32) for bits in (1 << 16, 1 << 18))
    assert (one * np.float32(1))[0] == 0
    assert difference(one, four).max_ulp == (1 << 18) - (1 << 16)
    assert difference(one, four).pass_rtol == pytest.approx(3)
    assert statistics(one).absmax == pytest.approx(2.0**-133)
    assert (one * np.float32(1))[0] == 0


@pytest.mark.parametrize("noise", [0.0, 1e-8, 1e-6, 1e-4, 0.1, 0.4, 0.6, 2.0])
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float16", "float16"), ("float64", "float64"),
                                    ("float32", "float64"), ("float64", "float16")])  # fmt: skip
def test_ulps_are_counted_exactly(noise: float, dtypes: tuple[str, str]) -> None:
    for seed in range(12):
        reference, candidate = noisy("float64", (400,), 10.0 ** (seed - 4 if seed < 8 else 0), noise, seed)
        left, right = reference.astype(dtypes[0]), candidate.astype(dtypes[1])
        assert difference(left, right).max_ulp == plain_ulps(left, right)


def test_ulps_of_a_dtype_that_has_to_be_rounded() -> None:
    rng = np.random.default_rng(6)
    for _ in range(300):
        reference = rng.uniform(1, 2, 20).astype(np.float32)
        steps = rng.choice([0.49, 0.5, 0.51, 1.49, 1.5, 1.51, 2.5], 20) * rng.choice([-1, 1], 20)
        candidate = reference + steps * 2.0**-23
        assert difference(reference, candidate).max_ulp == plain_ulps(reference, candidate)
        assert difference(candidate, reference).max_ulp == plain_ulps(candidate, reference)


def test_ulps_over_many_blocks_and_across_powers_of_two() -> None:
    rng = np.random.default_rng(0)
    exponents = 2.0 ** rng.integers(-20, 20, 5 * BLOCK)
    reference = np.nextafter(exponents, rng.choice([0, 1e9], exponents.size)).astype(np.float32)
    steps = rng.integers(-3, 4, exponents.size).astype(np.int32)
    candidate = (reference.view(np.int32) + steps).view(np.float32)
    candidate[-1] = (reference[-1:].view(np.int32) + 9).view(np.float32)[0]
    assert difference(reference, candidate).max_ulp == 9


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "int64", "uint64"])
def test_integers(dtype: str) -> None:
    rng = np.random.default_rng(1)
    reference = rng.integers(0, 2 if dtype == "bool" else 100, (50, 30)).astype(dtype)
    candidate = reference.copy()
    candidate[20, 7] = not candidate[20, 7] if dtype == "bool" else candidate[20, 7] + 5
    found = check(reference, candidate)
    assert found.worst == (20, 7)
    assert found.max_ulp == found.max_abs == (1 if dtype == "bool" else 5)


def test_large_integers_are_distinguished_where_float64_cannot() -> None:
    reference = np.array([2**60, -(2**60), 7], dtype=np.int64)
    found = difference(reference, reference + np.array([1, 0, 0]))
    assert (found.max_abs, found.worst) == (1.0, (0,))
    extremes = np.array([2**63 - 1, -(2**63)], dtype=np.int64)
    assert difference(extremes, extremes[::-1].copy()).max_abs == pytest.approx(2.0**64)


def test_integers_of_different_dtypes_and_against_floats() -> None:
    reference = np.arange(-5, 5, dtype=np.int64)
    assert difference(reference, reference.astype(np.int32)).max_abs == 0
    found = difference(reference, reference.astype(np.float32) + np.float32(0.5))
    assert (found.max_abs, found.pass_rtol) == (0.5, math.inf)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,)])
def test_shapes_without_much_in_them(shape: tuple[int, ...]) -> None:
    reference = np.full(shape, 2.0, np.float32)
    same = check(reference, reference.copy())
    assert (same.worst, same.worst_reference, same.cosine, same.rel_l2) == (None, None, 1.0, 0.0)
    other = check(reference, np.asarray(reference + np.float32(1)))
    if reference.size:
        assert other.worst == tuple(0 for _ in shape)
        assert (other.worst_reference, other.worst_candidate, other.rel_l2) == (2.0, 3.0, 0.5)


def test_arrays_that_are_not_contiguous() -> None:
    reference, candidate = noisy("float32", (40, 30, 20), 1.0, 1e-3, 5)
    found = check(reference.transpose(2, 0, 1)[::2], candidate.transpose(2, 0, 1)[::2])
    straight = np.ascontiguousarray(candidate.transpose(2, 0, 1)[::2])
    assert found == difference(np.ascontiguousarray(reference.transpose(2, 0, 1)[::2]), straight)
    assert found == difference(reference.transpose(2, 0, 1)[::2], straight.astype(">f4").astype("<f4"))


def test_the_worst_place_is_named_with_both_values() -> None:
    reference = np.zeros((4, BLOCK), np.float32)
    candidate = reference.copy()
    candidate[1, 17], candidate[3, 99] = -0.5, 0.75
    found = difference(reference, candidate)
    assert (found.worst, found.worst_reference, found.worst_candidate) == ((3, 99), 0.0, 0.75)


def test_a_difference_of_zero_reference_elements_passes_no_relative_tolerance() -> None:
    found = difference(np.array([0.0, 1.0], np.float32), np.array([1e-9, 1.0], np.float32))
    assert found.pass_rtol == math.inf
    assert found.max_rel == pytest.approx(1e-9 / np.finfo(np.float32).tiny)
    assert found.pass_atol == np.float32(1e-9)


def test_signed_zeros_are_equal() -> None:
    found = difference(np.array([0.0, -0.0], np.float32), np.array([-0.0, 0.0], np.float32))
    assert (found.max_abs, found.max_ulp, found.pass_rtol, found.cosine) == (0, 0, 0, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_tolerances_that_would_pass_do_pass(dtype: str) -> None:
    for seed in range(20):
        reference, candidate = noisy(dtype, (500,), 1.0, 10.0**-seed, seed)
        found = difference(reference, candidate)
        left, right = reference.astype(np.float64), candidate.astype(np.float64)
        assert np.allclose(right, left, rtol=0, atol=found.pass_atol)
        if math.isfinite(found.pass_rtol):
            assert np.allclose(right, left, rtol=found.pass_rtol, atol=0)
            assert found.max_abs == 0 or not np.allclose(right, left, rtol=found.pass_rtol * 0.999, atol=0)


def test_matching_nan_and_infinity_count_as_equal() -> None:
    reference = np.array([np.nan, np.inf, -np.inf, 3.0, 4.0], np.float32)
    found = difference(reference, reference.copy())
    assert (found.nonfinite, found.max_abs, found.worst, found.pass_atol) == (0, 0, None, 0)
    assert found.reference_l2 == found.candidate_l2 == 5
    assert found.cosine == 1


def test_the_worst_place_is_found_behind_matching_nan() -> None:
    reference = np.ones((4, BLOCK // 2 + 3), np.float32)
    reference[:, :5] = np.nan
    candidate = reference.copy()
    candidate[2, 9], candidate[3, 77] = 2, 4
    found = difference(reference, candidate)
    assert (found.nonfinite, found.worst, found.worst_candidate) == (0, (3, 77), 4)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_mismatches_that_are_not_finite_are_counted_and_left_out(dtype: str) -> None:
    rng = np.random.default_rng(2)
    reference = rng.standard_normal((3, BLOCK)).astype(dtype)
    candidate = (reference * dtype_step(dtype)).astype(dtype)
    clean = difference(reference, candidate)
    pairs = [(np.nan, 1), (1, np.nan), (np.inf, -np.inf), (np.inf, np.nan), (5, np.inf), (np.nan, np.nan)]
    places = [(1, 5), (1, 900), (2, 0), (2, 1), (2, 2), (2, 3)]
    for place, (left, right) in zip(places, pairs, strict=True):
        reference[place], candidate[place] = left, right
    found = difference(reference, candidate)
    assert found.nonfinite == 5
    assert found.worst == (1, 5)
    assert math.isnan(found.worst_reference or 0)
    assert found.worst_candidate == 1
    assert found.pass_rtol == found.pass_atol == math.inf
    assert found.l2 == pytest.approx(clean.l2, rel=1e-3)
    assert math.isfinite(found.max_abs)
    assert found.cosine == pytest.approx(clean.cosine, abs=1e-6)


def dtype_step(dtype: str) -> float:
    """A factor that changes numbers of a dtype by a few units in the last place."""
    return float(1 + 4 * np.finfo(dtype).eps)


def test_nothing_finite_at_all() -> None:
    found = difference(np.full(5, np.nan, np.float32), np.full(5, np.inf, np.float32))
    assert (found.nonfinite, found.l2, found.max_abs, found.worst) == (5, 0, 0, (0,))


def test_float32_extremes_do_not_overflow() -> None:
    reference = np.array([3e38, -3e38, 1e-45], np.float32)
    found = check(reference, -reference)
    assert found.cosine == pytest.approx(-1)
    assert found.nonfinite == 0


def test_float64_extremes_do_not_overflow() -> None:
    reference = np.array([3e200, 4e200])
    found = difference(reference, reference * 2)
    assert found.l2 == pytest.approx(5e200)
    assert found.candidate_l2 == pytest.approx(1e201)
    small = difference(reference * 1e-390, reference * 2e-390)
    assert small.l2 == pytest.approx(5e-190)


def exact_cosine_gap(reference: Array, candidate: Array) -> float:
    """1 - cosine in rational arithmetic up to the last square root."""
    left, right = ([Fraction(float(x)) for x in array] for array in (reference, candidate))
    product = sum(a * b for a, b in zip(left, right, strict=True))
    squares = sum(a * a for a in left) * sum(b * b for b in right)
    # 1 - p/s = (s^2 - p^2) / (s (s + p)) with s = sqrt(squares)
    root = math.sqrt(squares)
    return float(squares - product**2) / (root * (root + float(product)))


@pytest.mark.parametrize("noise", [1e-7, 1e-6, 1e-5, 1e-3, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_cosine_keeps_what_separates_it_from_one(noise: float, dtype: str) -> None:
    rng = np.random.default_rng(9)
    reference = rng.standard_normal(2000).astype(dtype)
    candidate = (reference + noise * rng.standard_normal(2000)).astype(dtype)
    gap = exact_cosine_gap(reference, candidate)
    assert 1 - difference(reference, candidate).cosine == pytest.approx(gap, rel=2e-2, abs=3e-16)


def test_the_cosine_of_scaled_opposite_orthogonal_and_zero_vectors() -> None:
    vector = np.arange(1, 100, dtype=np.float32)
    assert 1 - difference(vector, np.float32(1.001) * vector).cosine == pytest.approx(0, abs=1e-12)
    assert difference(vector, -vector).cosine == pytest.approx(-1)
    assert difference(np.float32([1, 0]), np.float32([0, 1])).cosine == pytest.approx(0, abs=1e-7)
    assert difference(vector, 0 * vector).cosine == 0
    assert difference(0 * vector, vector).cosine == 0
    assert difference(0 * vector, 0 * vector).cosine == 1
    assert difference(0 * vector, vector).rel_l2 == math.inf


def test_shapes_must_agree_and_numbers_be_real() -> None:
    with pytest.raises(ValueError, match=r"\(2,\) and \(2, 1\)"):
        difference(np.zeros(2), np.zeros((2, 1)))
    with pytest.raises(TypeError, match="complex64"):
        difference(np.zeros(2, np.complex64), np.zeros(2))


def test_samples_estimate_the_whole() -> None:
    reference, candidate = noisy("float32", (64, 100, 9), 1.0, 1e-4, 1)
    index = np.sort(np.random.default_rng(4).choice(reference.size, 4000, replace=False))
    whole = difference(reference, candidate)
    found = sample_difference(reference.ravel()[index], candidate.ravel()[index], reference.shape, index)
    assert found.size == reference.size
    for name in ("l2", "rel_l2", "reference_l2", "candidate_l2"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=0.1)
    assert found.worst is not None
    assert found.max_abs == abs(reference[found.worst] - candidate[found.worst]) <= whole.max_abs


def test_samples_of_everything_are_exact() -> None:
    reference, candidate = noisy("float32", (4, 5), 1.0, 1e-4, 1)
    index = np.arange(reference.size)
    estimate = sample_difference(reference.ravel(), candidate.ravel(), reference.shape, index)
    assert estimate == difference(reference, candidate)
    empty = sample_difference(reference.ravel()[:0], candidate.ravel()[:0], (0, 3), index[:0])
    assert (empty.size, empty.l2) == (0, 0)


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [(dtype, 1.0, 0.0) for dtype in ("bool", "int32", "uint8", "float16", "float32", "float64")]
    + [(dtype, scale, 0.0) for dtype in ("float32", "float64") for scale in (1e30, 1e-30)]
    + [(dtype, 1e-3, 1000.0) for dtype in ("float16", "float32", "float64")],
)
def test_statistics(dtype: str, scale: float, offset: float) -> None:
    rng = np.random.default_rng(8)
    for shape in [(1,), (3, 50), (BLOCK * 2 + 5,)]:
        array = np.abs(scale * rng.standard_normal(shape) * 20 + offset).astype(dtype)
        found, truth = statistics(array), array.astype(np.float64)
        assert found.mean == pytest.approx(truth.mean(), rel=1e-6)
        assert found.std == pytest.approx(truth.std(), rel=1e-4, abs=1e-7 * abs(offset) * scale)
        assert found.absmax == truth.max()
        assert found.l2 == pytest.approx(np.linalg.norm(truth), rel=1e-6)
        assert found.nonfinite == 0


def test_statistics_leave_out_what_is_not_finite() -> None:
    array = np.array([np.nan, 1, -3, np.inf, -np.inf], np.float32)
    found = statistics(array)
    assert (found.mean, found.std, found.absmax, found.nonfinite) == (-1, 2, 3, 3)
    assert statistics(np.full(3, np.nan)).nonfinite == 3
    assert statistics(np.zeros((0, 2))).l2 == 0
    assert statistics(np.float32(-2)).absmax == 2

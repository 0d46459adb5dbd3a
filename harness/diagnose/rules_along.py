"""Rules by which one axis of a map gets another size: windows, interpolations, borders."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from harness.diagnose._evidence import Array

_LARGEST_WINDOW, _LARGEST_STRIDE = 9, 8
_KERNELS = {"1, 2, 1": (1.0, 2.0, 1.0), "1, 4, 6, 4, 1": (1.0, 4.0, 6.0, 4.0, 1.0)}
_PADDINGS = {
    "reflected (mode reflect)": "reflect",
    "reflected with the edge itself (mode symmetric)": "symmetric",
    "repeated from the edge (mode replicate)": "edge",
    "taken from the other side (mode circular)": "wrap",
}
Matrix = Callable[[int, int], Array | None]


class Along(Protocol):
    """A rule in words, and what it makes of the last axis of a tensor; None where it makes no such size."""

    @property
    def words(self) -> str:
        """What is done."""

    def of(self, tensor: Array, wanted: int) -> Array | None:
        """The tensor with so many elements along its last axis."""


class Weighted:
    """Each element is a weighted sum: by a matrix for the two sizes."""

    def __init__(self, words: str, matrix: Matrix) -> None:
        self.words, self._matrix = words, matrix

    def of(self, tensor: Array, wanted: int) -> Array | None:
        """The tensor with so many elements along its last axis."""
        rows = self._matrix(tensor.shape[-1], wanted)
        return None if rows is None else np.asarray(tensor @ rows.T)


class OfWindows:
    """Each element is the largest, or the smallest, of a window."""

    def __init__(self, words: str, reduce: Callable[..., Array], window: Window) -> None:
        self.words, self._reduce, self._window = words, reduce, window

    def of(self, tensor: Array, wanted: int) -> Array | None:
        """The tensor with so many elements along its last axis."""
        ends = self._window.ends(tensor.shape[-1], wanted)
        if ends is None:
            return None
        return np.stack([self._reduce(tensor[..., begin:end], -1) for begin, end in ends], -1)


class Window:
    """A window that moves over an axis; without a width it is as adaptive poolings have it."""

    def __init__(self, width: int = 0, stride: int = 1, padding: int = 0) -> None:
        self.width, self.stride, self.padding = width, stride, padding

    @property
    def words(self) -> str:
        """Its geometry."""
        if not self.width:
            return "windows of their own (adaptive)"
        padding = f", padding {self.padding}" if self.padding else ""
        return f"windows of {self.width} (kernel_size {self.width}, stride {self.stride}{padding})"

    def ends(self, size: int, wanted: int) -> list[tuple[int, int]] | None:
        """Where each window begins and ends inside of the axis; None where there are not so many."""
        if not self.width:
            return [(place * size // wanted, -(-(place + 1) * size // wanted)) for place in range(wanted)]
        room = size + 2 * self.padding - self.width
        counts = (room // self.stride + 1, -(-room // self.stride) + 1)  # the second rounded up (ceil_mode)
        if room < 0 or wanted not in counts:
            return None
        begins = [place * self.stride - self.padding for place in range(wanted)]
        found = [(max(begin, 0), min(begin + self.width, size)) for begin in begins]
        return found if all(begin < end for begin, end in found) else None


def windows(sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[Along]:
    """Averages, largest and smallest of windows, and sums, for every window that makes these sizes."""
    for window in _all_windows(sizes, wanted):
        yield Weighted(f"averaged over {window.words}, as an average pooling does", _averaged(window, False))
        if window.padding:
            words = f"averaged over {window.words}, the zeros around counted (average pooling)"
            yield Weighted(words, _averaged(window, True))
        yield OfWindows(f"the largest (max pooling) of {window.words}", np.max, window)
        yield OfWindows(f"the smallest (min pooling) of {window.words}", np.min, window)
        if window.width:
            yield Weighted(f"summed over {window.words}", _summed(window))


def _all_windows(sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[Window]:
    same = tuple(sizes) == tuple(wanted)
    for width in range(2, _LARGEST_WINDOW + 1):
        for stride in (1,) if same else range(1, _LARGEST_STRIDE + 1):
            for padding in range(width // 2 + 1):
                window = Window(width, stride, padding)
                if all(window.ends(*pair) for pair in zip(sizes, wanted, strict=True)):
                    yield window
    shrinks = all(size > its for size, its in zip(sizes, wanted, strict=True))
    if shrinks and any(size % its for size, its in zip(sizes, wanted, strict=True)):
        yield Window()


def _averaged(window: Window, counts_zeros: bool) -> Matrix:
    def matrix(size: int, wanted: int) -> Array | None:
        rows = _summed(window)(size, wanted)
        if rows is None:
            return None
        return rows / (window.width if counts_zeros else rows.sum(1, keepdims=True))

    return matrix


def _summed(window: Window) -> Matrix:
    def matrix(size: int, wanted: int) -> Array | None:
        ends = window.ends(size, wanted)
        if ends is None:
            return None
        places = np.arange(size)
        return np.array([(begin <= places) & (places < end) for begin, end in ends], np.float64)

    return matrix


def blurs(sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[Along]:
    """Binomial kernels, with what is around filled in in several ways, and every so many places taken."""
    strides = {-(-size // its) for size, its in zip(sizes, wanted, strict=True)}
    if len(strides) != 1:
        return
    (stride,) = strides
    for name, kernel in _KERNELS.items():
        for said, mode in {"zeros": "constant", **_PADDINGS}.items():
            words = f"blurred with the weights {name}, at the border {said}, every {stride} places"
            yield Weighted(words, functools.partial(_blurred, kernel=kernel, mode=mode, stride=stride))


def _blurred(size: int, wanted: int, kernel: Sequence[float], mode: str, stride: int) -> Array | None:
    half = len(kernel) // 2
    if half >= size:
        return None
    wide = _padded(size, half, half, mode)
    rows = sum(weight * wide[place : place + size] for place, weight in enumerate(kernel)) / sum(kernel)
    taken = np.asarray(rows)[::stride]
    return taken if len(taken) == wanted else None


def _padded(size: int, front: int, behind: int, mode: str) -> Array:
    """The identity with more rows: what each place of a padded axis takes."""
    padded = np.pad(np.eye(size), ((front, behind), (0, 0)), mode)  # type: ignore[call-overload]
    return np.asarray(padded)


def borders(sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[Along]:
    """More places before and behind, filled in from inside."""
    if any(size > its for size, its in zip(sizes, wanted, strict=True)):
        return
    for words, mode in _PADDINGS.items():
        for front, name in ((0.5, "on both sides"), (1.0, "in front"), (0.0, "behind")):
            yield Weighted(f"padded {name}, {words}", functools.partial(_bordered, share=front, mode=mode))


def _bordered(size: int, wanted: int, share: float, mode: str) -> Array | None:
    front = int((wanted - size) * share)
    behind = wanted - size - front
    if max(front, behind) >= size:
        return None
    return _padded(size, front, behind, mode)


def interpolations(sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[Along]:
    """Nearest, linear and cubic ones, with other ways to count places; one that averages as it shrinks."""
    for words, places in _PLACES.items():
        yield Weighted(f"resized (interpolated) linearly (bilinear), {words}", _tent(places))
        yield Weighted(f"resized (interpolated) by cubic curves (bicubic), {words}", _cubic(places))
    if any(size % its for size, its in zip(sizes, wanted, strict=True)):  # else it is a slice
        nearest = "resized (interpolated), the nearest taken (mode nearest)"
        yield Weighted(f"{nearest}, places rounded down", _nearest(0.0))
        yield Weighted(f"{nearest}, by the centres of pixels (nearest-exact)", _nearest(0.5))
    if any(size > its for size, its in zip(sizes, wanted, strict=True)):
        yield Weighted("resized (interpolated) linearly (bilinear), antialiased", _antialiased)


def _aligned(size: int, wanted: int) -> Array:
    return np.linspace(0, size - 1, wanted)


def _by_centres(size: int, wanted: int) -> Array:
    return (np.arange(wanted) + 0.5) * (size / wanted) - 0.5


def _by_edges(size: int, wanted: int) -> Array:
    return np.arange(wanted) * (size / wanted)


_PLACES: dict[str, Callable[[int, int], Array]] = {
    "its corners aligned (align_corners=True)": _aligned,
    "by the centres of pixels (align_corners=False)": _by_centres,
    "places counted from the edge, without half a pixel": _by_edges,
}


def _gathered(size: int, places: Array, weights: Sequence[Array]) -> Array:
    """Rows in which neighbours from a place on have weights; what lies outside is the edge."""
    rows = np.zeros((len(places), size))
    numbers = np.arange(len(places))
    for step, weight in enumerate(weights):
        np.add.at(rows, (numbers, np.clip(places + step, 0, size - 1)), weight)
    return rows


def _tent(places: Callable[[int, int], Array]) -> Matrix:
    def matrix(size: int, wanted: int) -> Array:
        at = np.clip(places(size, wanted), 0, size - 1)
        low = np.floor(at).astype(int)
        return _gathered(size, low, [1 - (at - low), at - low])

    return matrix


def _cubic(places: Callable[[int, int], Array]) -> Matrix:
    def matrix(size: int, wanted: int) -> Array:
        at = places(size, wanted)
        low = np.floor(at).astype(int)
        return _gathered(size, low - 1, [_bend(at - low + 1 - step) for step in range(4)])

    return matrix


def _bend(distance: Array, a: float = -0.75) -> Array:
    """The weight of a cubic convolution."""
    x = np.abs(distance)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.asarray(np.where(x <= 1, near, np.where(x < 2, far, 0.0)))


def _nearest(half: float) -> Matrix:
    def matrix(size: int, wanted: int) -> Array:
        at = np.floor((np.arange(wanted) + half) * (size / wanted)).astype(int)
        return _gathered(size, np.minimum(at, size - 1), [np.ones(wanted)])

    return matrix


def _antialiased(size: int, wanted: int) -> Array:
    """A tent as wide as what each element stands for."""
    scale = max(size / wanted, 1.0)
    at = (np.arange(wanted) + 0.5) * (size / wanted)
    gaps = (np.arange(size) + 0.5)[None, :] - at[:, None]
    rows = np.maximum(1 - np.abs(gaps) / scale, 0)
    return np.asarray(rows / rows.sum(1, keepdims=True))

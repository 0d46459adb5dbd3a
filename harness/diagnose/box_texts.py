"""Measures of how boxes overlap, as texts of `p` and `t`: corners in the last axis."""

from __future__ import annotations

from collections.abc import Iterator

from harness.diagnose.formula_texts import ELEMENTS, Formula

_EPS = 1e-9
_PLAIN = 21  # distances of a plain difference
_FORMS = {
    "corners": ("{0}[..., :2]", "{0}[..., 2:]"),
    "centre and size (xywh)": ("({0}[..., :2] - {0}[..., 2:] / 2)", "({0}[..., :2] + {0}[..., 2:] / 2)"),
    "corner and size (xywh)": ("{0}[..., :2]", "({0}[..., :2] + {0}[..., 2:])"),
}
_CORNERS = "corners"


def _sides(first: str = _CORNERS, second: str = _CORNERS, more: str = "") -> tuple[str, str, str]:
    """What both share, and the area of each, for boxes that are given in these forms."""
    low, high = (_FORMS[first][end].format("p") for end in range(2))
    its_low, its_high = (_FORMS[second][end].format("t") for end in range(2))
    shared = f"({high}.minimum({its_high}) - {low}.maximum({its_low}){more}).clamp(min=0).prod(-1)"
    areas = [f"({b} - {a}{more}).clamp(min=0).prod(-1)" for a, b in ((low, high), (its_low, its_high))]
    return shared, areas[0], areas[1]


def _overlap(sides: tuple[str, str, str]) -> str:
    shared, first, second = sides
    return f"{shared} / ({first} + {second} - {shared} + {_EPS})"


def _measures() -> Iterator[Formula]:
    shared, first, second = _sides()
    union, overlap = f"({first} + {second} - {shared} + {_EPS})", _overlap(_sides())
    outer = "(p[..., 2:].maximum(t[..., 2:]) - p[..., :2].minimum(t[..., :2]))"
    hull = f"({outer}.prod(-1) + {_EPS})"
    yield overlap, "the intersection over the union (IoU)"
    yield f"({overlap} - ({hull} - {union}) / {hull})", "the generalised overlap, less the hull's rest (GIoU)"
    yield from _with_centres(overlap, outer)
    yield (
        f"2 * {shared} / ({first} + {second} + {_EPS})",
        "twice the intersection over the sum of areas (Dice)",
    )
    yield f"{shared} / ({first}.minimum({second}) + {_EPS})", "the intersection over the smaller area"
    yield f"{shared} / ({first} + {_EPS})", "the intersection over the first's area"
    yield f"{shared} / ({second} + {_EPS})", "the intersection over the second's area"
    yield f"{shared} / {hull}", "the intersection over the hull that encloses both"
    longer = _overlap(_sides(more=" + 1"))
    yield longer, "the overlap of boxes longer by 1 pixel (plus 1, inclusive)"
    for one in _FORMS:
        for other in _FORMS:
            if (one, other) != (_CORNERS, _CORNERS):
                words = f"the overlap (IoU) of boxes taken as {one}, and as {other}"
                yield _overlap(_sides(one, other)), words


def _with_centres(overlap: str, outer: str) -> Iterator[Formula]:
    """The overlap less how far centres are apart, and less how much angles of diagonals differ."""
    apart = "((p[..., :2] + p[..., 2:] - t[..., :2] - t[..., 2:]) / 2).square().sum(-1)"
    far = f"{apart} / ({outer}.square().sum(-1) + {_EPS})"
    yield f"({overlap} - {far})", "the overlap less the distance of centres (DIoU)"
    wide, its = (
        tuple(f"({one}[..., 2:] - {one}[..., :2]).select(-1, {axis})" for axis in range(2)) for one in "pt"
    )
    ratios = [f"({width} / ({height} + {_EPS})).atan()" for width, height in (its, wide)]
    angle = f"(0.4052847345693511 * ({ratios[0]} - {ratios[1]}).square())"  # 4 by the square of pi
    weight = f"({angle} / (1 - {overlap} + {angle} + {_EPS})).detach()"
    yield f"({overlap} - {far} - {angle} * {weight})", "the overlap less distance and angle (complete, CIoU)"


def _distances() -> Iterator[Formula]:
    for text, words in ELEMENTS[:_PLAIN]:
        yield f"{text}.mean(-1)", f"{words} of corners, their mean"
        yield f"{text}.sum(-1)", f"{words} of corners, added up"


def _losses() -> Iterator[Formula]:
    for text, words in (*_measures(), *_distances()):
        yield f"({text})", words
        yield f"(1 - ({text}))", f"1 minus {words}"
    overlap, words = next(_measures())
    yield f"(-(({overlap}) + {_EPS}).log())", f"the negative logarithm of {words}"
    yield f"(1 - ({overlap}).square())", f"1 minus the square of {words}"


OVERLAPS: tuple[Formula, ...] = tuple(_losses())
"""Of boxes that are compared one by one."""

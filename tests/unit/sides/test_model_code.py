"""Functions of a model's code are found where they run, take other texts, and are themselves again."""

from __future__ import annotations

import inspect
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from harness.sides.code_values import Watch
from harness.sides.model_code import changed, functions_that_run


def doubled(value: float) -> float:
    return value * 2


def noted(place: Path) -> None:
    place.write_text("seen")


class Base:
    def start(self) -> float:
        return 10.0


class Sum(Base):
    __more = 1.0

    def start(self) -> float:
        return super().start() + self.__more

    @staticmethod
    def of(*values: float) -> float:
        return sum(one - 1 for one in values)


@cache
def kept(value: float) -> float:
    return value + 3


def test_functions_that_run_are_told_in_order_with_their_texts() -> None:
    ran = functions_that_run(lambda: Sum.of(doubled(3), Sum().start()))
    assert [(one.name, one.in_class) for one in ran] == [
        ("doubled", ""), ("start", "Sum"), ("start", "Base"), ("of", "Sum"),
    ]  # fmt: skip
    assert ran[0].text == inspect.getsource(doubled)
    assert ran[0].line == inspect.getsourcelines(doubled)[1]
    assert ran[1].text.startswith("def start(self)")


@pytest.mark.parametrize(
    ("call", "old", "new", "before", "then"),
    [
        (lambda: doubled(3), "* 2", "* 5", 6, 15),
        (lambda: Sum().start(), "+ self", "- self", 11, 9),
        (lambda: Sum.of(4, 5), "- 1", "+ 1", 7, 11),
    ],
)
def test_another_text_takes_the_place_of_a_function(
    call: object, old: str, new: str, before: float, then: float
) -> None:
    assert callable(call)
    own = next(one for one in functions_that_run(call) if old in one.text)
    start = own.text.index(old)
    with changed(own, [(start, start + len(old), new)]):
        assert call() == then
    assert call() == before
    with pytest.raises(SyntaxError), changed(own, [(start, start + len(old), "* (")]):
        pass
    assert call() == before


def test_what_may_change_files_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "noted"
    assert functions_that_run(lambda: noted(place)) == []
    assert place.read_text() == "seen"


def test_what_belongs_to_python_is_no_code_of_a_model() -> None:
    assert functions_that_run(lambda: Counter("aab").update("b")) == []


def test_a_decorated_function_is_found_behind_its_decorator() -> None:
    (own,) = functions_that_run(lambda: kept(1.0))
    start = own.text.index("+ 3")
    with changed(own, [(start, start + 3, "- 3")]):
        assert kept(20.0) == 17.0
    assert kept(21.0) == 24.0


def halves(values: list[float], about: dict[str, float]) -> float:
    total = 0.0
    for value in values:
        total += value / 2 if value > 0 else value
    return next(total * one for one in about.values()) - about["by"]


def test_expressions_tell_what_they_are_when_they_run_first() -> None:
    (own,) = functions_that_run(lambda: halves([2.0, 4.0], {"by": 1.0}))
    counts = iter(range(100))
    watch = Watch(lambda value: False, lambda value: value, lambda: next(counts))
    values = watch.of([own], lambda: halves([2.0, 4.0], {"by": 1.0}))[own.key]
    kinds = {own.text[start:end]: value.kind for (start, end), value in values.items()}
    assert kinds["value / 2"] == "float"
    assert kinds["value > 0"] == "bool"
    assert kinds["about['by']".replace("'", '"')] == "float"
    assert kinds["values"] == ""
    assert "total" in kinds
    before = {own.text[start:end]: value.before for (start, end), value in values.items()}
    assert before["value > 0"] < before["value / 2"] < before["total * one"]
    assert halves([2.0, 4.0], {"by": 1.0}) == 2.0


class Texts:
    def told(self, value: float) -> str:
        words = """
            as
        it is
"""
        return f"{words}{value * 2:g}"


def test_texts_of_several_lines_are_no_others_in_another_text() -> None:
    (own,) = functions_that_run(lambda: Texts().told(2.0))
    before = Texts().told(2.0)
    start = own.text.index("* 2")
    with changed(own, [(start, start + 3, "* 3")]):
        assert Texts().told(2.0) == before.replace("4", "6")
    watch = Watch(lambda value: False, lambda value: value, lambda: 0)
    seen: list[str] = []
    watch.of([own], lambda: seen.append(Texts().told(2.0)))
    assert seen == [before]


def failing(value: float) -> float:
    doubled = value * 2
    return doubled / 0 if value > 1 else doubled


def test_lines_of_another_text_are_those_of_the_file() -> None:
    (own,) = functions_that_run(lambda: failing(1.0))
    start = own.text.index("* 2")
    with changed(own, [(start, start + 3, "* 3")]), pytest.raises(ZeroDivisionError) as raised:
        failing(2.0)
    assert raised.traceback[-1].lineno + 1 == inspect.getsourcelines(failing)[1] + 2

"""A worker may be as old as Python 3.8: what it imports has that Python's grammar and names."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import pytest

from harness.environment.requirements import OLDEST
from harness.older_python import (
    neighbours,
    pairwise,
    strict_zip,
    without_prefix,
    without_suffix,
    zip_of_one_length,
)
from harness.strict_toml import tomllib
from harness.type_hints import read_hints, type_hints
from tests import ROOT, worker_closure

FILES = worker_closure.closure()


def test_the_closure_holds_what_a_worker_runs() -> None:
    expected = {"harness.worker", "harness.json_codec", "harness.hdf5.reader", "harness.guard.sweeper"}
    assert expected < set(FILES)
    assert {"harness.sides.jittor_side", "ports_jittor.led.unet", "refs_torch.led.unet"} < set(FILES)
    assert not {"harness.session", "harness.flows.compare", "harness.cli"} & set(FILES)


def test_an_import_that_fails_is_told(tmp_path: Path) -> None:
    for name in ("harness/worker.py", "harness/sides/torch_side.py", "tests/worker_closure.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes() if "tests" in name else b"import harness")
    (tmp_path / "harness/sides/torch_side.py").write_text(
        "import torch\nWHAT: int = list['no such name'].x\n"
    )
    (tmp_path / "harness/__init__.py").touch()
    program = tmp_path / "tests" / "worker_closure.py"
    done = subprocess.run([sys.executable, "-B", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "harness.sides.torch_side: AttributeError" in done.stdout


def test_no_name_in_it_is_newer_than_the_oldest_python() -> None:
    pytest.importorskip("vermin", reason="vermin is not installed: pip install '.[dev]'")
    oldest = "{}.{}-".format(*OLDEST)
    # `is_integer` is that of a float; `TypeGuard` is imported for the type checker alone.
    command = [sys.executable, "-c", "from vermin import main; main()", f"-t={oldest}"]
    command += ["--no-tips", "--violations", "-vvv"]
    command += ["--exclude", "int.is_integer", "--exclude", "typing.TypeGuard"]
    command += sorted(map(str, FILES.values()))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_lint_checks_its_grammar_for_the_oldest_python() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    assert ruff["target-version"] == "py{}{}".format(*OLDEST)
    newer = [pattern for pattern, version in ruff["per-file-target-version"].items() if version != "py38"]
    assert newer
    rooms = set(re.findall(r"\w+", " ".join(newer)))
    for path in FILES.values():
        first, second, *_ = (*path.relative_to(ROOT).parts, "")
        assert first not in rooms - {"harness"}, path
        assert first != "harness" or second not in rooms, path


@pytest.mark.parametrize("zipped", [strict_zip, zip_of_one_length])
def test_a_strict_zip(zipped: Callable[..., Iterator[Any]]) -> None:
    assert list(zipped()) == []
    assert list(zipped([1, None], "ab", (True, False))) == [(1, "a", True), (None, "b", False)]
    for uneven in (([1], [1, 2]), ([1, 2], [1]), ([], [], [None])):
        with pytest.raises(ValueError, match=r"shorter|longer"):
            list(zipped(*uneven))


@pytest.mark.parametrize("paired", [pairwise, neighbours])
@pytest.mark.parametrize("items", ["", "a", "ab", "abcd"])
def test_neighbours(paired: Callable[[Any], Iterator[Any]], items: str) -> None:
    assert list(paired(iter(items))) == list(itertools.pairwise(items))


@pytest.mark.parametrize("text", ["", "ab", "abab", "b"])
@pytest.mark.parametrize("part", ["", "ab", "b", "ababa"])
def test_a_part_of_a_text_is_cut_off_once(text: str, part: str) -> None:
    assert without_prefix(text, part) == text.removeprefix(part)
    assert without_suffix(text, part) == text.removesuffix(part)


def older(hint: Any) -> Any:
    """A type in a form that is one for both spellings."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal or not args:
        return hint
    union = origin is Union or "UnionType" in repr(origin)
    parts = [older(list(part) if isinstance(part, list) else part) for part in args]
    return frozenset(map(repr, parts)) if union else (origin, *map(repr, parts))


def classes() -> list[type]:
    """The classes with annotated fields that a worker's requests, answers and files are made of."""
    names = ("requests", "answers", "case", "dropout", "layer_map", "training.records", "training.setup")
    modules = [importlib.import_module(f"harness.{name}") for name in names]
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and dataclasses.is_dataclass(kind)
    ]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_annotations_mean_the_same_to_an_older_python(kind: type) -> None:
    now, then = type_hints(kind), read_hints(kind)
    assert list(now) == list(then)
    assert {name: older(hint) for name, hint in then.items()} == {
        name: older(hint) for name, hint in now.items()
    }


class Base:
    """A base whose fields come first."""

    first: int


class Fields(Base):
    """Every form that an annotation of a data class has."""

    second: list[str] | None
    third: dict[str, tuple[int, ...]]
    fourth: Literal["a", "b"]
    fifth: Mapping[str, Any]
    sixth: Callable[[int, str], float]
    seventh: None


class Named(NamedTuple):
    """A tuple with annotated items."""

    left: int | None
    right: Path


def test_forms_of_annotations() -> None:
    found = read_hints(Fields)
    assert list(found) == ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]
    assert found["first"] is int
    assert set(get_args(found["second"])) == {list[str], type(None)} or "List[str]" in str(found["second"])
    assert (get_origin(found["third"]), get_args(found["third"])[0]) == (dict, str)
    assert get_args(get_args(found["third"])[1]) == (int, ...)
    assert get_args(found["fourth"]) == ("a", "b")
    assert get_origin(found["fifth"]) is Mapping
    assert get_args(found["sixth"]) == ([int, str], float)
    assert found["seventh"] is None
    named = read_hints(Named)
    assert (set(get_args(named["left"])), named["right"]) == ({int, type(None)}, Path)


def test_a_name_that_is_nowhere_is_an_error() -> None:
    kind = type("Odd", (), {"__annotations__": {"field": "NoSuchType | None"}, "__module__": __name__})
    with pytest.raises(NameError, match="NoSuchType"):
        read_hints(kind)

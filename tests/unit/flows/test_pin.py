"""Finding and proving a reference against a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import flows
from harness.errors import BadInput
from harness.flows.pin import commit_of, find_entry
from harness.progress import Silent

MODEL = "tests.unit.sides.small:PAIR"
SAME = "from tests.unit.sides.small_torch import Small as Base\n\n\nclass small(Base):\n    pass\n"
FORWARD = "    def forward(self, image):\n        return super().forward(image) * 1.001\n"
OTHER = SAME.replace("    pass\n", FORWARD)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository whose package `model` has one class called `small`."""
    folder = tmp_path / "checkout"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "network.py").write_text(SAME)
    (folder / "broken.py").write_text("class small(:\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.invalid"]
        subprocess.run(["git", "-C", folder, *identity, *command], check=True)
    return folder


def test_entry_is_found_by_reading(checkout: Path) -> None:
    assert find_entry(checkout, "small") == "model.network:small"


def test_ambiguous_entry_must_be_named(checkout: Path) -> None:
    (checkout / "second.py").write_text(SAME)
    with pytest.raises(BadInput, match=r"model\.network:small, second:small\. Name it with --entry"):
        find_entry(checkout, "small")


def test_commit_is_read_from_git(checkout: Path, tmp_path: Path) -> None:
    assert len(commit_of(checkout)) == 40
    assert commit_of(tmp_path / "nowhere") == ""


def test_missing_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--upstream .*nowhere: no such folder"):
        flows.pin_verify(flows.CompareRequest(MODEL), tmp_path / "nowhere", Silent())


@pytest.mark.torch
def test_equal_upstream_is_aligned_and_the_missing_pin_is_reported(checkout: Path) -> None:
    found = flows.pin_verify(flows.CompareRequest(MODEL), checkout, Silent())
    assert found.alignment.verdict == "aligned"
    assert found.entry == "model.network:small"
    assert found.warnings == ["small small is pinned to no upstream repository"]


@pytest.mark.torch
def test_other_upstream_diverges(checkout: Path) -> None:
    (checkout / "model" / "network.py").write_text(OTHER)
    found = flows.pin_verify(flows.CompareRequest(MODEL), checkout, Silent())
    assert found.alignment.verdict == "diverged"


@pytest.mark.torch
def test_entry_that_cannot_be_loaded_is_reported(checkout: Path) -> None:
    with pytest.raises(BadInput, match=r"model\.network:nothing cannot be loaded"):
        flows.pin_verify(flows.CompareRequest(MODEL), checkout, Silent(), "model.network:nothing")

"""Which device `auto` is: decided by what stands in the GPU's way, which is looked for at no cost."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import pairs
from harness.environment import device
from harness.flows.request import CompareRequest


@pytest.fixture(autouse=True)
def _undecided(monkeypatch: pytest.MonkeyPatch) -> Any:
    device._automatic.cache_clear()
    yield
    device._automatic.cache_clear()


def test_nothing_in_the_way_is_the_gpu() -> None:
    assert device.decide(lambda: "").device == "cuda"


def test_the_reason_names_the_obstacle() -> None:
    assert device.decide(lambda: "jittor: no nvcc") == device.ChosenDevice("cpu", "jittor: no nvcc")


def test_without_a_driver_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(device, "has_driver", lambda: False)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert device.gpu_obstacle() == "no driver of NVIDIA's here"


def test_a_driver_is_a_path_or_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not device.has_driver(tmp_path / "version")
    (tmp_path / "version").touch()
    assert device.has_driver(tmp_path / "version")
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert device.has_driver(tmp_path / "none")


@pytest.mark.parametrize(("obstacle", "chosen"), [("", "cuda"), ("torch: finds no card", "cpu")])
def test_a_request_without_a_device_says_why_once(
    obstacle: str, chosen: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.config._said", set())
    monkeypatch.setattr(device, "gpu_obstacle", lambda: obstacle)
    request, pair = CompareRequest("led"), pairs.find("led")
    assert request.case(pair).device == request.case(pair).device == chosen
    assert obstacle in str(request.settings()["device_reason"])
    assert capsys.readouterr().err.count(f"align: computing on the {chosen}: ") == 1


def test_both_devices_are_given_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = pairs.find("led")
    cases = [CompareRequest("led", device=name).case(pair) for name in ("cpu", "cuda")]
    one, other = (pair.inputs(case.request(pair)) for case in cases)
    assert cases[0].on(device="cuda") == cases[1]
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
    assert "device_reason" not in CompareRequest("led", device="cpu").settings()

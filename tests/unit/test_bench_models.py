"""What the measurement of whole models makes of its command line and of its runs."""

from __future__ import annotations

import pytest

from benchmarks import bench_models


def test_a_case_names_model_variant_and_size() -> None:
    job = bench_models.parse_case("led/nafnet@128x64", "train")
    assert (job.pair.name, job.variant, job.size, job.mode) == ("led", "nafnet", (128, 64), "train")
    job = bench_models.parse_case("led", "eval")
    assert (job.variant, job.size) == ("unet", None)


@pytest.mark.parametrize("text", ["led/unet@512", "led/unet@ax2"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write MODEL/VARIANT@HxW"):
        bench_models.parse_case(text, "eval")


def test_the_ratio_is_that_of_the_medians() -> None:
    def rows(*seconds: float) -> list[dict[str, dict[str, float]]]:
        return [{part: {"wall": one, "cpu": 2 * one} for part in ("forward", "step")} for one in seconds]

    found = bench_models.summary({"torch": rows(1.0, 2.0, 9.0), "jittor": rows(3.0, 1.0, 3.0)})
    assert found["medians"]["torch"] == {"forward": 2.0, "step": 2.0, "whole": 4.0, "processor": 8.0}
    assert found["ratios"] == {"forward": 1.5, "step": 1.5, "whole": 1.5, "processor": 1.5}

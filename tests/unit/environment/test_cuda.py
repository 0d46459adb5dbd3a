"""CUDA parts found and laid out, on toolkits that are only files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import cuda
from harness.environment.cuda import card, parts, shims, toolkit
from harness.environment.cuda.nvcc import Nvcc, candidates, first_working
from harness.environment.cuda.survey import Survey
from harness.environment.interpreter_info import InterpreterInfo, facts_of
from harness.errors import NoEnvironment
from tests.unit.environment import fakes

H200 = card.Card("NVIDIA H200", 90, "580.82.07")
CUB_USER = """
#include <cub/cub.cuh>

struct Twice {
    __host__ __device__ float operator()(int value) const { return 2.0f * value; }
};

__global__ void largest(const float* values, float* found) {
    typedef cub::BlockReduce<float, 64> Reduce;
    __shared__ typename Reduce::TempStorage storage;
    float most = Reduce(storage).Reduce(values[threadIdx.x], cub::Max());
    if (cub::LaneId() == 0) found[0] = most;
}

void count(void* place, size_t& bytes, float* sums, int length) {
    cub::CountingInputIterator<int> numbers(0);
    cub::TransformInputIterator<float, Twice, cub::CountingInputIterator<int>> doubled(numbers, Twice());
    cub::DeviceReduce::Sum(place, bytes, doubled, sums, length);
}
"""


@pytest.fixture
def facts(tmp_path: Path) -> InterpreterInfo:
    """An interpreter without torch."""
    return fakes.environment(tmp_path / "env", packages=fakes.without("torch"))


def look(facts: InterpreterInfo, path: Path, found: card.Card | None = H200) -> Survey:
    """A survey that begins with one nvcc and never looks at this machine's own toolkit."""
    nvcc, why = first_working([path])
    if nvcc is None:
        return Survey(facts, found, None, why)
    places = parts.sources(nvcc, facts, system=facts.prefix / "system")
    return Survey(
        facts, found, nvcc, "", places, {want.name: parts.find(want, places) for want in parts.WANTED}
    )


def site(facts: InterpreterInfo) -> Path:
    """Where the nvidia wheels go."""
    return facts.site[0] / "nvidia"


@pytest.fixture
def cuda13(facts: InterpreterInfo, tmp_path: Path) -> Survey:
    """A toolkit of CUDA 13 in the system, cuDNN 9 as a wheel."""
    fakes.cudnn(site(facts) / "cudnn/include", site(facts) / "cudnn/lib", 9)
    return look(facts, fakes.toolkit(tmp_path / "cuda", "13.0.88", 13))


@pytest.fixture
def cuda12(facts: InterpreterInfo, tmp_path: Path) -> Survey:
    """A toolkit of CUDA 12 in the system, cuDNN 8 as a wheel."""
    fakes.cudnn(site(facts) / "cudnn/include", site(facts) / "cudnn/lib", 8)
    return look(facts, fakes.toolkit(tmp_path / "cuda", "12.2.140", 12))


def tree(root: Path) -> Mapping[str, Path]:
    """Every file and link below a folder; none is dead."""
    found = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }
    assert all(path.exists() for path in found.values())
    return found


class TestCompiler:
    """Finding an nvcc that works."""

    def test_the_deliberate_choice_comes_first(self, facts: InterpreterInfo, tmp_path: Path) -> None:
        wheel = fakes.nvcc(site(facts) / "cu13/bin/nvcc", "13.0.88")
        path = fakes.nvcc(tmp_path / "bin/nvcc", "12.0.1")
        stated = {"CUDA_HOME": "/a", "CUDA_PATH": "/b", "PATH": str(path.parent)}
        order = [Path("/a/bin/nvcc"), Path("/b/bin/nvcc"), Path("/usr/local/cuda/bin/nvcc"), wheel, path]
        assert list(candidates(facts, stated)) == order

    def test_one_that_does_not_run_is_passed_over(self, tmp_path: Path) -> None:
        dead = fakes.program(tmp_path / "half/bin/nvcc", "exec /nowhere/nvcc")
        good = fakes.nvcc(tmp_path / "good/bin/nvcc", "13.0.88")
        nvcc, why = first_working([tmp_path / "none/nvcc", dead, good])
        assert nvcc == Nvcc(good, (13, 0, 88), tmp_path / "good")
        assert why == ""

    def test_half_a_toolkit_is_reported(self, tmp_path: Path) -> None:
        dead = fakes.program(tmp_path / "half/bin/nvcc", "exec /nowhere/nvcc")
        nvcc, why = first_working([dead])
        assert nvcc is None
        assert why == f"{dead} does not run: is it left over from a toolkit?"

    def test_no_compiler_at_all_is_reported(self, tmp_path: Path) -> None:
        nvcc, why = first_working([tmp_path / "nvcc"])
        assert nvcc is None
        assert why.startswith("no nvcc was found in CUDA_HOME, CUDA_PATH, /usr/local/cuda")

    def test_a_script_that_calls_another_nvcc_leads_to_its_toolkit(self, tmp_path: Path) -> None:
        real = fakes.toolkit(tmp_path / "cuda", "13.0.88", 13)
        script = fakes.program(tmp_path / "bin/nvcc", f'exec {real} "$@"')
        nvcc, _ = first_working([script])
        assert nvcc is not None
        assert nvcc.top == tmp_path / "cuda"


class TestParts:
    """Finding the libraries."""

    def test_a_whole_toolkit_lacks_nothing(self, cuda13: Survey) -> None:
        assert cuda13.missing == []
        assert cuda13.wheels() == ()
        assert cuda13.cudnn_major == 9
        sources = {name: part.source for name, part in cuda13.parts.items()}
        assert sources["cublas"] == parts.PartSource(cuda13.nvcc.top / "include", cuda13.nvcc.top / "lib64")
        assert sources["cudnn"] == parts.PartSource(
            *(site(cuda13.facts) / "cudnn" / name for name in ("include", "lib"))
        )

    def test_a_header_without_its_library_does_not_count(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        nvcc = fakes.toolkit(tmp_path / "cuda", "13.0.88", 13)
        for file in (tmp_path / "cuda/lib64").glob("libcurand*"):
            file.unlink()
        missing = {part.wanted.name: part.missing for part in look(facts, nvcc).missing}
        assert missing["curand"] == f"its header is in {tmp_path}/cuda/include, but no libcurand.so"
        assert missing["cudnn"] == "neither cudnn.h nor libcudnn.so was found"

    def test_a_library_without_its_header_does_not_count(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        nvcc = fakes.toolkit(tmp_path / "cuda", "13.0.88", 13)
        (tmp_path / "cuda/include/cufft.h").unlink()
        missing = {part.wanted.name: part.missing for part in look(facts, nvcc).missing}
        assert missing["cufft"] == f"the library is in {tmp_path}/cuda/lib64, but no cufft.h"

    def test_header_and_library_come_from_one_place(self, facts: InterpreterInfo, tmp_path: Path) -> None:
        nvcc = fakes.toolkit(tmp_path / "cuda", "13.0.88", 13)
        (tmp_path / "cuda/include/cufft.h").unlink()
        wheel = site(facts) / "cu13"
        fakes.cuda_library(wheel / "include", wheel / "lib", "cufft.h", "cufft", [".12"])
        assert look(facts, nvcc).parts["cufft"].source == parts.PartSource(wheel / "include", wheel / "lib")

    @pytest.mark.parametrize(
        ("folder", "version", "used"),
        [
            ("cu13", "13.0.88", True),
            ("cu12", "13.0.88", False),
            ("cublas", "13.0.88", False),
            ("cublas", "12.2.140", True),
            ("cu13", "12.2.140", False),
        ],
    )
    def test_wheels_of_another_cuda_are_not_mixed_in(
        self, folder: str, version: str, used: bool, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        wheel = site(facts) / folder
        fakes.cuda_library(wheel / "include", wheel / "lib", "cublas_v2.h", "cublas", [".13"])
        found = look(facts, fakes.nvcc(tmp_path / "cuda/bin/nvcc", version))
        assert (found.parts["cublas"].source is not None) == used

    @pytest.mark.parametrize(
        ("version", "wheels"),
        [
            ("13.0.88", ("cuda-toolkit[cudart,cublas,curand,cufft,cusparse]==13.0.*", "nvidia-cudnn-cu13")),
            (
                "12.2.140",
                ("cuda-toolkit[cudart,cublas,curand,cufft,cusparse]==12.2.*", "nvidia-cudnn-cu12==8.9.7.29"),
            ),
        ],
    )
    def test_the_wheels_that_complete_it(
        self, version: str, wheels: tuple[str, ...], facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        assert look(facts, fakes.nvcc(tmp_path / "cuda/bin/nvcc", version)).wheels() == wheels


class TestToolkit:
    """The folder that Jittor is led to."""

    def test_jittor_finds_every_name_that_it_opens(self, cuda13: Survey, tmp_path: Path) -> None:
        stated = cuda.prepare(cuda13, tmp_path / "home")
        root = tmp_path / "home/toolkit-13.0"
        found = tree(root)
        opened = ["cudart", "cublas", "cublasLt", "curand", "cufft", "cusparse", "cudnn"]
        opened += [f"cudnn_{part}_{kind}" for part in ("ops", "cnn") for kind in ("infer", "train")]
        assert {f"lib64/lib{name}.so" for name in opened} <= set(found)
        assert {"lib64/libcudadevrt.a", "include/cuda_runtime.h", "include/crt"} <= set(found)
        assert {f"include/{header}" for header in (*fakes.CUDA_LIBRARIES, "cublas_api.h", "cudnn.h")} <= set(
            found
        )
        assert stated["nvcc_path"] == str(root / "bin/nvcc")

    def test_names_without_a_version_lead_to_the_wheels_files(self, cuda13: Survey, tmp_path: Path) -> None:
        cuda.prepare(cuda13, tmp_path)
        library = tmp_path / "toolkit-13.0/lib64"
        assert (library / "libcudnn.so").resolve() == site(cuda13.facts) / "cudnn/lib/libcudnn.so.9"
        assert (library / "libcudnn_cnn_train.so").resolve().name == "libcudnn_cnn.so.9"

    def test_nvcc_is_a_script_and_works(self, cuda13: Survey, tmp_path: Path) -> None:
        nvcc = Path(cuda.prepare(cuda13, tmp_path)["nvcc_path"])
        assert not nvcc.is_symlink()
        done = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True)
        assert "V13.0.88" in done.stdout

    def test_cuda_13_needs_shims_and_flags(self, cuda13: Survey, tmp_path: Path) -> None:
        stated = cuda.prepare(cuda13, tmp_path)
        include = tmp_path / "toolkit-13.0/include"
        assert (include / "cub/cub.cuh").read_text() == shims.CUB_HEADER
        assert '#include "cudnn9/cudnn.h"' in (include / "cudnn.h").read_text()
        assert (include / "cudnn9/cudnn.h").resolve().parent == site(cuda13.facts) / "cudnn/include"
        assert stated["cc_flags"] == "-DcomputeMode=isMultiGpuBoard -DclockRate=multiProcessorCount"
        assert stated["NVCC_APPEND_FLAGS"] == "-std=c++17"

    def test_cuda_12_with_cudnn_8_needs_none(self, cuda12: Survey, tmp_path: Path) -> None:
        stated = cuda.prepare(cuda12, tmp_path)
        include = tmp_path / "toolkit-12.2/include"
        assert (include / "cudnn.h").resolve() == site(cuda12.facts) / "cudnn/include/cudnn.h"
        assert (include / "cub").resolve() == cuda12.nvcc.top / "include/cub"
        assert not {"cc_flags", "NVCC_APPEND_FLAGS"} & set(stated)

    def test_the_toolkits_own_npp_is_used_where_it_has_one(self, cuda13: Survey, tmp_path: Path) -> None:
        cuda.prepare(cuda13, tmp_path)
        npp = tmp_path / "toolkit-13.0/include/npp.h"
        assert not npp.is_symlink()
        fakes.touch(cuda13.nvcc.top / "include/npp.h")
        cuda.prepare(cuda13, tmp_path)
        assert npp.resolve() == cuda13.nvcc.top / "include/npp.h"

    def test_nothing_is_downloaded_and_float32_is_plain(self, cuda13: Survey, tmp_path: Path) -> None:
        stated = cuda.prepare(cuda13, tmp_path)
        assert {stated[name] for name in ("use_nccl", "use_cutt", "use_cutlass", "NVIDIA_TF32_OVERRIDE")} == {
            "0"
        }

    @pytest.mark.parametrize(("architecture", "stated"), [(90, "90"), (None, None)])
    def test_the_architecture_is_that_of_the_card(
        self, architecture: int | None, stated: str | None, cuda13: Survey, tmp_path: Path
    ) -> None:
        found = replace(cuda13, card=replace(H200, architecture=architecture))
        assert cuda.prepare(found, tmp_path).get("cuda_archs") == stated

    def test_laying_out_again_drops_what_is_gone(self, cuda13: Survey, tmp_path: Path) -> None:
        home = tmp_path / "home"
        cuda.prepare(cuda13, home)
        before = set(tree(home))
        cuda.prepare(cuda13, home)
        assert set(tree(home)) == before
        (cuda13.nvcc.top / "include/cublas_api.h").unlink()
        cuda.prepare(cuda13, home)
        assert before - set(tree(home)) == {"toolkit-13.0/include/cublas_api.h"}

    def test_without_a_driver_nothing_is_laid_out(self, cuda13: Survey, tmp_path: Path) -> None:
        with pytest.raises(NoEnvironment, match=r"no NVIDIA driver answers\. Use --device cpu"):
            cuda.prepare(replace(cuda13, card=None), tmp_path / "home")
        assert not (tmp_path / "home").exists()

    def test_an_incomplete_toolkit_is_refused_with_what_completes_it(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        found = look(facts, fakes.toolkit(tmp_path / "cuda", "13.0.88", 13))
        with pytest.raises(NoEnvironment, match="cudnn: neither") as caught:
            cuda.prepare(found, tmp_path)
        assert f"{facts.python} -m pip install nvidia-cudnn-cu13" in str(caught.value)

    def test_a_missing_compiler_is_refused_with_what_brings_one(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        with pytest.raises(NoEnvironment, match=r"no nvcc was found.*cuda-toolkit\[nvcc"):
            cuda.prepare(look(facts, tmp_path / "none"), tmp_path)


class TestCard:
    """What nvidia-smi says."""

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("NVIDIA H200, 9.0, 580.82.07", H200),
            ("NVIDIA B200, 10.0, 580.1", card.Card("NVIDIA B200", 100, "580.1")),
            ("Old, [N/A], 470.1", card.Card("Old", None, "470.1")),
            ("NVIDIA-SMI has failed", None),
        ],
    )
    def test_one_line_is_read(self, line: str, expected: card.Card | None) -> None:
        assert card.parse(line) == expected

    @pytest.mark.parametrize(
        ("text", "found"), [("echo 'NVIDIA H200, 9.0, 580.82.07'", H200), ("exit 9", None)]
    )
    def test_nvidia_smi_is_asked(
        self, text: str, found: card.Card | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fakes.program(tmp_path / "nvidia-smi", text)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert card.first_card() == found

    def test_a_driver_without_nvidia_smi_is_still_a_driver(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert card.first_card(tmp_path / "none") is None
        fakes.touch(tmp_path / "version")
        found = card.first_card(tmp_path / "version")
        assert found is not None
        assert found.architecture is None


class TestJudgement:
    """What the doctor says of it."""

    def test_a_machine_without_anything_misses_nothing(self, facts: InterpreterInfo, tmp_path: Path) -> None:
        (finding,) = cuda.judge(look(facts, tmp_path / "none", None))
        assert (finding.part, finding.state) == ("device", "ok")

    def test_half_a_toolkit_without_a_card_is_shown_and_not_missed(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        found = look(facts, fakes.toolkit(tmp_path / "cuda", "13.0.88", 13), None)
        assert {finding.part: finding.state for finding in cuda.judge(found)} == {
            "device": "ok",
            "nvcc": "ok",
            "CUDA libraries": "ok",
            "cuDNN": "off",
        }

    def test_with_a_card_the_missing_part_is_a_warning_with_its_command(
        self, facts: InterpreterInfo, tmp_path: Path
    ) -> None:
        found = look(facts, fakes.toolkit(tmp_path / "cuda", "13.0.88", 13))
        finding = cuda.judge(found)[-1]
        assert (finding.part, finding.state, finding.wheels) == ("cuDNN", "warn", ("nvidia-cudnn-cu13",))
        assert finding.wrong.startswith("--device cuda cannot run: cudnn: neither cudnn.h")
        assert finding.mend == f"{facts.python} -m pip install nvidia-cudnn-cu13"

    def test_wheels_beside_torch_are_left_to_the_user(self, facts: InterpreterInfo, tmp_path: Path) -> None:
        shared = replace(facts, packages=fakes.HEALTHY)
        finding = cuda.judge(look(shared, fakes.toolkit(tmp_path / "cuda", "13.0.88", 13)))[-1]
        assert (finding.state, finding.wheels) == ("warn", ())

    def test_a_card_that_is_too_new_is_a_warning(self, cuda13: Survey) -> None:
        newer = card.Card("NVIDIA B200", 100, "580.1")
        finding = cuda.judge(replace(cuda13, card=newer))[0]
        assert finding.state == "warn"
        assert finding.wrong == "Jittor 1.3.11 builds for at most sm_90, which NVIDIA B200 cannot run"

    def test_a_whole_set_up_is_ok(self, cuda13: Survey) -> None:
        assert {finding.state for finding in cuda.judge(cuda13)} == {"ok"}


class TestShims:
    """The headers that stand before the toolkit's own."""

    def test_the_limits_of_integers(self) -> None:
        lines = re.findall(r"#define (\w+) \((.+)\)", shims.npp_header())
        found = {name: eval(re.sub(r"U?L*(?=\b|$)", "", value)) for name, value in lines}
        assert found == {
            "NPP_MIN_32U": 0, "NPP_MAX_32U": 2**32 - 1, "NPP_MIN_32S": -(2**31), "NPP_MAX_32S": 2**31 - 1,
            "NPP_MIN_64U": 0, "NPP_MAX_64U": 2**64 - 1, "NPP_MIN_64S": -(2**63), "NPP_MAX_64S": 2**63 - 1,
        }  # fmt: skip

    def test_they_are_c_plus_plus(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        status = "typedef enum { CUDNN_STATUS_NOT_SUPPORTED = 9 } cudnnStatus_t;\n"
        (tmp_path / "real/cudnn.h").write_text(f"#pragma once\n{status}")
        (tmp_path / "cudnn.h").write_text(shims.cudnn_header("real"))
        (tmp_path / "npp.h").write_text(shims.npp_header())
        (tmp_path / "use.cc").write_text(
            '#include "cudnn.h"\n#include "npp.h"\n#include <cstdint>\n'
            'static_assert(NPP_MIN_64S == INT64_MIN && NPP_MAX_64U == UINT64_MAX, "64");\n'
            'static_assert(NPP_MIN_32S == INT32_MIN && NPP_MAX_32U == UINT32_MAX, "32");\n'
            "int main() { return cudnnRNNBackwardData(1, 2.0, nullptr) != CUDNN_STATUS_NOT_SUPPORTED; }\n"
        )
        command = ["g++", "-std=c++14", "-Wall", "-Werror", "use.cc", "-o", "use"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
        assert subprocess.run([tmp_path / "use"], check=False).returncode == 0

    @pytest.mark.slow
    def test_cub_has_the_names_that_jittor_calls(self, tmp_path: Path) -> None:
        found = cuda.survey(facts_of(Path(sys.executable)))
        if found.nvcc is None or found.nvcc.version[0] < 13 or found.parts["cudart"].source is None:
            pytest.skip("no CUDA 13 compiler with its runtime here")
        root = tmp_path / "toolkit"
        toolkit.lay_out(found, found.nvcc, root)
        (tmp_path / "use.cu").write_text(CUB_USER)
        flags = shims.CUDA13_NVCC_FLAGS.split()
        command = [
            root / "bin/nvcc",
            "-std=c++14",
            *flags,
            "-arch=sm_90",
            f"-I{root}/include",
            "-c",
            "use.cu",
        ]
        subprocess.run([*command, "-o", "use.o"], cwd=tmp_path, check=True, timeout=600)
        assert (tmp_path / "use.o").stat().st_size > 0

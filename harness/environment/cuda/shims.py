"""Headers that stand before the toolkit's own, for what Jittor 1.3.11 names and newer toolkits lost."""

from __future__ import annotations

# CUDA 13 took two members from cudaDeviceProp that Jittor names in functions which nothing calls. They are
# turned into members that exist.
CUDA13_FLAGS = "-DcomputeMode=isMultiGpuBoard -DclockRate=multiProcessorCount"

# Jittor asks for C++14; CUDA 13's own C++ headers refuse anything below 17. nvcc reads this by itself.
CUDA13_NVCC_FLAGS = "-std=c++17"

_RNN = (
    "cudnnGetRNNLinLayerBiasParams",
    "cudnnGetRNNLinLayerMatrixParams",
    "cudnnGetRNNParamsSize",
    "cudnnGetRNNTrainingReserveSize",
    "cudnnGetRNNWorkspaceSize",
    "cudnnRNNBackwardData",
    "cudnnRNNBackwardWeights",
    "cudnnRNNForwardInference",
    "cudnnRNNForwardTraining",
    "cudnnSetRNNDescriptor_v6",
)


def cudnn_header(folder: str) -> str:
    """`cudnn.h` for cuDNN 9, which lost the RNN interface of cuDNN 7: calls of it answer NOT_SUPPORTED."""
    gone = "".join(
        "template <class... Arguments>\n"
        f"inline cudnnStatus_t {name}(Arguments...) {{ return CUDNN_STATUS_NOT_SUPPORTED; }}\n"
        for name in _RNN
    )
    return f'#pragma once\n#include "{folder}/cudnn.h"\n#ifdef __cplusplus\n{gone}#endif\n'


# CUDA 13's C++ libraries took four names from cub.
CUB_HEADER = """\
#pragma once
#include_next <cub/cub.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

namespace cub {

template <class Value, class = int>
using CountingInputIterator = ::thrust::counting_iterator<Value>;

template <class Value, class Operation, class Input, class = int>
using TransformInputIterator = ::thrust::transform_iterator<Operation, Input, Value>;

struct Max {
    template <class Value>
    __host__ __device__ Value operator()(const Value& left, const Value& right) const {
        return left < right ? right : left;
    }
};

__device__ __forceinline__ unsigned int LaneId() {
    unsigned int lane;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

}  // namespace cub
"""


def npp_header() -> str:
    """`npp.h` where the toolkit has none: Jittor takes the limits of integers from it."""
    lines = ["#pragma once"]
    for bits, letter in ((32, ""), (64, "LL")):
        most, most_unsigned = (1 << (bits - 1)) - 1, (1 << bits) - 1
        lines += [
            f"#define NPP_MIN_{bits}U (0)",
            f"#define NPP_MAX_{bits}U ({most_unsigned}U{letter})",
            f"#define NPP_MIN_{bits}S (-{most}{letter} - 1)",
            f"#define NPP_MAX_{bits}S ({most}{letter})",
        ]
    return "\n".join(lines) + "\n"

#!/usr/bin/env bash
# The GPU check on a machine without network: run.sh WHEELS OUT [--device cuda] [--budget 540] ...
#
# WHEELS holds what the machine lacks (benchmarks/gpu_check/wheels.txt lists it); PyTorch and its CUDA
# libraries, nvcc and g++ are there already. Everything is written below OUT; nothing is installed.
set -euo pipefail

if (($# < 2)); then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
wheels=$1
mkdir -p -- "$2"
out=$(cd -- "$2" && pwd -P)
shift 2

python3 -m pip install -q --no-index --no-deps --no-compile --upgrade --target "$out/site" "$wheels"/*.whl
export PYTHONPATH="$root:$out/site" ALIGN_CACHE="$out/cache"
exec python3 -m benchmarks.gpu_check --out "$out" "$@"

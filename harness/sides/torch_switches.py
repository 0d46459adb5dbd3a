"""What makes torch quicker or slower: its switches, and what is set now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from harness.older_python import without_prefix
from harness.sides.contract import Framework


def settings(side: Framework) -> dict[str, str]:
    """What decides torch's speed beyond the code, in the context in which the model is called."""
    precise = torch.get_float32_matmul_precision() == "highest"
    tf32 = torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32
    return {
        "threads": str(torch.get_num_threads()),
        "dtype": _dtypes(side),
        "amp": _autocast(side.device),
        "gradients": "kept" if torch.is_grad_enabled() else "not kept",
        "tf32": str(not precise or (side.device == "cuda" and tf32)),
        "channels_last": str(any(map(_is_channels_last, side.model.parameters()))),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
    }


def _autocast(device: str) -> str:
    if hasattr(torch, "get_autocast_dtype"):  # since PyTorch 2.3
        on, dtype = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)
    elif device == "cpu":
        on, dtype = torch.is_autocast_cpu_enabled(), torch.get_autocast_cpu_dtype()
    else:
        on, dtype = torch.is_autocast_enabled(), torch.get_autocast_gpu_dtype()
    return without_prefix(str(dtype), "torch.") if on else "off"


def _dtypes(side: Framework) -> str:
    """The floating types of the model's parameters."""
    found = {without_prefix(str(value.dtype), "torch.") for value in side.model.parameters()}
    return " and ".join(sorted(found)) or "none"


def _is_channels_last(tensor: torch.Tensor) -> bool:
    last = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return last and not tensor.is_contiguous()


@contextlib.contextmanager
def not_deterministic() -> Iterator[None]:
    """Algorithms that may add up in any order, as long as the context lasts."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


@contextlib.contextmanager
def switched(side: Framework, name: str) -> Iterator[None]:
    """One switch on, and off again at the end."""
    with contextlib.ExitStack() as stack:
        if name == "inference_mode":
            stack.enter_context(torch.inference_mode())
        elif name in ("bfloat16", "float16"):
            stack.enter_context(torch.autocast(side.device, dtype=getattr(torch, name)))
        elif name == "compile":
            stack.enter_context(_replaced(side, "model", torch.compile(side.model)))
        elif name == "channels_last":
            stack.enter_context(_channels_last(side))
        elif name == "cudnn_benchmark":
            stack.enter_context(_replaced(torch.backends.cudnn, "benchmark", True))
        elif name == "tf32":
            stack.enter_context(_replaced(torch.backends.cuda.matmul, "allow_tf32", True))
            stack.enter_context(_replaced(torch.backends.cudnn, "allow_tf32", True))
        yield


@contextlib.contextmanager
def _replaced(of: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(of, name)
    setattr(of, name, value)
    try:
        yield
    finally:
        setattr(of, name, before)


@contextlib.contextmanager
def _channels_last(side: Framework) -> Iterator[None]:
    """The model's weights, and every input that is a batch of images."""
    before = dict(side._inputs)
    side.model.to(memory_format=torch.channels_last)
    for name, tensor in before.items():
        if tensor.dim() == 4:
            side._inputs[name] = tensor.contiguous(memory_format=torch.channels_last)
    try:
        yield
    finally:
        side._inputs.update(before)
        side.model.to(memory_format=torch.contiguous_format)

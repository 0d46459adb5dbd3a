"""What stands for a tensor's content in a manifest: its CRC-32, which costs a fifth of a SHA-256."""

from __future__ import annotations

from weight_convert.tensor import Tensor


def tensor_digest(tensor: Tensor) -> str:
    """The CRC-32 of a tensor's bytes in C order; shape and dtype are not part of it."""
    return f"{tensor.crc:08x}"


PENDING_FILE, PENDING_TENSOR = "0" * 64, "0" * 8
"""Stand for digests that are still being computed."""

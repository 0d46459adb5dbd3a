"""Digests: the SHA-256 of a source, and the CRC-32 of each tensor, which costs a tenth of that."""

from __future__ import annotations

import hashlib

from weight_convert.mapped import MappedFile
from weight_convert.tensor import Tensor


def file_digest(file: MappedFile) -> str:
    """The SHA-256 of a file, as sha256sum prints it."""
    return hashlib.sha256(file.data).hexdigest()


def tensor_digest(tensor: Tensor) -> str:
    """The CRC-32 of a tensor's bytes in C order; shape and dtype are not part of it."""
    return f"{tensor.crc():08x}"


PENDING_FILE, PENDING_TENSOR = "0" * 64, "0" * 8
"""Stand for digests that are still being computed."""

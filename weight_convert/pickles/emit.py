"""Writing pickles, instruction by instruction, so that arrays go from one file into the other directly."""

from __future__ import annotations

import struct
from collections.abc import Callable


class Emitter:
    """Spells the few values that checkpoints need. Repeated names and texts are spelled once."""

    def __init__(self, write: Callable[[bytes], object], protocol: int) -> None:
        self._write, self._protocol = write, protocol
        self._memo: dict[object, int] = {}
        write(b"\x80" + bytes([protocol]))

    def raw(self, instructions: bytes) -> None:
        """Instructions as they are."""
        self._write(instructions)

    def integer(self, value: int) -> None:
        """An integer of at most 64 bits."""
        if 0 <= value < 1 << 8:
            self._write(b"K" + bytes([value]))
        elif -(1 << 31) <= value < 1 << 31:
            self._write(b"J" + struct.pack("<i", value))
        else:
            self._write(b"\x8a\x09" + value.to_bytes(9, "little", signed=True))

    def text(self, value: str) -> None:
        """A text."""
        if not self.recall(("text", value)):
            raw = value.encode("utf-8", "surrogatepass")
            self._write(b"X" + struct.pack("<I", len(raw)) + raw)
            self.remember(("text", value))

    def name(self, module: str, name: str) -> None:
        """A reference to a class or function."""
        if self.recall(("name", module, name)):
            return
        if self._protocol >= 4:
            self.text(module)
            self.text(name)
            self._write(b"\x93")
        else:
            self._write(f"c{module}\n{name}\n".encode())
        self.remember(("name", module, name))

    def integers(self, values: tuple[int, ...]) -> None:
        """A tuple of integers."""
        self._write(b"(")
        for value in values:
            self.integer(value)
        self._write(b"t")

    def recall(self, what: object) -> bool:
        """Repeat a remembered value; False where it was never spelled."""
        index = self._memo.get(what)
        if index is None:
            return False
        self._write(b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index))
        return True

    def remember(self, what: object) -> None:
        """Keep the value just spelled for repetition."""
        index = len(self._memo)
        self._memo[what] = index
        self._write(b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index))

    def stop(self) -> None:
        """The end."""
        self._write(b".")

"""Whether bytes begin as a pickle does: its first instructions are known ones, and fit into the file."""

from __future__ import annotations

import pickletools

_PROTOCOLS = range(2, 6)
_FIRST = 32  # instructions that are looked at
_LONGEST_LINE = 1 << 16
_INSTRUCTIONS = {ord(known.code): known for known in pickletools.opcodes}
_LINES = {"GLOBAL": 2, "INST": 2}  # arguments of more than one line
_LENGTH_BYTES = {  # arguments that begin with their own length
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}


def begins_as_pickle(data: memoryview) -> bool:
    """Whether the data begin like a pickle of protocol 2 or later."""
    if len(data) < 2 or data[0] != 0x80 or data[1] not in _PROTOCOLS:
        return False
    position = 2
    for _ in range(_FIRST):
        instruction = _INSTRUCTIONS.get(data[position]) if position < len(data) else None
        if instruction is None:
            return False
        if instruction.name == "STOP":
            return position > 2  # with something that it is the end of
        position = _end(data, position + 1, instruction)
        if position > len(data):
            return False
    return True


def _end(data: memoryview, start: int, instruction: pickletools.OpcodeInfo) -> int:
    """Where an instruction ends whose argument begins at `start`; beyond the data where it does not fit."""
    argument = instruction.arg
    if argument is None:
        return start
    if argument.n == pickletools.UP_TO_NEWLINE:
        return _end_of_lines(data, start, _LINES.get(instruction.name, 1))
    width = _LENGTH_BYTES.get(argument.n, argument.n)
    number = int.from_bytes(data[start : start + width], "little")
    if argument.n in _LENGTH_BYTES:
        return start + width + number
    fits = instruction.name != "FRAME" or start + width + number <= len(data)
    return start + width if fits else len(data) + 1


def _end_of_lines(data: memoryview, start: int, count: int) -> int:
    for _ in range(count):
        length = bytes(data[start : start + _LONGEST_LINE]).find(b"\n")
        if length < 0:
            return len(data) + 1
        start += length + 1
    return start

"""The instructions of a pickle: the effect of each on the machine, and the memory that it takes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from weight_convert.limits import LONGEST_KEY
from weight_convert.pickles.machine import Machine, Operation, Persistent, PickleError
from weight_convert.pickles.names import Names
from weight_convert.pickles.values import Name

_LONGEST_NAME = 4 * LONGEST_KEY  # a letter takes up to four bytes


def load(
    data: memoryview, names: Names, persistent: Persistent | None = None, position: int = 0
) -> tuple[Any, int]:
    """The value of the pickle at `position`, and where it ends."""
    machine = Machine(data, names, persistent, position)
    return machine.run(TABLE, COSTS), machine.position


def _tuple(count: int) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        stack = machine.stack
        if len(stack) < count:
            raise IndexError
        stack[-count:] = [tuple(stack[-count:])]

    return operation


def _pushing(read: Callable[[Machine], Any]) -> Operation:
    return lambda machine: machine.push(read(machine))


def _setitem(m: Machine) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    m.fill(m.stack[-1], [key, value])


def _append(m: Machine) -> None:
    item = m.stack.pop()
    m.extend(m.stack[-1], [item])


def _with_items(apply: Callable[[Machine, list[Any]], None]) -> Operation:
    return lambda machine: apply(machine, machine.pop_mark())


def _stack_global(m: Machine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    m.push(m.refer(module, name))


def _named_line(m: Machine) -> Name:
    module = m.line(_LONGEST_NAME).decode("utf-8")
    return m.refer(module, m.line(_LONGEST_NAME).decode("utf-8"))


def _refuse(what: str) -> Operation:
    def operation(machine: Machine) -> None:
        raise PickleError(f"a pickle uses {what}, which no checkpoint does (byte {machine.position:,})")

    return operation


_OPERATIONS: dict[bytes, Operation] = {
    b"(": Machine.mark,
    b"0": Machine.pop,
    b"1": Machine.pop_mark,
    b"2": lambda m: m.push(m.stack[-1]),
    b"\x80": Machine.proto,
    b"\x95": lambda m: m.take(8),
    # numbers and constants
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": _pushing(Machine.int_line),
    b"L": _pushing(Machine.long_line),
    b"F": _pushing(lambda m: float(m.number_line())),
    b"J": _pushing(lambda m: m.integer(4, signed=True)),
    b"K": _pushing(lambda m: m.byte()),
    b"M": _pushing(lambda m: m.integer(2)),
    b"\x8a": _pushing(lambda m: m.long(m.byte())),
    b"\x8b": _pushing(lambda m: m.long(m.integer(4))),
    b"G": _pushing(lambda m: struct.unpack(">d", m.take(8))[0]),
    # texts and bytes
    b"S": _pushing(Machine.string_line),
    b"T": _pushing(lambda m: m.binstring(m.integer(4))),
    b"U": _pushing(lambda m: m.binstring(m.byte())),
    b"V": _pushing(Machine.text_line),
    b"X": _pushing(lambda m: m.text(m.integer(4))),
    b"\x8c": _pushing(lambda m: m.text(m.byte())),
    b"\x8d": _pushing(lambda m: m.text(m.integer(8))),
    b"B": _pushing(lambda m: m.take(m.integer(4))),
    b"C": _pushing(lambda m: m.take(m.byte())),
    b"\x8e": _pushing(lambda m: m.take(m.integer(8))),
    b"\x96": _pushing(lambda m: m.take(m.integer(8))),
    # containers
    b"}": lambda m: m.push({}),
    b"]": lambda m: m.push([]),
    b")": lambda m: m.push(()),
    b"\x8f": lambda m: m.push(set()),
    b"d": _pushing(lambda m: m.pairs(m.pop_mark())),
    b"l": _pushing(Machine.pop_mark),
    b"t": _pushing(Machine.tuple),
    b"\x91": _pushing(Machine.frozen),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"s": _setitem,
    b"a": _append,
    b"u": _with_items(lambda m, items: m.fill(m.stack[-1], items)),
    b"e": _with_items(lambda m, items: m.extend(m.stack[-1], items)),
    b"\x90": _with_items(Machine.add),
    # names and objects
    b"c": _pushing(_named_line),
    b"\x93": _stack_global,
    b"R": Machine.reduce,
    b"\x81": Machine.reduce,
    b"\x92": Machine.newobj_ex,
    b"i": _pushing(lambda m: m.inst(_named_line(m))),
    b"o": _pushing(Machine.obj),
    b"b": Machine.build,
    b"P": _pushing(lambda m: m.load_persistent(m.line(LONGEST_KEY).decode("ascii"))),
    b"Q": _pushing(lambda m: m.load_persistent(m.stack.pop())),
    # the memo
    b"g": lambda m: m.get(int(m.number_line())),
    b"h": lambda m: m.get(m.byte()),
    b"j": lambda m: m.get(m.integer(4)),
    b"p": lambda m: m.put(int(m.number_line())),
    b"q": lambda m: m.put(m.byte()),
    b"r": lambda m: m.put(m.integer(4)),
    b"\x94": Machine.memoize,
    # what no checkpoint needs
    b"\x82": _refuse("the extension registry"),
    b"\x83": _refuse("the extension registry"),
    b"\x84": _refuse("the extension registry"),
    b"\x97": _refuse("buffers outside the file"),
    b"\x98": _refuse("buffers outside the file"),
}
TABLE: list[Operation | None] = [_OPERATIONS.get(bytes([code])) for code in range(256)]
_BYTES_MADE = {  # about what each instruction leaves in memory, beside what it counts by itself
    b"(": 72, b"}": 72, b"]": 72, b")": 8, b"\x8f": 256, b"\x91": 256, b"d": 80, b"l": 48, b"t": 56,
    b"\x85": 56, b"\x86": 64, b"\x87": 72, b"B": 200, b"C": 200, b"\x8e": 200, b"\x96": 200,
    b"F": 32, b"G": 32, b"I": 36, b"J": 36, b"L": 36, b"M": 36, b"\x8a": 48,
    b"\x8b": 48,
}  # fmt: skip
COSTS = [_BYTES_MADE.get(bytes([code]), 8) for code in range(256)]

"""A pickle machine of our own: it runs a pickle's instructions over the file's bytes, with limits.

Python's unpickler imports whatever a file names and calls it. This one resolves names through a table of
our own functions; every other name becomes an inert record. Bytes stay views of the file. Dictionary keys
are plain values only, so that hashing cannot be made to run long, and every object is counted.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Sequence
from typing import Any

from harness.errors import BadInput
from weight_convert.limits import PICKLE_MEMORY, PICKLE_STEPS, TEXT
from weight_convert.pickles.values import Name, OddKey, Thing

Resolve = Callable[[str, str], Name]
Persistent = Callable[[Any], Any]
Operation = Callable[["Machine"], Any]
STOP = ord(".")
_SCALARS = (str, int, float, bool, type(None))
_LONGEST_INTEGER = 1024


class PickleError(BadInput):
    """A pickle that is damaged, or asks for what is not given."""


class Machine:
    """Runs one pickle. `data` may hold more after it; `position` is then where that begins."""

    def __init__(
        self, data: memoryview, resolve: Resolve, persistent: Persistent | None = None, position: int = 0
    ) -> None:
        self.data, self.position = data, position
        self._resolve, self._persistent = resolve, persistent
        self.stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._spent = 0
        self._odd_keys = 0

    def run(self, table: Sequence[Operation | None], costs: Sequence[int]) -> Any:
        """The value that the pickle describes, by the instructions of a table."""
        start = self.position
        try:
            return self._run(table, costs)
        except BadInput:
            raise
        except (IndexError, struct.error) as error:
            where = f"at byte {self.position:,} of a pickle that begins at {start:,}"
            raise PickleError(
                f"the file ends or its stack runs empty {where}: it is cut short or damaged"
            ) from error
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            raise PickleError(f"a pickle is damaged near byte {self.position:,} ({error})") from error

    def _run(self, table: Sequence[Operation | None], costs: Sequence[int]) -> Any:
        data = self.data
        for _ in range(PICKLE_STEPS):
            code = data[self.position]
            self.position += 1
            if code == STOP:
                return self.stack.pop()
            self._spent += costs[code]
            if self._spent > PICKLE_MEMORY:
                raise PickleError(
                    f"a pickle makes more than {PICKLE_MEMORY >> 20} MiB of plain values; none should"
                )
            operation = table[code]
            if operation is None:
                raise PickleError(
                    f"byte {self.position - 1:,} is {code:#04x}, no pickle instruction: damaged"
                )
            operation(self)
        raise PickleError(f"a pickle of more than {PICKLE_STEPS:,} instructions; a checkpoint has far fewer")

    # reading arguments

    def take(self, count: int) -> memoryview:
        """The next bytes of the data, as a view."""
        if count < 0 or self.position + count > len(self.data):
            raise PickleError(
                f"a pickle wants {count:,} bytes at byte {self.position:,}, the data ends before"
            )
        view = self.data[self.position : self.position + count]
        self.position += count
        return view

    def byte(self) -> int:
        """The next byte."""
        value = self.data[self.position]
        self.position += 1
        return value

    def integer(self, count: int, signed: bool = False) -> int:
        """The next bytes as an integer."""
        return int.from_bytes(self.take(count), "little", signed=signed)

    def line(self) -> bytes:
        """The data up to the end of the line."""
        length = 256
        while True:
            window = bytes(self.data[self.position : self.position + length])
            end = window.find(b"\n")
            if end >= 0:
                self.position += end + 1
                self._spent += end
                return window[:end]
            if len(window) < length or length >= TEXT:
                raise PickleError(f"a line of a pickle does not end (byte {self.position:,})")
            length *= 2

    def text(self, count: int) -> str:
        """The next bytes as a text."""
        if count > TEXT:
            raise PickleError(f"a pickle holds a text of {count:,} bytes; at most {TEXT:,} are read")
        self._spent += count
        return str(self.take(count), "utf-8", "surrogatepass")

    # the stack

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        """Take off what lies above the last mark."""
        items = self.stack
        self.stack = self._marked.pop()
        return items

    def key(self, value: Any) -> Any:
        """A value fit to be a dictionary's key: plain values as they are, anything else a stand-in."""
        if isinstance(value, _SCALARS):
            return value
        if (
            isinstance(value, tuple)
            and len(value) <= 16
            and all(isinstance(part, _SCALARS) for part in value)
        ):
            return value
        if isinstance(value, memoryview) and len(value) <= 256:
            return bytes(value)
        self._odd_keys += 1
        return OddKey(self._odd_keys, type(value).__name__)

    # instructions

    def mark(self) -> None:
        """Begin a new stretch of the stack."""
        self._marked.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        """Take off one value, or a mark without values."""
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def proto(self) -> None:
        """The protocol's version."""
        version = self.byte()
        if version > 5:
            raise PickleError(f"pickle protocol {version}; 5 is the newest known")

    def binstring(self, count: int) -> Any:
        """A text of Python 2: a text where it is plain, else bytes."""
        view = self.take(count)
        if count <= 4096:
            raw = bytes(view)
            if raw.isascii():
                return raw.decode("ascii")
        return view

    def string_line(self) -> Any:
        """A quoted text on a line."""
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise PickleError(f"a text of a pickle lacks its quotes (byte {self.position:,})")
        raw = codecs.escape_decode(line[1:-1])[0]
        assert isinstance(raw, bytes)
        return raw.decode("ascii") if raw.isascii() else memoryview(raw)

    def int_line(self) -> Any:
        """An integer or a truth value on a line."""
        line = self.line()
        if line in (b"00", b"01"):
            return line == b"01"
        return self.digits(line)

    def digits(self, line: bytes) -> int:
        """An integer in decimal digits."""
        if len(line) > _LONGEST_INTEGER:
            raise PickleError(f"a pickle holds an integer of {len(line):,} digits")
        return int(line.rstrip(b"L"))

    def long(self, count: int) -> int:
        """An integer of many bytes."""
        if count > _LONGEST_INTEGER:
            raise PickleError(f"a pickle holds an integer of {count:,} bytes")
        return self.integer(count, signed=True)

    def pairs(self, items: list[Any]) -> dict[Any, Any]:
        """A dictionary of keys and values in turn."""
        made: dict[Any, Any] = {}
        self.fill(made, items)
        return made

    def fill(self, target: Any, items: list[Any]) -> None:
        """Put keys and values in turn into a dictionary."""
        if len(items) % 2:
            raise PickleError(f"a key without a value in a dictionary (byte {self.position:,})")
        entries = target.entries if isinstance(target, Thing) else target
        if not isinstance(entries, dict):
            raise PickleError(f"an entry is put into a {type(target).__name__} (byte {self.position:,})")
        for index in range(0, len(items), 2):
            entries[self.key(items[index])] = items[index + 1]

    def extend(self, target: Any, items: list[Any]) -> None:
        """Append to a list."""
        holder = target.items if isinstance(target, Thing) else target
        if not isinstance(holder, list):
            raise PickleError(f"an item is appended to a {type(target).__name__} (byte {self.position:,})")
        holder.extend(items)

    def add(self, items: list[Any]) -> None:
        """Add to the set on the stack."""
        target = self.stack[-1]
        if not isinstance(target, set):
            raise PickleError(f"an element is added to a {type(target).__name__} (byte {self.position:,})")
        target.update(self.key(item) for item in items)

    def refer(self, module: Any, name: Any) -> Name:
        """What a module and a name stand for."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError(f"a pickle refers to a name that is no text (byte {self.position:,})")
        return self._resolve(module, name)

    def make(self, name: Any, arguments: Any) -> Any:
        """Stand in for a call or a construction."""
        if not isinstance(arguments, tuple):
            raise PickleError(f"a call without a tuple of arguments (byte {self.position:,})")
        if isinstance(name, Thing):
            return Thing(name.name, arguments)
        if not isinstance(name, Name):
            raise PickleError(f"a pickle calls a {type(name).__name__}, which cannot be called")
        return Thing(name, arguments) if name.make is None else name.make(*arguments)

    def reduce(self) -> None:
        """Stand in for a call: the callable and its arguments lie on the stack."""
        arguments = self.stack.pop()
        self.stack[-1] = self.make(self.stack[-1], arguments)

    def newobj_ex(self) -> None:
        """Stand in for a construction with keywords."""
        keywords, arguments = self.stack.pop(), self.stack.pop()
        name = self.stack.pop()
        made = self.make(name, arguments)
        if keywords and isinstance(made, Thing):
            made.arguments = (*arguments, keywords)
        self.push(made)

    def inst(self, name: Name) -> Any:
        """Stand in for a construction with arguments above the mark."""
        return self.make(name, tuple(self.pop_mark()))

    def obj(self) -> Any:
        """Stand in for a construction, the class above the mark too."""
        name, *arguments = self.pop_mark()
        return self.make(name, tuple(arguments))

    def build(self) -> None:
        """Give the value on the stack its state."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Thing):
            target.state = state
        elif hasattr(target, "build"):
            self.stack[-1] = target
            target.build(state)
        elif not isinstance(target, (dict, list, set)):
            raise PickleError(
                f"a pickle sets the state of a {type(target).__name__} (byte {self.position:,})"
            )

    def load_persistent(self, identifier: Any) -> Any:
        """What a reference out of the pickle stands for."""
        if self._persistent is None:
            raise PickleError("a pickle refers to data outside itself, which this kind of file has not")
        return self._persistent(identifier)

    def get(self, index: int) -> None:
        """Push a remembered value."""
        if index not in self._memo:
            raise PickleError(
                f"a pickle refers to its value {index}, which it never made (byte {self.position:,})"
            )
        self.push(self._memo[index])

    def put(self, index: int) -> None:
        """Remember the value on the stack."""
        self._memo[index] = self.stack[-1]

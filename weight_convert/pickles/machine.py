"""A pickle machine of our own: it runs a pickle's instructions over the file's bytes, with limits.

Python's unpickler imports whatever a file names and calls it. This one resolves names through a table of
our own functions; every other name becomes an inert record. Bytes stay views of the file. Only texts are
hashed, so that hashing cannot be made to run long, and every object is counted before it is made.
"""

from __future__ import annotations

import codecs
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import ELEMENT, ITEM, PAIR, SMALL_DICT, THING, VIEW
from weight_convert.limits import LONGEST_NUMBER, PICKLE_STEPS, TEXT
from weight_convert.pickles.names import Names
from weight_convert.pickles.values import Name, Thing
from weight_convert.shown import shown, shown_name

Persistent = Callable[[Any], Any]
Operation = Callable[["Machine"], Any]
STOP = ord(".")
_MOST_ARGUMENTS = 16
_NEVER_MADE = object()


class PickleError(BadInput):
    """A pickle that is damaged, or asks for what is not given."""


class Machine:
    """Runs one pickle. `data` may continue after it; `position` is where the rest begins."""

    def __init__(
        self, data: memoryview, names: Names, persistent: Persistent | None = None, position: int = 0
    ) -> None:
        self.data, self.position = data, position
        self._names, self._persistent = names, persistent
        self.budget = names.budget
        self.stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: list[Any] = []

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
            raise PickleError(
                f"a pickle is damaged near byte {self.position:,} ({shown_name(str(error))})"
            ) from error

    def _run(self, table: Sequence[Operation | None], costs: Sequence[int]) -> Any:
        data, budget = self.data, self.budget
        for step in range(budget.steps):
            code = data[self.position]
            self.position += 1
            if code == STOP:
                budget.steps -= step
                return self.stack.pop()
            budget.left -= costs[code]
            if budget.left < 0:
                raise budget.exhausted()
            operation = table[code]
            if operation is None:
                raise PickleError(
                    f"byte {self.position - 1:,} is {code:#04x}, no pickle instruction: damaged"
                )
            operation(self)
        raise PickleError(f"pickles of more than {PICKLE_STEPS:,} instructions; a checkpoint has far fewer")

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

    def line(self, longest: int = TEXT) -> bytes:
        """The data up to the end of the line."""
        length = 256
        while True:
            window = bytes(self.data[self.position : self.position + length])
            end = window.find(b"\n")
            if end >= 0:
                self.position += end + 1
                return window[:end]
            if len(window) < length or length >= longest:
                raise PickleError(
                    f"a line of a pickle does not end within {longest:,} bytes (byte {self.position:,})"
                )
            length *= 2

    def number_line(self) -> bytes:
        """The line of a number."""
        return self.line(LONGEST_NUMBER)

    def text(self, count: int) -> str:
        """The next bytes as a text."""
        if count > TEXT:
            raise PickleError(f"a pickle holds a text of {count:,} bytes; at most {TEXT:,} are read")
        return self.counted(str(self.take(count), "utf-8", "surrogatepass"))

    def text_line(self) -> str:
        """The line of a text."""
        return self.counted(self.line().decode("raw-unicode-escape"))

    def counted(self, text: str) -> str:
        """The text, taken off what may be made: a letter takes up to four bytes."""
        self.budget.spend(sys.getsizeof(text))
        return text

    # the stack

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        """Take off what lies above the last mark."""
        items = self.stack
        self.stack = self._marked.pop()
        return items

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
                return self.counted(raw.decode("ascii"))
        self.budget.spend(VIEW)
        return view

    def string_line(self) -> Any:
        """A quoted text on a line."""
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise PickleError(f"a text of a pickle lacks its quotes (byte {self.position:,})")
        raw = codecs.escape_decode(line[1:-1])[0]
        assert isinstance(raw, bytes)
        if raw.isascii():
            return self.counted(raw.decode("ascii"))
        self.budget.spend(VIEW + len(raw))
        return memoryview(raw)

    def int_line(self) -> Any:
        """An integer or a truth value on a line."""
        line = self.number_line()
        if line in (b"00", b"01"):
            return line == b"01"
        self.budget.spend(len(line))
        return int(line)

    def long_line(self) -> int:
        """An integer on a line, with an L of Python 2 after it."""
        line = self.number_line()
        self.budget.spend(len(line))
        return int(line.rstrip(b"L"))

    def long(self, count: int) -> int:
        """An integer of many bytes."""
        if count > LONGEST_NUMBER:
            raise PickleError(f"a pickle holds an integer of {count:,} bytes")
        self.budget.spend(max(0, count))
        return self.integer(count, signed=True)

    def tuple(self) -> tuple[Any, ...]:
        """A tuple of what lies above the mark."""
        items = self.pop_mark()
        self.budget.spend(8 * len(items))
        return tuple(items)

    def frozen(self) -> frozenset[Any]:
        """A set, never to be changed, of what lies above the mark."""
        items = self.pop_mark()
        self.budget.spend(ELEMENT * len(items))
        return frozenset(map(self._names.keys.fit, items))

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
        self.budget.spend(len(items) // 2 * PAIR + (SMALL_DICT if items and not entries else 0))
        fit = self._names.keys.fit
        for index in range(0, len(items), 2):
            entries[fit(items[index])] = items[index + 1]

    def extend(self, target: Any, items: list[Any]) -> None:
        """Append to a list."""
        holder = target.items if isinstance(target, Thing) else target
        if not isinstance(holder, list):
            raise PickleError(f"an item is appended to a {type(target).__name__} (byte {self.position:,})")
        self.budget.spend(ITEM * len(items))
        holder.extend(items)

    def add(self, items: list[Any]) -> None:
        """Add to the set on the stack."""
        target = self.stack[-1]
        if not isinstance(target, set):
            raise PickleError(f"an element is added to a {type(target).__name__} (byte {self.position:,})")
        self.budget.spend(ELEMENT * len(items))
        target.update(map(self._names.keys.fit, items))

    def refer(self, module: Any, name: Any) -> Name:
        """What a module and a name stand for."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError(f"a pickle refers to a name that is no text (byte {self.position:,})")
        return self._names.resolve(module, name)

    def make(self, name: Any, arguments: Any) -> Any:
        """Stand in for a call or a construction."""
        if not isinstance(arguments, tuple):
            raise PickleError(f"a call without a tuple of arguments (byte {self.position:,})")
        if isinstance(name, Name) and name.make is not None:
            if len(arguments) > _MOST_ARGUMENTS:
                raise PickleError(f"a pickle calls {name} with {len(arguments):,} arguments")
            return name.make(*arguments)
        if not isinstance(name, (Name, Thing)):
            raise PickleError(f"a pickle calls {shown(name)}, which cannot be called")
        self.budget.spend(THING)
        return Thing(name if isinstance(name, Name) else name.name)

    def reduce(self) -> None:
        """Stand in for a call: the callable and its arguments lie on the stack."""
        arguments = self.stack.pop()
        self.stack[-1] = self.make(self.stack[-1], arguments)

    def newobj_ex(self) -> None:
        """Stand in for a construction with keywords."""
        self.stack.pop()
        self.reduce()

    def inst(self, name: Name) -> Any:
        """Stand in for a construction with arguments above the mark."""
        return self.make(name, self.tuple())

    def obj(self) -> Any:
        """Stand in for a construction, the class above the mark too."""
        name, *arguments = self.tuple()
        self.budget.spend(8 * len(arguments))
        return self.make(name, tuple(arguments))

    def build(self) -> None:
        """Give the value on the stack its state."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Thing):
            target.take_state(state, self.budget)
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
        value = self._memo[index] if 0 <= index < len(self._memo) else _NEVER_MADE
        if value is _NEVER_MADE:
            raise PickleError(
                f"a pickle refers to its value {shown(index)}, which it never made (byte {self.position:,})"
            )
        self.push(value)

    def put(self, index: int) -> None:
        """Remember the value on the stack."""
        lacking = index + 1 - len(self._memo)
        if not 0 <= index < PICKLE_STEPS:
            raise PickleError(f"a pickle numbers a value {shown(index)} (byte {self.position:,})")
        if lacking > 0:
            self.budget.spend(ITEM * lacking)
            self._memo.extend([_NEVER_MADE] * lacking)
        self._memo[index] = self.stack[-1]

    def memoize(self) -> None:
        """Remember the value on the stack under the next number."""
        self.put(len(self._memo))

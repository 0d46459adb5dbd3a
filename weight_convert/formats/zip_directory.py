"""Reading a zip archive's directory with every claim checked against the file; nothing is ever extracted.

A member's own header is read with its bytes: to visit all headers first would be to wait for the whole file.
Python's zipfile takes 92 MiB for a made-up directory of 200,000 members, which is refused here at 55 MiB. It
also reads archives that are refused here: parts of one, with another count of members, or with something
before them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from harness.errors import BadInput
from weight_convert.budget import MEMBER, PAIR
from weight_convert.limits import ARCHIVE_MEMBERS
from weight_convert.mapped import MappedFile
from weight_convert.shown import shown

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_HEADER = 30
_LONGEST_END = 22 + 65535  # with the longest comment
_SATURATED = 0xFFFFFFFF
STORED, DEFLATED = 0, 8


@dataclass(frozen=True)
class Member:
    """One file of an archive: between which bytes it lies, with its header, and how it is packed."""

    name: str
    method: int
    crc: int
    offset: int
    end: int
    packed: int
    size: int

    def bytes(self, file: MappedFile) -> memoryview:
        """Its bytes as they lie in the file, refused where they would be another member's too."""
        header = file.view(self.offset, _HEADER, f"the header of {shown(self.name)}")
        signature, name_length, extra_length = struct.unpack("<4s22x2H", header)
        if signature != _LOCAL:
            raise BadInput(f"no zip header where {shown(self.name)} should begin (byte {self.offset:,})")
        start = self.offset + _HEADER + int(name_length) + int(extra_length)
        if self.packed and start + self.packed > self.end:
            raise _shared(self.name, "what follows it")
        return file.view(start, self.packed, shown(self.name))


def recognises(file: MappedFile) -> bool:
    """Whether a file begins with a member of a zip archive and has the end of its directory near its own."""
    return bytes(file.data[:4]) == _LOCAL and bytes(file.data[-_LONGEST_END:]).rfind(_END) >= 0


def read_directory(file: MappedFile) -> dict[str, Member]:
    """All members by name, in the archive's order."""
    try:
        return _bounded(_members(file))
    except struct.error as error:
        raise BadInput(f"the zip directory is cut short ({error})") from error


def _members(file: MappedFile) -> dict[str, Member]:
    count, size, offset = _find_directory(file)
    if count > ARCHIVE_MEMBERS or size > ARCHIVE_MEMBERS * 512:
        raise BadInput(f"a zip archive of {count:,} members; at most {ARCHIVE_MEMBERS:,} are read")
    directory = file.view(offset, size, "the zip directory")
    members: dict[str, Member] = {}
    position = 0
    for _ in range(count):
        member, position = _entry(file, directory, position)
        if member.name in members:
            raise BadInput(f"the archive holds {shown(member.name)} twice; which one to take is unknown")
        members[member.name] = member
    return members


def _find_directory(file: MappedFile) -> tuple[int, int, int]:
    """Number of members, size and offset of the directory."""
    tail_start = max(0, file.size - _LONGEST_END)
    tail = bytes(file.data[tail_start:])
    found = tail.rfind(_END)
    if found < 0:
        raise BadInput("a zip archive without its directory: the file is cut short")
    _, disk, first, here, count, size, offset, _ = struct.unpack_from("<4s4H2IH", tail, found)
    locator = tail_start + found - 20
    if locator >= 0 and bytes(file.data[locator : locator + 4]) == _LOCATOR64:
        (end64,) = struct.unpack_from("<Q", file.data, locator + 8)
        record = file.view(end64, 56, "the zip64 end record")
        if bytes(record[:4]) != _END64:
            raise BadInput("the zip64 end record is not where it should be")
        disk, first, here, count, size, offset = struct.unpack_from("<2I4Q", record, 16)
    if disk or first or here != count:
        raise BadInput("a zip archive in several parts is not read")
    return count, size, offset


def _entry(file: MappedFile, directory: memoryview, position: int) -> tuple[Member, int]:
    fields = struct.unpack_from("<4s6H3I5H2I", directory, position)
    signature, flags, method, crc = fields[0], fields[3], fields[4], fields[7]
    packed, size, name_length, extra_length, comment_length = fields[8:13]
    offset = fields[16]
    if signature != _CENTRAL:
        raise BadInput(f"the zip directory is damaged at its byte {position:,}")
    after_name = position + 46 + name_length
    file.budget.spend(MEMBER + PAIR + 2 * name_length + extra_length)
    name = _name(file, bytes(directory[position + 46 : after_name]), flags)
    extra = bytes(directory[after_name : after_name + extra_length])
    size, packed, offset = _zip64(extra, size, packed, offset)
    if flags & 1:
        raise BadInput(f"{shown(name)} is encrypted; save the checkpoint without a password")
    if method not in (STORED, DEFLATED):
        raise BadInput(f"{shown(name)} is packed by method {method}; only stored and deflated are read")
    if method == STORED and packed != size:
        raise BadInput(f"{shown(name)} is stored, yet has two sizes, {packed:,} and {size:,}")
    file.view(offset, _HEADER + packed, shown(name))
    member = Member(name, method, crc, offset, file.size, packed, size)
    return member, after_name + extra_length + comment_length


def _name(file: MappedFile, raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & 0x800 else "cp437")
    except UnicodeDecodeError as error:
        raise BadInput(f"a member's name is not text: {shown(raw)}") from error
    if leads_elsewhere(name):
        raise BadInput(f"the archive holds a member named {shown(name)}, a trick to write elsewhere")
    return name


def leads_elsewhere(name: str) -> bool:
    """Whether a member's name would be written outside the folder that an archive is unpacked in."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or "\0" in name or ":" in parts[0]


def _zip64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Replace saturated fields by those of the zip64 extra field."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        if tag == 1:
            wide = [value for value in (size, packed, offset) if value == _SATURATED]
            given = iter(struct.unpack_from(f"<{len(wide)}Q", extra[position + 4 : position + 4 + length]))
            size, packed, offset = (next(given) if v == _SATURATED else v for v in (size, packed, offset))
            break
        position += 4 + length
    return size, packed, offset


def _bounded(members: dict[str, Member]) -> dict[str, Member]:
    """Members that end where the next begins: with shared bytes a small file could unpack to a huge one."""
    later: Member | None = None
    for name in sorted(members, key=lambda name: members[name].offset, reverse=True):
        member = members[name]
        if not member.packed:
            continue
        if later is not None:
            if member.offset + _HEADER + member.packed > later.offset:
                raise _shared(name, shown(later.name))
            members[name] = replace(member, end=later.offset)
        later = member
    return members


def _shared(name: str, other: str) -> BadInput:
    return BadInput(f"{shown(name)} and {other} share bytes: the archive is a zip bomb")

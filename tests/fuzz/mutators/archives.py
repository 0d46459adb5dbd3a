"""Changes inside archives and behind headers; lengths and checksums around them are made to fit again."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import warnings
import zipfile
from random import Random

from tests.faults.checkpoints.case import tar
from tests.fuzz.mutators.pickles import mutate_pickle
from tests.fuzz.mutators.plain import scramble
from tests.fuzz.mutators.texts import change_data, spell

_NAMES = ("archive/data.pkl", "data.pkl", "archive/data/0", "a.npy", ".npy", "archive/byteorder", "../x", "")
_HEADS = (
    *("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", "{'descr': '|O', 'shape': ()}", "()"),
    *("{'descr': '>f8', 'fortran_order': True, 'shape': (0, 9223372036854775807), }", "{" * 200, "(" * 5000),
    *("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "9**9**9", "-" * 5000 + "1"),
    *("{'descr': '<f4', 'fortran_order': 1, 'shape': (-1,), }", "'a' 'b' * 1000000"),
)


def _change_member(name: str, data: bytes, rng: Random) -> bytes:
    if name.endswith(".pkl") or name == "pickle":
        return mutate_pickle(data, rng)
    return mutate_npy(data, rng) if name.endswith(".npy") else scramble(data, rng)


def _change_members(members: list[tuple[str, bytes]], rng: Random) -> list[tuple[str, bytes]]:
    """The members with one changed, renamed, doubled or gone."""
    if not members:
        return [(rng.choice(_NAMES), b"\x80\x02}.")]
    at = rng.randrange(len(members))
    name, data = members[at]
    kind = rng.randrange(10)
    if kind == 0:
        return members[:at] + members[at + 1 :]
    if kind == 1:
        members[at] = (rng.choice(_NAMES), data)
    elif kind == 2:
        members.insert(rng.randrange(len(members) + 1), (rng.choice((*_NAMES, name)), data))
    else:
        members[at] = (name, _change_member(name, data, rng))
    return members


def mutate_zip(data: bytes, rng: Random) -> bytes:
    """A zip archive with another content, or with other fields around it."""
    if rng.random() < 0.25:
        return scramble(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)[: 1 << 18]) for name in archive.namelist()[:50]]
    except Exception:  # whatever is wrong with it: bytes can be changed still
        return scramble(data, rng)
    made = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.15 else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", method) as archive:
        warnings.simplefilter("ignore")  # of two members of one name
        for name, body in _change_members(members, rng):
            archive.writestr(zipfile.ZipInfo(name or "x"), body)
    whole = made.getvalue()
    if rng.random() < 0.2:
        tail = min(len(whole), 80)
        return whole[:-tail] + scramble(whole[-tail:], rng)
    return whole


def mutate_tar(data: bytes, rng: Random) -> bytes:
    """A tar archive with another content, or with other fields around it."""
    if rng.random() < 0.25:
        return scramble(data, rng)
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            found = [(item.name, archive.extractfile(item)) for item in archive.getmembers()[:20]]
            members = [(name, file.read()) for name, file in found if file is not None]
    except Exception:  # as above
        return scramble(data, rng)
    changed = dict(_change_members(members, rng))
    return tar({name[:90]: body for name, body in changed.items()})


def mutate_npy(data: bytes, rng: Random) -> bytes:
    """A numpy array with another header."""
    if rng.random() < 0.3 or len(data) < 12:
        return scramble(data, rng)
    (length,) = struct.unpack_from("<H", data, 8)
    head, body = data[10 : 10 + length], data[10 + length :]
    head = rng.choice(_HEADS).encode() if rng.random() < 0.3 else scramble(head, rng)
    return data[:8] + struct.pack("<H", len(head) % 65536) + head + body


def mutate_safetensors(data: bytes, rng: Random) -> bytes:
    """A safetensors file with other entries in its header."""
    length = int.from_bytes(data[:8], "little")
    if rng.random() < 0.3:
        return scramble(data, rng)
    try:
        header = spell(change_data(json.loads(data[8 : 8 + length]), rng))
    except (ValueError, RecursionError):
        return scramble(data, rng)
    if rng.random() < 0.1:
        header = header.replace(b":", b":" + b"[" * 3000, 1)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]

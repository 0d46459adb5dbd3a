"""Small files that try to take all memory or all time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.faults.checkpoints.case import (
    Case,
    jittor,
    later,
    legacy,
    npy,
    ones,
    safetensors,
    state,
    tensor,
    text,
    torch_zip,
    zipped,
)

MEBIBYTE = 1 << 20


def cases() -> Iterator[Case]:
    """Every bomb."""
    yield from _pickles()
    yield from _tensors()
    yield from _archives()
    yield from _headers()
    yield from _hdf5()


def _pickles() -> Iterator[Case]:
    laughs = b"\x80\x02]" + b"2\x86" * 200 + b"."
    yield Case("bomb-billion-laughs", later(lambda: jittor(laughs)))
    yield Case("bomb-billion-laughs-as-key", later(lambda: jittor(b"\x80\x02})" + b"2\x86" * 200 + b"Ns.")))
    yield Case(
        "bomb-laughs-of-dictionaries",
        later(
            lambda: jittor(b"\x80\x02}" + b"}" + (b"}(" + text("a") + b"}" + b"u") * 50 + b"0" * 50 + b".")
        ),
    )
    yield Case("bomb-memo-index", later(lambda: jittor(b"\x80\x02]r\xff\xff\xff\x7f.")))
    yield Case(
        "bomb-bytes-length", later(lambda: jittor(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"."))
    )
    yield Case("bomb-text-length", later(lambda: jittor(b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".")))
    yield Case(
        "bomb-frame-length", later(lambda: jittor(b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N."))
    )
    yield Case(
        "bomb-huge-integer",
        later(lambda: jittor(b"\x80\x02\x8b" + struct.pack("<i", 4 * MEBIBYTE) + bytes(4 * MEBIBYTE) + b".")),
    )
    yield Case(
        "bomb-negative-integer-length", later(lambda: jittor(b"\x80\x02\x8b" + struct.pack("<i", -1) + b"."))
    )
    yield Case("bomb-many-digits", later(lambda: jittor(b"\x80\x02I" + b"9" * MEBIBYTE + b"\n.")))
    yield Case(
        "bomb-deep-lists", later(lambda: jittor(b"\x80\x02" + b"]" * MEBIBYTE + b"a" * (MEBIBYTE - 1) + b"."))
    )
    yield Case("bomb-deep-tuples", later(lambda: jittor(b"\x80\x02)" + b"\x85" * MEBIBYTE + b".")))
    yield Case("bomb-deep-tuple-as-key", later(lambda: jittor(b"\x80\x02})" + b"\x85" * MEBIBYTE + b"Ns.")))
    yield Case("bomb-deep-marks", later(lambda: jittor(b"\x80\x02" + b"(" * (4 * MEBIBYTE) + b".")))
    yield Case("bomb-many-sets", later(lambda: jittor(b"\x80\x04" + b"\x8f" * (3 * MEBIBYTE) + b".")))
    yield Case("bomb-many-nones", later(lambda: jittor(b"\x80\x02" + b"N" * (16 * MEBIBYTE) + b".")))
    yield Case("bomb-many-memos", later(lambda: jittor(b"\x80\x04N" + b"\x94" * (4 * MEBIBYTE) + b".")))
    yield Case(
        "bomb-many-calls",
        later(lambda: jittor(b"\x80\x02ccollections\nOrderedDict\n" + b"2)R0" * MEBIBYTE + b".")),
    )
    yield Case(
        "bomb-many-lines", later(lambda: jittor(b"\x80\x02" + (b"V" + b"a" * 300 + b"\n0") * 50_000 + b"."))
    )
    yield Case("bomb-endless-line", later(lambda: jittor(b"\x80\x02V" + b"a" * (20 * MEBIBYTE))))
    yield Case(
        "bomb-names",
        later(
            lambda: jittor(b"\x80\x02" + b"".join(b"cm%d\nn\n0" % index for index in range(300_000)) + b".")
        ),
    )


def _tensors() -> Iterator[Case]:
    four = {"0": ones(4)}
    shapes = {
        "expanded": ((1 << 40,), (0,)),
        "product": ((1 << 31, 1 << 31, 1 << 31), (0, 0, 0)),
        "beyond": ((5,), (1,)),
        "stride": ((2,), (1 << 40,)),
        "rank": ((1,) * 40, (1,) * 40),
        "ranks-differ": ((2, 2), (1,)),
        "huge-count": ((1 << 70,), (1,)),
    }
    for name, (shape, stride) in shapes.items():
        yield Case(f"bomb-shape-{name}", torch_zip(state({"a": tensor("0", 4, 0, shape, stride)}), four))
        yield Case(
            f"bomb-shape-{name}-legacy",
            legacy(state({"a": tensor("0", 4, 0, shape, stride)}), {"0": np.ones(4, np.float32)}),
        )
    yield Case("bomb-negative-shape", torch_zip(state({"a": tensor("0", 4, 0, (-2,), (1,))}), four))
    yield Case("bomb-negative-stride", torch_zip(state({"a": tensor("0", 4, 3, (2,), (-1,))}), four))
    yield Case("bomb-negative-offset", torch_zip(state({"a": tensor("0", 4, -1, (2,), (1,))}), four))
    yield Case("bomb-storage-count", torch_zip(state({"a": tensor("0", 1 << 50, 0, (2,), (1,))}), four))
    views = {f"k{index}": tensor("0", 1 << 18, index, (1 << 17,), (1,)) for index in range(2000)}
    yield Case("bomb-many-views", torch_zip(state(views), {"0": ones(1 << 18)}), word="come to")
    yield Case(
        "bomb-storage-path", torch_zip(state({"a": tensor("../../etc/passwd", 4, 0, (4,), (1,))}), four)
    )
    yield Case(
        "bomb-absolute-storage-path", torch_zip(state({"a": tensor("/etc/passwd", 4, 0, (4,), (1,))}), four)
    )


def _archives() -> Iterator[Case]:
    def zeros(size: int = 256 * MEBIBYTE) -> bytes:
        return npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size // 4},), }}\n") + bytes(size)

    yield Case(
        "bomb-deflated-npz", later(lambda: zipped({"a.npy": zeros()}, zipfile.ZIP_DEFLATED)), word="bomb"
    )
    yield Case(
        "bomb-deflated-torch",
        later(lambda: zipped({"archive/data.pkl": zeros()}, zipfile.ZIP_DEFLATED)),
        word="compressed",
    )
    yield Case(
        "bomb-many-deflated",
        later(
            lambda: zipped({f"{index}.npy": zeros(8 * MEBIBYTE) for index in range(40)}, zipfile.ZIP_DEFLATED)
        ),
    )
    yield Case("bomb-lying-size", later(lambda: _lying_size()), word="instead of")
    yield Case("bomb-overlapping-members", later(lambda: _overlapping()), word="share bytes")
    yield Case("bomb-reaching-members", later(lambda: _reaching()), word="share bytes")
    yield Case("bomb-member-count", later(lambda: _with_end(zipped({"a.npy": b"x"}), count=60_000)))
    yield Case("bomb-directory-size", later(lambda: _with_end(zipped({"a.npy": b"x"}), size=0xFFFFFFF0)))
    yield Case(
        "bomb-directory-elsewhere", later(lambda: _with_end(zipped({"a.npy": b"x"}), offset=0xFFFFFFF0))
    )
    for name in ("../../evil.npy", "/evil.npy", "C:\\evil.npy", "a/..\\..\\evil.npy"):
        yield Case(
            f"trick-path-{name.replace('/', '_')}",
            later(lambda name=name: zipped({name: npy("x")})),
            word="trick",
        )


def _lying_size() -> bytes:
    """A compressed member that unpacks to less than it says."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2000,), }\n")
    data = packed.compress(head + bytes(4000)) + packed.flush()
    out = io.BytesIO()
    out.write(
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(data), len(head) + 8000, 5, 0)
        + b"a.npy"
        + data
    )
    start = out.tell()
    out.write(
        struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            20,
            20,
            0,
            8,
            0,
            0,
            0,
            len(data),
            len(head) + 8000,
            5,
            0,
            0,
            0,
            0,
            0,
            0,
        )
    )
    out.write(b"a.npy")
    out.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, out.tell() - start, start, 0))
    return out.getvalue()


def _overlapping() -> bytes:
    """Two directory entries for the same bytes."""
    raw = zipped({"a.npy": npy("x") + bytes(100), "b.npy": npy("x") + bytes(100)})
    second = raw.rfind(b"PK\x01\x02")
    return raw[: second + 42] + struct.pack("<I", 0) + raw[second + 46 :]


def _reaching() -> bytes:
    """A member whose own header, unlike the directory, has it begin inside the next one."""
    raw = zipped({"a.npy": npy("x") + bytes(100), "b.npy": npy("x") + bytes(100)})
    return raw[:28] + struct.pack("<H", 150) + raw[30:]


def _with_end(
    raw: bytes, count: int | None = None, size: int | None = None, offset: int | None = None
) -> bytes:
    at = raw.rfind(b"PK\x05\x06")
    fields = list(struct.unpack_from("<4s4H2IH", raw, at))
    if count is not None:
        fields[3] = fields[4] = count
    fields[5] = fields[5] if size is None else size
    fields[6] = fields[6] if offset is None else offset
    return raw[:at] + struct.pack("<4s4H2IH", *fields)


def _headers() -> Iterator[Case]:
    yield Case(
        "bomb-npy-shape",
        later(
            lambda: zipped(
                {"a.npy": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }\n")}
            )
        ),
    )
    yield Case(
        "bomb-npy-digits",
        later(
            lambda: zipped(
                {"a.npy": npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 5000},), }}\n")}
            )
        ),
    )
    yield Case(
        "bomb-npy-expression",
        later(
            lambda: zipped(
                {"a.npy": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9**9**9,), }\n")}
            )
        ),
    )
    yield Case("bomb-npy-nesting", later(lambda: zipped({"a.npy": npy("(" * 9000)})))
    yield Case("bomb-safetensors-length", later(lambda: struct.pack("<Q", 1 << 62) + b"{}"))
    yield Case(
        "bomb-safetensors-nesting", later(lambda: safetensors(None, raw=b'{"a":' + b"[" * 100_000 + b"}"))
    )
    yield Case(
        "bomb-safetensors-digits",
        later(
            lambda: safetensors(
                None, raw=b'{"a":{"dtype":"F32","shape":[' + b"9" * 9000 + b'],"data_offsets":[0,4]}}'
            )
        ),
    )
    yield Case(
        "bomb-safetensors-shape",
        later(
            lambda: safetensors(
                {"a": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}, bytes(4)
            )
        ),
    )
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    names = [f"k{index}" for index in range(20_000)]
    yield Case(
        "bomb-safetensors-overlaps",
        later(lambda: safetensors(dict.fromkeys(names, entry), bytes(4))),
        word="begins at byte",
    )
    twice = b'{"a":1' + b',"b":1' * 200_000 + b"}"
    yield Case("bomb-safetensors-duplicates", later(lambda: safetensors(None, raw=twice)), word="twice")


def _hdf5() -> Iterator[Case]:
    def fill_values(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.create_dataset("a", shape=(1 << 40,), dtype="f4", chunks=(1 << 10,))

    def compressed(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.create_dataset(
                "a", data=np.zeros(128 * MEBIBYTE, np.uint8), chunks=(MEBIBYTE,), compression="gzip"
            )

    def external(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.create_dataset("a", shape=(100,), dtype="u1", external=[("/etc/passwd", 0, 100)])

    def linked(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["a"] = h5py.ExternalLink("/etc/passwd", "/")
            file["b"] = h5py.SoftLink("/a")

    def virtual(path: Path) -> None:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("elsewhere.h5", "a", shape=(4,))
        with h5py.File(path, "w") as file:
            file.create_virtual_dataset("a", layout)

    def cyclic(path: Path) -> None:
        with h5py.File(path, "w") as file:
            group = file.create_group("a")
            group["again"] = file["/"]
            group.create_dataset("w", data=np.ones(2, np.float32))

    yield Case("bomb-hdf5-fill-values", fill_values, word="bomb")
    yield Case("bomb-hdf5-compressed", compressed, word="bomb")
    yield Case("trick-hdf5-external", external, word="another file")
    yield Case("trick-hdf5-links", linked, word="no tensors")
    yield Case("trick-hdf5-virtual", virtual, word="another file")
    yield Case("odd-hdf5-cycle", cyclic, {"a/w": np.ones(2, np.float32)})

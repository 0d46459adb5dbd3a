"""Damaged files, files that are something else, and odd ones that are right."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.faults.checkpoints.case import (
    PLAIN,
    Arrays,
    Case,
    jittor,
    legacy,
    npy,
    npz,
    ones,
    safetensors,
    state,
    tensor,
    text,
    torch_tar,
    torch_zip,
    zipped,
)

STEPS = range(0, 100, 5)
BARE = (
    text("_parameters") + b"}" + text("_buffers") + b"}" + text("_modules")
)  # a module with nothing of its own


def real_files() -> dict[str, tuple[bytes, Arrays]]:
    """A right file of every format that is read, with what it holds."""
    four = {"a": np.ones(4, np.float32)}
    torch_state = state({"a": tensor("0", 4, 0, (4,), (1,))})
    entry = {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
    return {
        "torch": (torch_zip(torch_state, {"0": ones(4)}), four),
        "legacy": (legacy(torch_state, {"0": np.ones(4, np.float32)}), four),
        "tar": (torch_tar(PLAIN), PLAIN),
        "jittor": (jittor(pickle.dumps(PLAIN, 4)), PLAIN),
        "npz": (npz(PLAIN), PLAIN),
        "npz-compressed": (npz(PLAIN, compressed=True), PLAIN),
        "safetensors": (safetensors(entry, ones(4)), four),
        "hdf5": (hdf5_bytes(PLAIN), PLAIN),
    }


def hdf5_bytes(arrays: Arrays) -> bytes:
    """An HDF5 file as bytes."""
    out = io.BytesIO()
    with h5py.File(out, "w", track_order=True) as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return out.getvalue()


def cases() -> Iterator[Case]:
    """Every damaged, foreign and odd file."""
    for name, (raw, arrays) in real_files().items():
        yield Case(f"right-{name}", raw, arrays)
        for percent in STEPS:
            yield Case(
                f"cut-{name}-at-{percent}-percent", raw[: len(raw) * percent // 100], arrays, or_refused=True
            )
    yield from _foreign()
    yield from _contradictory()
    yield from _cyclic()
    yield from _odd_but_right()


def _foreign() -> Iterator[Case]:
    noise = np.random.default_rng(0).integers(0, 256, 4096, dtype=np.uint8).tobytes()
    plain_tar = io.BytesIO()
    with tarfile.open(fileobj=plain_tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.pt"), io.BytesIO())
    lone = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", bytes(4))
    script = torch_zip(state({}), more={"archive/constants.pkl": b"\x80\x02)."})
    strangers = {
        "empty": b"",
        "one-byte": b"\x80",
        "noise": noise,
        "text": b"weights\n",
        "zeros": bytes(4096),
        "web-page": b"<!DOCTYPE html><html>404</html>",
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid",
        "gzip": gzip.compress(noise),
        "json": b'{"a": 1}',
        "pdf": b"%PDF-1.7\n",
        "elf": b"\x7fELF" + bytes(60),
        "png": b"\x89PNG\r\n\x1a\n" + bytes(60),
        "gguf": b"GGUF" + bytes(60),
        "plain-zip": zipped({"a.txt": b"x"}),
        "plain-tar": plain_tar.getvalue(),
        "lone-array": lone,
        "script": script,
        "hdf5-magic": b"\x89HDF\r\n\x1a\n" + noise,
        "zip-magic": b"PK\x03\x04" + noise,
        "pickle-magic": b"\x80\x02" + noise,
        "safetensors-magic": b"\x10" + bytes(7) + b"{" + noise,
        "no-tensors": jittor(pickle.dumps({"lr": 0.1}, 4)),
        "a-number": jittor(pickle.dumps(3, 4)),
    }
    yield from (Case(f"foreign-{name}", raw) for name, raw in strangers.items())
    yield Case("foreign-folder", Path.mkdir, word="folder")
    yield Case("foreign-missing", lambda path: None, word="does not exist")


def _contradictory() -> Iterator[Case]:
    four = {"0": ones(4)}
    right = state({"a": tensor("0", 4, 0, (4,), (1,))})
    yield Case("twice-storage", _duplicated(torch_zip(right, {"0": ones(4), "1": ones(4)})), word="twice")
    yield Case("twice-tar", _doubled(torch_tar(PLAIN)), word="twice")
    yield Case(
        "twice-safetensors",
        safetensors(
            None,
            ones(1),
            raw=b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        ),
        word="twice",
    )
    yield Case("storage-missing", torch_zip(right), word="lacks")
    yield Case("storage-short", torch_zip(right, {"0": ones(3)}), word="16 bytes")
    yield Case("two-pickles", torch_zip(right, four, {"other/data.pkl": right}), word="has one")
    yield Case("byte-order", torch_zip(right, four, {"archive/byteorder": b"middle"}), word="byte order")
    yield Case(
        "checksum-torch", torch_zip(right, four).replace(ones(4), ones(3) + b"\0\0\0\0"), word="checksum"
    )
    yield Case(
        "checksum-npz",
        npz({"a": np.ones(4, np.float32)}).replace(ones(4), ones(3) + b"\0\0\0\0"),
        word="checksum",
    )
    yield Case("checksum-jittor", jittor(pickle.dumps(PLAIN, 4)).replace(b"conv", b"vonc"), word="SHA-1")
    yield Case(
        "legacy-version",
        legacy(right, {"0": np.ones(4, np.float32)}).replace(b"M\xe9\x03", b"M\xea\x03"),
        word="1001",
    )
    yield Case("legacy-count", legacy(right, {"0": np.ones(5, np.float32)}), word="elements")
    yield Case("legacy-missing", legacy(right), word="missing")
    yield Case(
        "legacy-unknown-storage", legacy(right, {"0": np.ones(4, np.float32), "1": np.ones(1, np.float32)})
    )
    yield Case("pickle-protocol-9", jittor(b"\x80\x09N."), word="no known format")
    yield Case(
        "quantised", torch_zip(right.replace(b"FloatStorage", b"QInt8Storage"), four), word="quantised"
    )
    yield Case(
        "safetensors-gap", safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, ones(2))
    )
    yield Case(
        "safetensors-rest",
        safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, ones(2)),
    )
    yield Case(
        "safetensors-dtype",
        safetensors({"a": {"dtype": "F31", "shape": [1], "data_offsets": [0, 4]}}, ones(1)),
    )
    yield Case("safetensors-list", safetensors([1, 2]))
    yield Case("safetensors-metadata", safetensors({"__metadata__": {"a": 1}}))
    yield Case("key-too-long", jittor(pickle.dumps({"k" * 5000: np.ones(2)}, 4)), word="characters")
    yield Case(
        "keys-collide",
        jittor(pickle.dumps({"a._orig_mod.b": np.ones(2), "a.b": np.ones(2)}, 4)),
        word="same key",
    )
    yield Case(
        "names-with-newlines",
        jittor(pickle.dumps({"a\nb\x1b": {"c\n": "d"}}, 4)),
        word="a b\N{REPLACEMENT CHARACTER}",
    )
    yield Case("key-with-newline", jittor(pickle.dumps({"a\nb": np.ones(2)}, 4)), word="no plain text")
    yield Case(
        "key-with-half-a-letter", jittor(pickle.dumps({"\ud800": np.ones(2)}, 4)), word="no plain text"
    )
    yield Case("key-with-escape", jittor(pickle.dumps({"\x1b[31m": np.ones(2)}, 4)), word="no plain text")
    yield Case(
        "several-states", jittor(pickle.dumps({"model": PLAIN, "ema": dict(PLAIN)}, 4)), word="--select"
    )


def _doubled(raw: bytes) -> bytes:
    """The tar archive with its first member named as another, and the checksum of its header made to fit."""
    head = bytearray(raw[:512].replace(b"sys_info\0", b"tensors\0\0"))
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + raw[512:]


def _duplicated(raw: bytes) -> bytes:
    """The archive with its second storage named as the first."""
    return raw.replace(b"archive/data/1", b"archive/data/0")


def _cyclic() -> Iterator[Case]:
    yield Case("cycle-dictionary", jittor(b"\x80\x02}q\0" + text("a") + b"h\0s."))
    yield Case("cycle-list", jittor(b"\x80\x02]q\0h\0a."))
    itself = b"\x80\x02cm\nNet\n)\x81q\0}(" + BARE
    itself += b"}" + text("child") + b"h\0su" + b"b."
    yield Case("cycle-module", jittor(itself), word="contains itself")
    deep = (b"cm\nNet\n)\x81}(" + BARE + b"}" + text("c")) * 5000
    yield Case(
        "cycle-deep-modules", jittor(b"\x80\x02" + deep + b"N" + b"sub" * 5000 + b"."), word="contains itself"
    )
    wide = b"\x80\x02cm\nNet\n)\x81q\0}(" + BARE + b"}ub0"
    for index in range(40):
        inner = b"".join(text(f"c{part}") + b"h" + bytes([index]) for part in range(8))
        wide += (
            b"cm\nNet\n)\x81q"
            + bytes([index + 1])
            + b"}("
            + text("_parameters")
            + b"}"
            + text("_buffers")
            + b"}"
        )
        wide += text("_modules") + b"}(" + inner + b"uub0"
    yield Case("cycle-exponential-modules", jittor(wide + b"h\x28."), word="more parts")


def _odd_but_right() -> Iterator[Case]:
    base = np.arange(12, dtype=np.float32)
    four = {"0": base.tobytes()}

    def one(offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
        return torch_zip(state({"a": tensor("0", 12, offset, shape, stride)}), four)

    grid = base.reshape(3, 4)
    yield Case("odd-transposed", one(0, (4, 3), (1, 4)), {"a": grid.T})
    yield Case("odd-strided", one(0, (3, 2), (4, 2)), {"a": grid[:, ::2]})
    yield Case("odd-offset", one(5, (2, 2), (4, 1)), {"a": grid[1:, 1:3]})
    yield Case("odd-expanded", one(3, (5, 2), (0, 1)), {"a": np.tile(base[3:5], (5, 1))})
    yield Case("odd-scalar-view", one(7, (), ()), {"a": base[7]})
    yield Case("odd-empty", one(0, (0, 3), (3, 1)), {"a": np.empty((0, 3), np.float32)})
    big = state({"a": tensor("0", 12, 0, (12,), (1,))})
    swapped = {"0": base.astype(">f4").tobytes()}
    yield Case("odd-big-endian", torch_zip(big, swapped, {"archive/byteorder": b"big"}), {"a": base})
    for protocol in range(6):
        if protocol > 1:
            yield Case(f"odd-protocol-{protocol}", pickle.dumps(PLAIN, protocol), PLAIN)
        yield Case(
            f"odd-protocol-{protocol}-jittor",
            jittor(b"\x80\x02" * (protocol < 2) + pickle.dumps(PLAIN, protocol)),
            PLAIN,
        )
    fortran = {"a": np.asfortranarray(grid)}
    yield Case("odd-fortran", jittor(pickle.dumps(fortran, 4)), fortran)
    yield Case("odd-fortran-npz", npz(fortran), fortran)
    turned = {"a": base.astype(">f8")}
    yield Case("odd-big-endian-npz", npz(turned), {"a": base.astype(np.float64)})
    yield Case("odd-big-endian-pickle", jittor(pickle.dumps(turned, 4)), {"a": base.astype(np.float64)})
    yield Case("odd-ordered", jittor(pickle.dumps(OrderedDict(PLAIN), 4)), PLAIN)
    yield Case(
        "odd-keys",
        jittor(pickle.dumps({"mod ule/é.wéight": base, "日本": base}, 4)),
        {"mod ule/é.wéight": base, "日本": base},
    )
    yield Case(
        "odd-same-key-twice",
        jittor(b"\x80\x02}(" + (text("a") + pickle.dumps(base, 2)[2:-1]) * 2 + b"u."),
        {"a": base},
    )
    yield Case(
        "odd-scalars",
        jittor(pickle.dumps({"a": base, "n": np.float32(3)}, 4)),
        {"a": base, "n": np.float32(3)},
    )
    yield Case("odd-rest-after-pickle", pickle.dumps(PLAIN, 4) + b"rest", PLAIN)
    nested = {
        "epoch": 3,
        "state_dict": {f"module.{key}": array for key, array in PLAIN.items()},
        "optimizer": {"state": {0: base}},
    }
    yield Case("odd-training-state", jittor(pickle.dumps(nested, 4)), PLAIN)

"""Small files whose content swells when it is copied, joined, spelled out, hashed or walked."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable, Iterator

import numpy as np

from tests.faults.checkpoints.case import (
    Case,
    integer,
    integers,
    jittor,
    later,
    legacy,
    npy,
    ones,
    safetensors,
    state,
    storage,
    tar,
    tensor,
    text,
    torch_tar,
    torch_zip,
    zipped,
)

MEBIBYTE = 1 << 20
LAUGHS = b")" + b"2\x86" * 100
"""Instructions for a tuple of 100 bytes that would be 2**100 brackets long if it were spelled out."""
PRIME = (1 << 61) - 1
"""Integers that differ by this have the same hash."""


def keep(index: int) -> bytes:
    """Instructions that remember the value on the stack, and take it off."""
    return b"r" + struct.pack("<I", index) + b"0"


def recall(index: int) -> bytes:
    """Instructions that push a remembered value."""
    return b"h" + bytes([index])


def pickled(body: bytes) -> bytes:
    """A Jittor file of instructions."""
    return jittor(b"\x80\x04" + body + b".")


def module(
    parameters: bytes = b"}", buffers: bytes = b"}", modules: bytes = b"}", more: bytes = b""
) -> bytes:
    """Instructions for a pickled torch module."""
    return (
        b"cnet\nNet\n)\x81}("
        + (text("_parameters") + parameters + text("_buffers") + buffers + text("_modules") + modules)
        + more
        + b"ub"
    )


def dictionary(entries: dict[str, bytes]) -> bytes:
    """Instructions for a dictionary."""
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


U1 = b"cnumpy\ndtype\n" + text("u1") + b"\x89\x88\x87R"
UNFILLED = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\x01btR"
ARRAY = UNFILLED + b"(K\x01K\x01\x85" + U1 + b"\x89C\x01\x07tb"
"""Instructions for an array of one byte."""


def cases() -> Iterator[Case]:
    """Every small file that swells."""
    yield from _copies()
    yield from _undercounted()
    yield from _joined()
    yield from _spelled_out()
    yield from _hashed()
    yield from _walked()
    yield from _read_again()
    yield from _json()
    yield from _absurd_shapes()
    yield from _wrong_modules()


def _copies() -> Iterator[Case]:
    items = b"](" + b"N" * 100_000 + b"e" + keep(0)
    pairs = (
        b"}(" + b"".join(b"J" + struct.pack("<i", index) + b"N" for index in range(20_000)) + b"u" + keep(0)
    )
    long = text("a" * MEBIBYTE) + keep(0)
    for name, kind, made in (
        ("list", b"cbuiltins\nlist\n", items),
        ("tuple", b"cbuiltins\ntuple\n", items),
        ("dict", b"cbuiltins\ndict\n", pairs),
        ("ordered", b"ccollections\nOrderedDict\n", pairs),
        ("bytes", b"c_codecs\nencode\n", long),
        ("bytearray", b"cbuiltins\nbytearray\n", long),
    ):
        body = made + kind + keep(1) + (recall(1) + recall(0) + b"\x85R") * 20_000
        yield Case(f"copies-{name}", later(lambda body=body: pickled(body)))
    numbers = b"](" + b"".join(b"J" + struct.pack("<i", index) for index in range(50_000)) + b"e" + keep(0)
    for kind in ("set", "frozenset"):
        body = (
            numbers + f"cbuiltins\n{kind}\n".encode() + keep(1) + (recall(1) + recall(0) + b"\x85R") * 20_000
        )
        yield Case(f"copies-{kind}", later(lambda body=body: pickled(body)))
    arguments = b"(" + b"N" * 100_000 + b"t" + keep(0) + b"cm\nC\n" + keep(1) + b"}NNs" + keep(2)
    body = arguments + (recall(1) + recall(0) + recall(2) + b"\x92") * 10_000
    yield Case("copies-arguments", later(lambda: pickled(body)))
    slots = (
        pairs
        + b"}"
        + text("a")
        + b"Ns"
        + keep(1)
        + recall(0)
        + recall(1)
        + b"\x86"
        + keep(2)
        + b"cm\nC\n"
        + keep(3)
    )
    things = b"".join(text(f"k{index}") + recall(3) + b")\x81" + recall(2) + b"b" for index in range(10_000))
    yield Case("copies-attributes", later(lambda: pickled(slots + b"}(" + things + b"u")))
    content = long + U1 + keep(1)
    content += b"(K\x01" + integer(MEBIBYTE) + b"\x85" + recall(1) + b"\x89" + recall(0) + b"t" + keep(2)
    yield Case("copies-array-content", later(lambda: pickled(content + (UNFILLED + recall(2) + b"b") * 4000)))


def _undercounted() -> Iterator[Case]:
    yield Case(
        "many-pairs",
        later(
            lambda: pickled(
                b"}(" + b"".join(b"J" + struct.pack("<i", i) + b"N" for i in range(1_900_000)) + b"u"
            )
        ),
    )
    yield Case(
        "many-elements",
        later(
            lambda: pickled(
                b"\x8f(" + b"".join(b"J" + struct.pack("<i", i) for i in range(2_000_000)) + b"\x90"
            )
        ),
    )
    one = torch_tensor_parts()
    yield Case(
        "many-tensors",
        later(
            lambda: torch_zip(
                b"\x80\x02" + one + (recall(0) + recall(1) + b"R") * 290_000 + b".", {"0": ones(4)}
            )
        ),
    )
    yield Case(
        "many-texts", later(lambda: pickled(("(" + "X\x08\0\0\0\U0001f600abcd" * 1_000_000).encode() + b"t"))
    )
    wide = text("a" * MEBIBYTE + "\U0001f600")
    yield Case("many-wide-texts", later(lambda: pickled(wide * 60)))
    dictionaries = b"\x80\x02](" + b"}" * 1_100_000 + b"e."
    yield Case("many-pickles", later(lambda: legacy(dictionaries) + b"."))
    yield Case(
        "many-pickles-kept", later(lambda: legacy(dictionaries)[: -len(pickle.dumps([], 2))] + dictionaries)
    )
    members = 150_000
    yield Case("many-members", later(lambda: zipped({f"{index}.npy": b"" for index in range(members)})))


def torch_tensor_parts() -> bytes:
    """Instructions that remember torch's function as 0 and its arguments for one tensor as 1."""
    return (b"ctorch._utils\n_rebuild_tensor_v2\n" + keep(0) + b"(" + storage("0", 4)) + (
        integer(0) + integers((4,)) + integers((1,)) + b"\x89}t" + keep(1)
    )


def _joined() -> Iterator[Case]:
    million = "m" * MEBIBYTE
    names = b"".join(recall(0) + text(f"n{index}") + b"\x930" for index in range(3000))
    yield Case("joined-module-names", later(lambda: pickled(text(million) + keep(0) + names + b"N")))
    inner = dictionary({f"k{index}": b"}" for index in range(3000)})
    yield Case("joined-path", later(lambda: pickled(dictionary({million: inner}))))
    kept = b"".join(text(f"k{index}") + recall(0) for index in range(3000))
    long_name = text("m") + text(million) + b"\x93)\x81" + keep(0)
    yield Case("joined-reasons", later(lambda: pickled(long_name + b"}(" + kept + b"u")))
    leaf = module(ARRAY.join([b"}" + text("w"), b"s"])) + keep(0)
    children = b"}(" + kept + b"u"
    yield Case(
        "joined-prefix",
        later(lambda: pickled(leaf + module(modules=dictionary({million: module(modules=children)})))),
    )
    chain = module(modules=b"}(" + kept + b"u")
    for _ in range(190):
        chain = module(modules=dictionary({"p" * 5000: chain}))
    yield Case("joined-prefixes", later(lambda: pickled(leaf + chain)))
    wide = leaf
    for index in range(30):
        parts = b"".join(text(f"{'q' * 30}{part}") + recall(index) for part in range(4))
        wide += module(ARRAY.join([b"}" + text("w"), b"s"]), modules=b"}(" + parts + b"u") + keep(index + 1)
    yield Case("joined-parts", later(lambda: pickled(wide + recall(30))))


def _spelled_out() -> Iterator[Case]:
    yield Case(
        "spelled-byte-order",
        pickled(b"cnumpy\ndtype\n" + text("f4") + b"\x89\x88\x87R(K\x03" + LAUGHS + b"tb"),
    )
    yield Case("spelled-encoding", pickled(b"c_codecs\nencode\n" + text("a") + LAUGHS + b"\x86R"))
    yield Case(
        "spelled-subclass",
        pickled(b"ctorch._tensor\n_rebuild_from_type_v2\n(" + LAUGHS + b"cm\nC\n)NtR"),
    )
    kind = (
        b"ctorch._utils\n_rebuild_tensor_v3\n("
        + storage("0", 4)
        + integer(0)
        + integers((4,))
        + integers((1,))
    )
    yield Case("spelled-kind", torch_zip(b"\x80\x02" + kind + b"\x89}" + LAUGHS + b"tR.", {"0": ones(4)}))
    base = {"a": np.ones(2, np.float32)}
    yield Case("spelled-reference", torch_tar(base, b"\x80\x02" + LAUGHS + b"\x85Q."))
    yield Case("spelled-reference-in-list", torch_tar(base, b"\x80\x02]" + LAUGHS + b"aQ."))
    yield Case("spelled-protocol", legacy(b"").replace(b"M\xe9\x03", LAUGHS))
    view = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + integer(4)
    yield Case(
        "spelled-view",
        legacy(b"\x80\x02" + view + LAUGHS + b"K\0K\x09\x87tQ.", {"0": np.ones(4, np.float32)}),
    )
    key = (
        b"\x80\x02K\x01.\x80\x02("
        + LAUGHS
        + text("cpu")
        + b"ctorch\nFloatStorage\nt."
        + struct.pack("<q", 1 << 40)
    )
    yield Case("spelled-storage", tar({"storages": key, "tensors": b"", "pickle": b""}))
    yield Case("spelled-number", pickled(b"N0" * 40 + b"F" + b"1" * MEBIBYTE + b"x\n"))
    yield Case("spelled-memo", pickled(b"N0" * 40 + b"Ng" + b"1" * MEBIBYTE + b"\n"))


def _hashed() -> Iterator[Case]:
    same = [index * PRIME for index in range(1, 60_000)]

    def numbers(more: bytes = b"") -> bytes:
        return b"".join(integer(number) + more for number in same)

    yield Case("hashed-keys", later(lambda: pickled(b"}(" + numbers(b"N") + b"u")))
    yield Case("hashed-elements", later(lambda: pickled(b"\x8f(" + numbers() + b"\x90")))
    yield Case("hashed-frozen", later(lambda: pickled(b"(" + numbers() + b"\x91")))
    ordered = b"ccollections\nOrderedDict\n]("
    yield Case("hashed-ordered", later(lambda: pickled(ordered + numbers(b"N\x86") + b"e\x85R")))
    yield Case("hashed-memo", later(lambda: pickled(b"N" + b"".join(b"p%d\n" % number for number in same))))


def _walked() -> Iterator[Case]:
    zeros = b"(" + b"K\0" * 500_000 + b"t" + keep(5)
    bad = b"ctorch\nSize\n" + keep(6) + (recall(6) + recall(5) + b"\x85R0") * 2000
    yield Case("walked-size", later(lambda: pickled(zeros + bad + b"N")))
    one = b"ctorch._utils\n_rebuild_parameter\n" + keep(6) + (recall(6) + recall(5) + b"R0") * 3000
    yield Case("walked-arguments", later(lambda: pickled(zeros + one + b"N")))
    view = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + integer(4)
    view += b"N" * 500_000 + b"t" + keep(0)
    yield Case(
        "walked-reference",
        later(
            lambda: legacy(
                b"\x80\x02" + view + (recall(0) + b"Q0") * 2000 + b"N.", {"0": np.ones(4, np.float32)}
            )
        ),
    )

    def noted(value: bytes, count: int) -> bytes:
        return b"}(" + b"".join(text(f"k{index}") + value for index in range(count)) + b"u"

    lazy = (
        b"ctorch._utils\n_rebuild_tensor_v2\n"
        + keep(0)
        + b"("
        + storage("0", 4)
        + integer(0)
        + integers((4,))
    )
    lazy += integers((1,)) + b"\x89}" + recall(7) + b"t" + keep(1)
    lazy += (recall(0) + recall(1) + b"R0") * 3000
    yield Case(
        "walked-notes",
        later(
            lambda: torch_zip(b"\x80\x02" + noted(b"\x89", 100_000) + keep(7) + lazy + b"N.", {"0": ones(4)})
        ),
    )
    thing = b"cm\nC\n)\x81"
    yield Case(
        "walked-attributes",
        later(lambda: pickled(thing + noted(b"N", 50_000) + b"b" + keep(0) + noted(recall(0), 20_000))),
    )
    yield Case(
        "walked-settings", later(lambda: pickled(noted(b"N", 50_000) + keep(0) + noted(recall(0), 20_000)))
    )
    weights = noted(recall(1), 5000)
    shared = ARRAY + keep(1) + module(weights) + keep(0)
    yield Case("walked-module", later(lambda: pickled(shared + noted(recall(0), 2685))))
    listed = b"](" + b"".join(text(f"n{index}") for index in range(20_000)) + b"e"
    buffers = ARRAY + keep(1) + module(buffers=weights, more=text("_non_persistent_buffers_set") + listed)
    yield Case("walked-fleeting", later(lambda: pickled(buffers)))


def _read_again() -> Iterator[Case]:
    count = 4 * MEBIBYTE
    keys = [f"k{index}" for index in range(4000)]

    def made() -> bytes:
        entries = {key: tensor("0", count - index, 0, (1,), (1,)) for index, key in enumerate(keys)}
        return torch_zip(state(entries), {"0": bytes(4 * count)})

    yield Case("read-again-checksums", later(made), dict.fromkeys(keys, np.zeros(1, np.float32)))
    large = (
        UNFILLED
        + b"(K\x01"
        + integer(MEBIBYTE)
        + b"\x85"
        + U1
        + b"\x89B"
        + struct.pack("<I", MEBIBYTE)
        + bytes(MEBIBYTE)
        + b"tb"
        + keep(0)
    )
    tied = b"".join(text(f"k{index}") + recall(0) for index in range(20_000))
    yield Case("read-again-tied", later(lambda: pickled(large + b"}(" + tied + b"u")), word="come to")


def manifest(shape: list[int]) -> bytes:
    """A checkpoint of Jittor's whose manifest says that a tensor was of this shape."""
    entry = {"dtype": "uint8", "shape": [1], "crc32": "0", "was": ["uint8", shape]}
    bits = {"kind": "weight-manifest", "version": 1, "dropped": [], "made": [], "tied": {}}
    raw = json.dumps({**bits, "entries": {"a": entry}}).encode()
    return jittor(b"\x80\x04" + state({"a": ARRAY})[2:] + b"\nweight-manifest\n" + raw)


def _json() -> Iterator[Case]:
    bombs: dict[str, Callable[[], bytes]] = {
        "lists": lambda: b'{"a":[' + b"[]," * (5 * MEBIBYTE) + b"[]]}",
        "objects": lambda: b'{"a":[' + b"{}," * (5 * MEBIBYTE) + b"{}]}",
        "numbers": lambda: b'{"a":[' + b"1e1," * (3 * MEBIBYTE) + b"1]}",
        "integers": lambda: b'{"a":[' + b"999," * (3 * MEBIBYTE) + b"1]}",
        "texts": lambda: b'{"a":[' + b'"bb",' * (3 * MEBIBYTE) + b"1]}",
        "names": lambda: b"{" + b",".join(b'"%d":{}' % index for index in range(1_300_000)) + b"}",
        "digits": lambda: b'{"a":' + b"9" * (15 * MEBIBYTE) + b"}",
        "wide": lambda: '{"a":"\U0001f600'.encode() + b"a" * (15 * MEBIBYTE) + b'"}',
    }
    right = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    for name, raw in bombs.items():
        yield Case(f"json-header-{name}", later(lambda raw=raw: safetensors(None, raw=raw())))
        yield Case(
            f"json-manifest-{name}",
            later(
                lambda raw=raw: jittor(b"\x80\x04" + state({"a": ARRAY})[2:] + b"\nweight-manifest\n" + raw())
            ),
        )
    offsets = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0] * 100_000}}
    yield Case("json-offsets", later(lambda: safetensors(offsets, bytes(4))))
    yield Case(
        "json-dtype", later(lambda: safetensors({"a": {**right["a"], "dtype": [[0]] * 100_000}}, bytes(4)))
    )
    half = {"__metadata__": {"weight-manifest": "\ud800"}, **right}
    yield Case("json-half-a-letter", safetensors(half, bytes(4)), word="surrogate")
    yield Case("json-half-a-letter-as-key", safetensors({"\udc80": right["a"]}, bytes(4)), word="surrogate")
    yield Case("json-other-encoding", safetensors(None, bytes(4), raw=json.dumps(right).encode("utf-16-le")))
    for name, shape in {
        "long": [1] * 1_000_000 + [1 << 60] * 30_000,
        "huge": [1 << 62, 0],
        "negative": [-1],
    }.items():
        yield Case(f"json-shape-{name}", later(lambda shape=shape: manifest(shape)), word="manifest")


def _absurd_shapes() -> Iterator[Case]:
    four = {"0": ones(4)}
    for name, shape in {"side": (1 << 61, 0), "product": (1 << 40, 1 << 40, 0)}.items():
        stride = (1,) * len(shape)
        body = state({"a": tensor("0", 4, 0, shape, stride)})
        yield Case(f"empty-{name}-torch", torch_zip(body, four), word="no array can have")
        yield Case(
            f"empty-{name}-legacy", legacy(body, {"0": np.ones(4, np.float32)}), word="no array can have"
        )
        head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"
        yield Case(f"empty-{name}-npz", zipped({"a.npy": npy(head)}), word="no array can have")
        entry = {"a": {"dtype": "F32", "shape": list(shape), "data_offsets": [0, 0]}}
        yield Case(f"empty-{name}-safetensors", safetensors(entry), word="no array can have")
        array = ARRAY.replace(b"K\x01\x85", integers(shape)).replace(b"C\x01\x07", b"C\0")
        yield Case(f"empty-{name}-pickle", pickled(dictionary({"a": array})), word="no array can have")
    base = np.arange(4, dtype=np.float32)
    kept = {"0": base.tobytes()}
    for name, shape, stride, wanted in (
        ("one", (1,), (1 << 61,), base[:1]),
        ("inner", (4, 1), (1, (1 << 62) - 1), base.reshape(4, 1)),
        ("empty", (0, 3), (1 << 61, 1 << 61), np.empty((0, 3), np.float32)),
    ):
        made = torch_zip(state({"a": tensor("0", 4, 0, shape, stride)}), kept)
        yield Case(f"stride-{name}", made, {"a": wanted})
    yield Case(
        "stride-far", torch_zip(state({"a": tensor("0", 4, 0, (2,), (1 << 61,))}), kept), word="reaches"
    )
    yield Case(
        "offset-far", torch_zip(state({"a": tensor("0", 4, 1 << 61, (1,), (1,))}), kept), word="reaches"
    )
    yield Case(
        "offset-huge", torch_zip(state({"a": tensor("0", 4, 1 << 70, (1,), (1,))}), kept), word="counts"
    )
    huge = storage("0", 1 << 2000)
    body = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + huge
        + integer(0)
        + integers((1,))
        + integers((1,))
        + b"\x89}tR"
    )
    yield Case("storage-huge", torch_zip(state({"a": body}), kept))
    yield Case("storage-huge-legacy", legacy(state({"a": body}), {"0": base}))


def _wrong_modules() -> Iterator[Case]:
    weight = b"}" + text("w") + ARRAY + b"s"
    fleeting = text("_non_persistent_buffers_set")
    one = {"w": np.array([7], np.uint8)}
    yield Case("module-right", pickled(module(weight, more=fleeting + b"\x8f")), one)
    yield Case("module-without-buffers", pickled(module(weight, buffers=b"N", more=fleeting + b"N")), one)
    for name, wrong in {
        "number": b"K\x07", "text": text("w"), "list": b"]", "dictionary": b"}", "thing": b"cm\nC\n)\x81",
        "true": b"\x88", "laughs": LAUGHS,
    }.items():  # fmt: skip
        yield Case(
            f"module-fleeting-{name}",
            pickled(module(weight, b"}" + text("b") + ARRAY + b"s", more=fleeting + wrong)),
        )
    for holder in ("parameters", "buffers", "modules"):
        for name, wrong in {"number": b"K\x07", "list": b"]", "text": text("w"), "laughs": LAUGHS}.items():
            parts = {"parameters": weight, holder: wrong}
            yield Case(f"module-{holder}-{name}", pickled(module(**parts)), word=f"_{holder}")
    yield Case("module-name", pickled(module(weight, modules=b"}K\x01" + module(weight) + b"s")))
    yield Case(
        "module-name-twice",
        pickled(module(dictionary({"a.w": ARRAY}), modules=dictionary({"a": module(weight)}))),
        word="two tensors",
    )
    yield Case("key-twice", pickled(b"}(K\x00" + ARRAY + text("0") + ARRAY + b"u"), word="two tensors")

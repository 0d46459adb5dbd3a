"""Changes of a pickle instruction by instruction; its files' own checksums are made to fit again."""

from __future__ import annotations

import io
import itertools
import pickletools
from random import Random

from tests.faults.checkpoints.case import integer, jittor, text
from tests.fuzz.mutators.plain import scramble, some_number

_NAMES = (
    *("builtins list", "builtins tuple", "builtins dict", "builtins set", "builtins bytes"),
    *("builtins bytearray", "builtins complex", "builtins frozenset", "builtins slice"),
    *("collections OrderedDict", "collections defaultdict", "collections Counter", "_codecs encode"),
    *("copyreg _reconstructor", "torch Size", "torch FloatStorage", "torch HalfStorage", "torch float32"),
    *("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor", "torch._utils _rebuild_parameter"),
    *("torch._utils _rebuild_tensor_v3", "torch.storage UntypedStorage", "torch.serialization _get_layout"),
    *("numpy dtype", "numpy ndarray", "numpy.core.multiarray _reconstruct", "numpy.core.multiarray scalar"),
    *("numpy.core.numeric _frombuffer", "numpy.random._pickle __randomstate_ctor"),
    *("jittor_core Var", "jittor.nn Conv", "os system", "model.net Net", "io BytesIO"),
)
_PIECES = (
    *(b"(", b"t", b"R", b"b", b"2", b"0", b"1", b"l", b"d", b"}", b"]", b")", b"N", b"s", b"u", b"a", b"e"),
    *(b"\x81", b"\x92", b"\x85", b"\x86", b"\x87", b"\x88", b"\x8f", b"\x90", b"\x91", b"\x94", b"\x93"),
    *(b"\x85R", b"2\x86", b"h\0", b"q\0", b"\x85Q", b"o", b".", b"\x97", b"\x98", b"\x80\x04"),
    *(b"Vabc\n", b"I1\n", b"L1L\n", b"F1e400\n", b"S'a'\n", b"G\x7f\xf0\0\0\0\0\0\0", b"p0\n", b"g0\n"),
    *(b"X\x02\0\0\0_p", b"C\x01a", b"\x8c\x05weird", b"\x8c\x03\xed\xa0\x80", b"ia\nb\n", b"P0\n"),
)
_SPLIT = 20_000
_LONGEST = 1 << 17


def instructions(data: bytes) -> tuple[list[bytes], bytes]:
    """The instructions of the pickle that the data begin with, and what follows it."""
    places: list[int] = []
    stream = io.BytesIO(data)
    try:
        for _, _, place in pickletools.genops(stream):
            places.append(place or 0)
            if len(places) > _SPLIT:
                return [data], b""
    except Exception:  # it may break off in any way: what came before can still be changed
        places.append(len(data))
        return [data[a:b] for a, b in itertools.pairwise(places)], b""
    places.append(stream.tell())
    return [data[a:b] for a, b in itertools.pairwise(places)], data[stream.tell() :]


def _piece(rng: Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return integer(some_number(rng))
    if kind == 1:
        return "c{}\n{}\n".format(*rng.choice(_NAMES).split()).encode()
    return rng.choice(_PIECES)


def mutate_instructions(data: bytes, rng: Random) -> bytes:
    """The first pickle with some instructions taken out, put in, repeated or exchanged."""
    parts, rest = instructions(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at, length = rng.randrange(len(parts) + 1), rng.choice((1, 1, 2, 4, 12))
        kind = rng.randrange(7)
        if kind <= 1:
            parts[at : at + 1] = [_piece(rng)]
        elif kind == 2:
            parts[at:at] = [_piece(rng)]
        elif kind == 3:
            del parts[at : at + length]
        elif kind == 4 and len(parts) < _SPLIT:
            parts[at:at] = parts[at : at + length] * rng.choice((1, 2, 8, 200, 3000))
        elif kind == 5 and at < len(parts):
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        elif at < len(parts):
            parts[at] = scramble(parts[at], rng)
    return b"".join(parts)[:_LONGEST] + rest


def swelling(rng: Random) -> bytes:
    """A small pickle that takes one value very often: what copies it each time fills the memory."""
    count, times = rng.choice((10, 1000, 30_000)), rng.choice((10, 300, 9000))
    value = rng.choice((b"(" + b"N" * count + b"l", b"(" + b"K\1" * count + b"t", text("x" * count)))
    if rng.random() < 0.3:
        value = b"(" + b"".join(integer(number << 61) + b"N" for number in range(min(count, 3000))) + b"d"
    name = "c{}\n{}\n".format(*rng.choice(_NAMES).split()).encode()
    taken = rng.choice((b"h\1h\0\x85R", b"h\0", b"h\1h\0h\0\x86R", b"h\1h\0\x85\x81h\0b", b"h\0h\0\x86"))
    end = rng.choice((b"l", b"t", b"\x90"))
    start = b"\x8f(" if end == b"\x90" else b"("
    return b"\x80\x04" + value + b"q\x000" + name + b"q\x010" + start + taken * times + end + b"."


def mutate_pickle(data: bytes, rng: Random) -> bytes:
    """A pickle, changed by its instructions or as bytes, or a new one that would swell."""
    kind = rng.random()
    if kind < 0.05:
        return swelling(rng)
    return mutate_instructions(data, rng) if kind < 0.75 else scramble(data, rng)


def mutate_jittor(data: bytes, rng: Random) -> bytes:
    """A pickle of its own, or one of Jittor with a checksum that fits again."""
    if not data.endswith(b"HCAJSLHD"):
        return mutate_pickle(data, rng)
    return jittor(mutate_pickle(data[:-28], rng))


def mutate_legacy(data: bytes, rng: Random) -> bytes:
    """One of the pickles of an older torch file, or what follows them."""
    pickles: list[bytes] = []
    rest = data
    while rest and len(pickles) < 5:
        parts, after = instructions(rest)
        pickles.append(b"".join(parts))
        rest = after
    chosen = rng.randrange(len(pickles) + 1)
    if chosen == len(pickles):
        return b"".join(pickles) + scramble(rest, rng)
    pickles[chosen] = mutate_pickle(pickles[chosen], rng)
    return b"".join(pickles) + rest

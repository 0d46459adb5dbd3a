"""The words that the page's script shows, in the language in use."""

from __future__ import annotations

from harness.language import tr


def columns() -> list[tuple[str, bool]]:
    """The columns of the table of tensors, and whether each holds numbers."""
    return [
        (tr("verdict"), False),
        (tr("address"), False),
        (tr("type"), False),
        (tr("shape"), False),
        (tr("relative error"), True),
        (tr("bits"), True),
        (tr("noise"), True),
        (tr("of limit"), True),
        (tr("role"), False),
    ]


def page_words() -> dict[str, str]:
    """Every word of the script that the language in use has another word for."""
    known = {
        "aligned": tr("aligned"),
        "diverged": tr("diverged"),
        "inconclusive": tr("inconclusive"),
        "inner": tr("inner"),
        "skipped": tr("skipped"),
        "not compared": tr("not compared"),
        "source": tr("source"),
        "carrier": tr("carrier"),
        "neither": tr("neither"),
        "both": tr("both"),
        "reference": tr("reference"),
        "candidate": tr("candidate"),
        "port": tr("port"),
        "{} of {} rows": tr("{} of {} rows"),
        "verdict": tr("verdict"),
        "address": tr("address"),
        "type": tr("type"),
        "shape": tr("shape"),
        "relative error": tr("relative error"),
        "bits": tr("bits"),
        "noise": tr("noise"),
        "of limit": tr("of limit"),
        "role": tr("role"),
        "note": tr("note"),
        "name": tr("name"),
        "differs": tr("differs"),
        "attributes": tr("attributes"),
        "fed by": tr("fed by"),
        "feeds": tr("feeds"),
        "difference": tr("difference"),
        "around the worst element": tr("around the worst element"),
        "histogram of both": tr("histogram of both"),
        "histogram of the difference": tr("histogram of the difference"),
        "relative error of each channel": tr("relative error of each channel"),
        "worst": tr("worst"),
        "at": tr("at"),
        "made by": tr("made by"),
        "cause": tr("cause"),
        "known": tr("known"),
        "copy": tr("copy"),
        "copied": tr("copied"),
        "reproduce it": tr("reproduce it"),
        "largest difference": tr("largest difference"),
        "units in the last place": tr("units in the last place"),
        "cosine": tr("cosine"),
        "run alone": tr("run alone"),
        "tensors of this layer": tr("tensors of this layer"),
        "what it returns": tr("what it returns"),
        "input": tr("input"),
        "layer": tr("layer"),
        "layer input": tr("layer input"),
        "layer grad": tr("layer grad"),
        "operation": tr("operation"),
        "operation input": tr("operation input"),
        "operation grad": tr("operation grad"),
        "output": tr("output"),
        "loss": tr("loss"),
        "grad": tr("grad"),
        "grad input": tr("grad input"),
        "state": tr("state"),
    }
    return {word: said for word, said in known.items() if word != said}

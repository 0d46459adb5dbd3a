"""Makes boxes.ttf, in which every letter is the same box: a page in it looks alike whatever fonts there are.

python tests/browser/box_font.py (needs fonttools)
"""

from __future__ import annotations

from pathlib import Path

FONT = Path(__file__).with_name("boxes.ttf")
_EM, _WIDTH, _HEIGHT = 100, 55, 60
_EMPTY = (0x09, 0x0A, 0x0D, 0x20, 0xA0)  # white space


def made(path: Path) -> None:
    """Write the font: one glyph for white space, one for every other letter there is."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

    pen = TTGlyphPen(None)
    pen.moveTo((5, 0))
    for corner in ((5, _HEIGHT), (_WIDTH - 5, _HEIGHT), (_WIDTH - 5, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "space", "box"])
    letters = [place for place in range(0x21, 0x1F000) if not 0xD800 <= place < 0xE000 and place != 0xA0]
    builder.setupCharacterMap({0x20: "space"})
    everything = CmapSubtable.newSubtable(13)
    everything.platformID, everything.platEncID, everything.language = 3, 10, 0
    everything.format, everything.reserved, everything.length, everything.nGroups = 13, 0, 0, 0
    everything.cmap = dict.fromkeys(letters, "box") | dict.fromkeys(_EMPTY, "space")
    builder.font["cmap"].tables.append(everything)
    box, empty = pen.glyph(), TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": box, "space": empty, "box": box})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "space", "box"), (_WIDTH, 5)))
    builder.setupHorizontalHeader(ascent=80, descent=-20)
    builder.setupOS2(sTypoAscender=80, sTypoDescender=-20, usWinAscent=80, usWinDescent=20)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    builder.setupPost()
    builder.font["head"].modified = builder.font["head"].created = 0
    builder.font.recalcTimestamp = False
    builder.save(path)


if __name__ == "__main__":
    made(FONT)

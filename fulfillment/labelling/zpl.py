"""Labels in ZPL II, for printers that speak it (Zebra and the many that imitate them), at 203 dpi.

From the ZPL II Programming Guide: a label is what stands between ^XA and ^XZ; ^FD ends at ^FS; ^ and ~ begin commands
and so may not stand in data: under ^FH any character may be written _xx, its byte in hexadecimal, and _ itself must be.
^CI28 reads data as UTF-8. ^BQN,2,m draws a QR code of model 2 with modules of m dots; its data begins with the error
correction (M) and the input mode (A: the printer chooses), then a comma. ^FO counts in dots from the upper left.

Words are English: printers' built-in font 0 has no Devanagari and shapes none. Hindi labels are printed as PDF.
"""

from __future__ import annotations

from collections.abc import Iterable

from fulfillment.labelling.label import SIZES, Label, Size

DOTS_PER_MM = 8
"""203 dpi."""
MOST_COPIES = 1
NARROWEST = 12
LETTER_PERCENT = 60
"""How wide a letter of font 0 is on average, of the width that was asked for; on the safe side."""
_SPECIAL = frozenset("^~_\\")


def zpl(labels: Iterable[Label], *, size: str = "100x50") -> str:
    """All labels, one after the other. `size` is one of SIZES."""
    return "".join(_one(label, SIZES[size]) for label in labels)


def _one(label: Label, size: Size) -> str:
    width, height = size.width_mm * DOTS_PER_MM, size.height_mm * DOTS_PER_MM
    wide = size.width_mm >= 100
    qr_at, module = (24, 24), 8 if wide else 5
    left = 272 if wide else 176
    room = width - left - 16
    big, middle, small = (96, 44, 30) if wide else (72, 28, 22)
    lines = [
        f"^XA^CI28^PW{width}^LL{height}^LH0,0",
        f"^FO{qr_at[0]},{qr_at[1]}^BQN,2,{module}^FH^FDMA,{_escaped(label.code)}^FS",
        _text(left, 24, big, room, f"{label.slot}"),
        _text(left, 24 + big + 8, middle, room, f"{label.count_words}  {label.zone_words}"),
        _text(left, 24 + big + middle + 20, middle, room, f"#{label.order_short}"),
        _text(24, height - small * 3 - 24, middle, width - 48, label.code),
    ]
    if label.chips:
        lines.append(_text(24, height - small - 12, small, width - 48, ", ".join(label.chips)))
    return "\n".join([*lines, f"^PQ{MOST_COPIES}^XZ"]) + "\n"


def _text(x: int, y: int, dots: int, room: int, words: str) -> str:
    """One line in font 0, its letters made narrower until it fits; what does not fit at NARROWEST is cut, because a
    field block prints what is too much over its last line."""
    width = max(NARROWEST, min(dots, room * 100 // (LETTER_PERCENT * max(1, len(words)))))
    fits = words[: max(1, room * 100 // (LETTER_PERCENT * width))]
    return f"^FO{x},{y}^A0N,{dots},{width}^FB{room},1,0,L^FH^FD{_escaped(fits)}^FS"


def _escaped(words: str) -> str:
    """Data for a field under ^FH: what a printer could take for a command, and control characters, as bytes in hex."""
    return "".join(
        "".join(f"_{byte:02X}" for byte in letter.encode()) if _is_special(letter) else letter for letter in words
    )


def _is_special(letter: str) -> bool:
    return letter in _SPECIAL or not letter.isprintable()

"""Labels, plain: the words of ZPL stay inside their fields, and Hindi is drawn."""

import re
import zlib
from contextlib import suppress

import pytest

from fulfillment.label_pdf import labels_pdf
from fulfillment.labelling import SIZES, Label, short_number, zpl

BAG = Label(
    code="K7Q2MX-1/2",
    number=1,
    of=2,
    slot="03 + C1",
    order_short="0042",
    count_words="Bag 1 of 2",
    zone_words="Frozen",
    slot_word="Slot",
    chips=("Do not ring", "Leave at the door"),
)


def fields(text):
    return re.findall(r"\^FH\^FD(.*?)\^FS", text)


def unescaped(data):
    return re.sub(r"(?:_[0-9A-F]{2})+", lambda m: bytes.fromhex(m[0].replace("_", "")).decode(), data)


@pytest.mark.parametrize("size", SIZES)
def test_a_label_is_one_format_with_a_qr_code_of_the_bags_code(size):
    text = zpl([BAG, BAG], size=size)
    assert text.count("^XA") == text.count("^XZ") == 2 and text.startswith("^XA^CI28")
    assert f"^PW{SIZES[size].width_mm * 8}^LL{SIZES[size].height_mm * 8}" in text
    assert re.search(r"\^BQN,2,\d\^FH\^FDMA,K7Q2MX-1/2\^FS", text)
    assert [unescaped(data) for data in fields(text)[1:6]] == [
        "03 + C1",
        "Bag 1 of 2  Frozen",
        "#0042",
        "K7Q2MX-1/2",
        "Do not ring, Leave at the door",
    ]
    for x, y, dots, room in re.findall(r"\^FO(\d+),(\d+)\^A0N,(\d+),\d+\^FB(\d+)", text):
        assert int(x) + int(room) <= SIZES[size].width_mm * 8 and int(y) + int(dots) <= SIZES[size].height_mm * 8


def test_words_that_are_too_long_are_made_narrower_and_then_cut():
    chips = [
        fields(zpl([Label("A-1/1", 1, 1, "03", "1", "Bag", "Dry", "Slot", ("x" * n,))], size="50x40"))[-1]
        for n in (20, 40, 90)
    ]
    assert [len(chip) for chip in chips] == [20, 40, 48]


@pytest.mark.parametrize("chip", ["^XZ", "~JA", "a_b", "C:\\x", "line\nbreak", "घंटी न बजाएँ", "^FS^FD"])
def test_nothing_in_a_field_is_taken_for_a_command(chip):
    text = zpl([Label("A-1/1", 1, 1, "03", "1", "Bag", "Dry", "Slot", (chip,))])
    assert unescaped(fields(text)[-1]) == chip
    assert not set("^~\n") & set(fields(text)[-1])
    assert text.count("^XZ") == 1 and "~" not in text
    commands = set(re.findall(r"[\^~][A-Z0-9]{2}", re.sub(r"\^FD.*?\^FS", "^FD^FS", text)))
    assert commands <= {
        "^XA",
        "^CI",
        "^PW",
        "^LL",
        "^LH",
        "^FO",
        "^BQ",
        "^FH",
        "^FD",
        "^FS",
        "^A0",
        "^FB",
        "^PQ",
        "^XZ",
    }


GHA = b"0918"
"""घ in the map from glyphs to characters that comes with an embedded font."""


def readable(pdf):
    """The maps from glyphs to characters of the fonts in a PDF, unpacked."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        text = stream
        with suppress(zlib.error):
            text = zlib.decompressobj().decompress(stream)
        found += [text] if b"begincmap" in text else []
    return b"".join(found)


@pytest.mark.parametrize("size", SIZES)
def test_the_pdf_has_a_page_per_bag_in_the_labels_size_with_hindi_glyphs(size):
    hindi = Label("A-1/1", 1, 1, "03", "0042", "थैला 1 / 2", "ठंडा", "जगह", ("घंटी न बजाएँ",))
    made = labels_pdf([hindi, BAG], size=size)
    assert made.startswith(b"%PDF-") and made.count(b"/Type /Page\n") == 2
    width, height = (side * 72 / 25.4 for side in (SIZES[size].width_mm, SIZES[size].height_mm))
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert (float(box[1]), float(box[2])) == (pytest.approx(width, abs=0.1), pytest.approx(height, abs=0.1))
    assert GHA in readable(made) and GHA not in readable(labels_pdf([BAG], size=size))


def test_an_order_is_known_by_the_end_of_its_number():
    assert short_number("BLR-000042") == "0042" and short_number("7") == "7"

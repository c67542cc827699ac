"""What a GS1 barcode says, as scanners send it and as it is printed."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.gs1 import Label, codes_of, parse

TODAY = date(2026, 11, 20)
GTIN = "08901234567890"
MILK = Label(GTIN, "L42", date(2026, 11, 30))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"01{GTIN}17261130" + "10L42", MILK),
        (f"]d201{GTIN}10L42\x1d17261130", MILK),
        (f"]C101{GTIN}17261130" + "10L42\x1d", MILK),
        (f"\x1d01{GTIN}10L42\x1d17261130", MILK),
        (f"(01){GTIN}(17)261130(10)L42", MILK),
        (f"(01){GTIN} (15)261130 (10)L42", MILK),
        (f"01{GTIN}15261215" + "17261130" + "10L42", MILK),  # use by goes before best before
        (f"01{GTIN}17270200", Label(GTIN, "", date(2027, 2, 28))),  # day 00: the month's last
        (f"02{GTIN}37" + "24", Label(GTIN, units=24)),
        (f"01{GTIN}3103000500" + "17261130" + "10L42", replace(MILK, grams=500)),
        (f"01{GTIN}21SERIAL7\x1d17261130" + "10L42", MILK),
        ("]d210L42\x1d17261130", Label("", "L42", date(2026, 11, 30))),
        (f"01{GTIN}17261345", Label(GTIN)),  # no such day: the rest still counts
    ],
)
def test_reads_product_lot_and_date(text, label):
    assert parse(text, today=TODAY) == label


@pytest.mark.parametrize(
    "text",
    [
        "8901234567890",  # a plain EAN-13
        "TK0001",
        "",
        "(",
        "()",
        "0108901234567893" + "17261130",  # wrong check digit
        "010890123456",  # cut off
        f"01{GTIN}99",  # an identifier we do not know
        f"01{GTIN}1726",  # cut off within the date
        f"(01){GTIN}(17)2611",
        f"01{GTIN}10" + "X" * 21,
    ],
)
def test_is_silent_on_what_is_no_such_code(text):
    assert parse(text, today=TODAY) is None


@pytest.mark.parametrize(("year", "full"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999)])
def test_the_century_is_the_one_nearer_to_today(year, full):
    assert parse(f"01{GTIN}17{year}0115", today=TODAY).expires_on == date(full, 1, 15)


def test_a_number_is_found_however_long_it_is_written():
    assert codes_of(GTIN) == [GTIN, "8901234567890"]
    assert codes_of("00012345678905") == ["00012345678905", "0012345678905", "012345678905"]
    assert codes_of("00000096385074")[-1] == "96385074"
    assert "8901234567890" in codes_of("18901234567897")  # a case of it


@given(st.text(alphabet="0123456789()]dC\x1dAZ", max_size=60))
def test_never_breaks_on_anything(text):
    label = parse(text, today=TODAY)
    assert label is None or label.gtin or label.lot or label.expires_on

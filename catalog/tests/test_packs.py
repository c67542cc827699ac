"""Packs are read out of the spellings shops use, or not at all: never wrongly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from catalog.packs import Pack, read_pack

SAMPLE = Path(__file__).parent / "samples" / "packs.txt"


def labelled() -> list[tuple[str, bool, str]]:
    rows = [line.rsplit("|", 2) for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line[:2] != "# "]
    return [(text.strip(), kind.strip() == "c", expected.strip()) for text, kind, expected in rows]


def said(pack: Pack | None) -> str:
    if pack is None:
        return "-"
    if pack.total is None:
        return "~"
    total = f"{pack.total.normalize():f} {pack.base}"
    return f"{total} x {pack.count}" if pack.count > 1 else total


def test_the_labelled_sample_is_read_and_nothing_is_guessed_wrong():
    rows = labelled()
    wrong = [(t, expected, said(p)) for t, c, expected in rows if said(p := read_pack(t, column=c)) != expected]
    guessed = [row for row in wrong if row[2] not in "-~"]
    print(f"{len(rows) - len(wrong)} of {len(rows)} right, {len(guessed)} guessed wrong")
    assert len(rows) >= 150
    assert guessed == []
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("500 GM X 2", "2 x 500 g"),
        ("750ml+250ml free", "750 ml + 250 ml free"),
        ("2 x (320 - 380 g)", "2 x 320-380 g"),
        ("800 g - 1 kg", "800 g-1 kg"),
        ("1/2 Kg", "0.5 kg"),
        ("1 pack (6 pcs)", "6 pc"),
    ],
)
def test_a_pack_is_printed_one_way(text, printed):
    pack = read_pack(text, column=True)
    assert pack is not None and pack.printed == printed


def test_where_shops_mean_two_things_the_likelier_one_is_not_called_sure():
    pack = read_pack("Wafers 60 g (Pack of 6)")
    assert pack is not None and (pack.count, pack.size, pack.sure) == (6, Decimal(60), False)
    multiple = read_pack("6 x 60 g", column=True)
    assert multiple is not None and multiple.sure


@pytest.mark.parametrize(
    "text", ["9" * 50 + " kg", "1/0 kg", "½⁄½ g", "0 x 5 g", "x" * 5_000, "5 kg" * 400, "1e9 kg", "٣ kg"]
)
def test_nonsense_is_no_pack_and_no_error(text):
    pack = read_pack(text, column=True)
    assert pack is None or pack.total is None or pack.total < 10_000

"""The catalogue files are what a merchandiser would sign."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import pytest
from django.conf import settings

from blinkit.demo import art
from blinkit.demo.catalogue import categories, days, products
from blinkit.demo.facts import FRAGILE, fragile_by_hand

GST_RATES = {0, 500, 1800, 4000}  # the slabs since 22 September 2025


def check_digit(first_twelve: str) -> int:
    """EAN-13: weights 1 and 3 from the left (GS1 General Specifications, 7.9)."""
    return -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve)) % 10


def test_there_are_enough_products_in_every_department():
    tops = {c.slug: c.parent or c.slug for c in categories()}
    counts = Counter(tops[p.category] for p in products())
    assert len(products()) >= 420
    assert set(counts) == {c.slug for c in categories() if not c.parent}
    assert min(counts.values()) >= 8


def test_every_leaf_category_has_products_and_no_product_sits_above_a_leaf():
    leaves = {c.slug for c in categories() if c.parent}
    assert {p.category for p in products()} == leaves
    assert len(leaves) >= 40


def test_skus_barcodes_and_names_with_pack_are_unique():
    for key in (lambda p: p.sku, lambda p: p.barcode, lambda p: (p.name.lower(), p.pack)):
        assert max(Counter(map(key, products())).values()) == 1


def test_barcodes_are_indian_ean_13_with_a_right_check_digit():
    for p in products():
        assert len(p.barcode) == 13 and p.barcode.startswith("890") and p.barcode.isdigit(), p
        assert int(p.barcode[12]) == check_digit(p.barcode[:12]), p


@pytest.mark.parametrize("code", ["8901030865275", "4006381333931"])
def test_check_digit_agrees_with_printed_barcodes(code: str):
    assert int(code[12]) == check_digit(code[:12])


def test_prices_are_positive_and_within_mrp():
    assert all(0 < p.price_paise <= p.mrp_paise for p in products())


def test_tax_marks_zones_and_sizes_are_plausible():
    for p in products():
        assert p.gst_bp in GST_RATES, p
        assert p.hsn.isdigit() and 4 <= len(p.hsn) <= 8, p
        assert p.veg in {"veg", "nonveg", "egg", ""}, p
        assert p.zone in {"ambient", "chilled", "frozen", "produce"}, p
        assert p.pack_unit in {"g", "kg", "ml", "l", "pc"}, p
        assert p.pack_size > 0 and p.shelf_life_days > 0 and 1 <= p.max_per_order <= 24, p
        assert 10 <= p.weight_g <= 8000, p
        assert p.name_hi and p.keywords and p.brand, p


def test_gross_weight_is_not_below_what_the_pack_says():
    grams = {"g": 1, "kg": 1000, "ml": 1, "l": 1000}
    for p in products():
        if p.pack_unit in grams:
            assert p.weight_g >= p.pack_size * grams[p.pack_unit], p


SAID = "doodh dahi anda aata chawal dal tel namak chini chai pyaz aloo tamatar kela sabun biscuit paneer murgh"


@pytest.mark.parametrize("word", SAID.split())
def test_words_people_say_are_there(word: str):
    assert any(word in p.keywords.split(", ") or word in p.keywords for p in products())


def test_hindi_names_are_in_devanagari():
    for row in (*products(), *categories()):
        assert any("\u0900" <= letter <= "\u097f" for letter in row.name_hi), row


def test_every_product_has_a_drawing_that_is_well_formed_small_and_always_the_same():
    hues = {c.slug: c.hue for c in categories()}

    def draw(p):
        return art.draw_product(art=p.art, name=p.name, brand=p.brand, category=p.category, hue=hues[p.category])

    for p in products():
        svg = draw(p)
        ElementTree.fromstring(svg)
        assert len(svg) < 8_000 and svg == draw(p)
        assert "href" not in svg and "script" not in svg


def test_an_unknown_shape_is_refused_by_name():
    with pytest.raises(ValueError, match="'zeppelin'"):
        art.draw_product(art="zeppelin #ffffff", name="x", brand="", category="tea", hue=1)


def test_every_department_has_a_tile_of_its_own():
    for c in categories():
        if not c.parent:
            assert c.slug in art.CATEGORY_ART
            ElementTree.fromstring(art.draw_category(slug=c.slug, name=c.name, hue=c.hue))


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 day"), (45, "45 days"), (90, "3 months"), (365, "1 year"), (720, "2 years")]
)
def test_shelf_life_is_said_as_people_say_it(count: int, said: str):
    assert days(count) == said


def test_category_icons_are_in_the_vendored_set():
    sprite = (settings.BASE_DIR / "static" / "icons" / "lucide.svg").read_text(encoding="utf-8")
    assert [c.icon for c in categories() if f'id="{c.icon}"' not in sprite and f'id="i-{c.icon}"' not in sprite] == []


def test_eggs_bread_crisps_and_soft_fruit_are_known_as_fragile_and_flour_is_not():
    fragile = {
        p.name for p in products() if (by_hand := fragile_by_hand(p)) or (by_hand is None and p.category in FRAGILE)
    }
    assert {"Tokri White Eggs", "Tokri Ladi Pav", "Banana Robusta", "Strawberry", "Coriander Leaves"} <= fragile
    assert not {"Pringles Sour Cream and Onion", "Watermelon Kiran"} & fragile
    assert not any("Atta" in name or "Potato" in name for name in fragile)

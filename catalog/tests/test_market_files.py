"""Files of other platforms' prices: dirty ones, our own form, and the real ones where they are at hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalog.importing.market import mrp_of, read
from catalog.importing.rows import NotThisFormat
from catalog.market import FeedRun, Listing, ListingPrice, Platform
from catalog.market_rows import BadRow
from catalog.tests.factories import CityFactory

ZONE = ZoneInfo("Asia/Kolkata")
REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "qcommerce_scrape_2025_04"
ZEPTO = """timestamp,URL,name,price,DISCOUNT,weight
02-04-2025 00:41,https://z.test/cn/fruits-vegetables/fresh-vegetables/cid/1,Onion,₹50,36% Off,1 kg
2025-04-10 14:14:36,https://z.test/cn/fruits-vegetables/fresh-vegetables/cid/1,Onion,"₹1,049",,1 kg
"""
OTHERS = """Name,Price,Weight,URL,Timestamp
Onion 1 kg,₹27.00,N/A,https://j.test/images/product/original/590003515/onion.jpg,2025-04-10 14:12:17
N/A,N/A,N/A,N/A,2025-04-10 14:12:18
Name,Price,Weight,URL,Timestamp
Raw Mango (Mavinahannu),49,Raw Mango (Mavinahannu),https://s.test/list?categoryName=Fresh+Vegetables,2025-04-10 17:36:32
Carrot,,Carrot,https://s.test/,2025-04-10 17:36:32
Beans,many,,https://s.test/,2025-04-10 17:36:32
Beet,20,,https://s.test/,yesterday
"""


def test_a_scrape_tells_price_mrp_pack_shelf_and_the_citys_time():
    one, two = read(ZEPTO.encode(), zone=ZONE).rows
    assert (one.name, one.pack, one.price_paise, one.mrp_paise) == ("Onion", "1 kg", 5000, 7800)
    assert one.at == datetime(2025, 4, 1, 19, 11, tzinfo=UTC)
    assert one.category_slug == "fresh-vegetables"
    assert (two.price_paise, two.mrp_paise) == (104900, None)
    assert mrp_of(3400, 22) == 4400
    said = [
        {"timestamp": "2025-04-10 14:14:36", "name": "Onion", "price": "₹49", "DISCOUNT": "37% Off", "weight": "1 kg"}
    ]
    (row,) = read(json.dumps(said).encode(), zone=ZONE).rows  # the same rows as JSON
    assert (row.price_paise, row.mrp_paise, row.pack, row.at) == (4900, 7800, "1 kg", two.at)
    (row,) = read("name,price_paise\nNestlé Café’s\u00a0Best,100\n".encode("cp1252"), zone=ZONE).rows
    assert row.name == "Nestlé Café’s Best"


def test_dirty_rows_are_named_and_the_others_read():
    onion, nothing, heading, mango, *bad = read(OTHERS.encode("cp1252", errors="ignore"), zone=ZONE).rows
    assert (onion.key, onion.name, onion.pack, onion.price_paise) == ("590003515", "Onion 1 kg", "", 2700)
    assert (nothing, heading) == (BadRow(3, "an empty row"), BadRow(4, "the headings once more", "Name"))
    assert (mango.pack, mango.category_slug, mango.key) == ("", "fresh-vegetables", "")
    assert [it.why for it in bad] == ["has no price", "price is not a number: 'many'", "'yesterday' is no time"]


def test_our_own_form_says_everything_in_json_and_csv():
    said = {
        "seen_at": "2026-11-20T09:00:00+05:30",
        "listings": [
            {
                "key": "SKU-1", "name": "Amul Taaza", "pack": "500 ml", "price_paise": 2800, "mrp_paise": 2900,
                "member_paise": 2700, "bulk_paise": 2600, "bulk_from": 6, "surge_paise": 100, "available": False,
                "url": "https://x.test/1", "brand": "Amul", "item": "milk", "category": "milk", "amount": 500,
                "measure": "ml", "pieces": 1,
            },
            {"name": "Salt", "price_paise": "20.5"},
            "nonsense",
            {"name": "Salt", "price_paise": 2000, "colour": "white"},
        ],
        "terms": {"delivery_paise": 2500, "eta_low_minutes": 8},
        "offers": [
            {"key": "A", "kind": "bank", "title": "10% off", "bank": "HDFC", "off_bp": 1000, "most_paise": 10000,
             "starts_at": "2026-11-20T00:00:00Z"},
            {"key": "B", "kind": "bank", "title": "No beginning"},
        ],
    }  # fmt: skip
    found = read(json.dumps(said).encode(), zone=ZONE)
    milk, *bad = found.rows
    assert (milk.key, milk.member_paise, milk.bulk_from, milk.surge_paise) == ("SKU-1", 2700, 6, 100)
    assert (milk.available, milk.amount, milk.at) == (False, Decimal(500), datetime(2026, 11, 20, 3, 30, tzinfo=UTC))
    assert [it.why for it in bad] == [
        "price_paise is not a whole number: '20.5'",
        "has no price_paise",
        "unknown fields: colour",
    ]
    assert found.terms.delivery_paise == 2500 and found.terms.at == milk.at
    assert found.offers[0].bank == "HDFC" and found.offers[1] == BadRow(
        2, "an offer says when it starts", "No beginning"
    )
    (row,) = read(b"name,price_paise,available\nTea,4500,no\n", zone=ZONE).rows
    assert (row.name, row.price_paise, row.available, row.at) == ("Tea", 4500, False, None)


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b'{"listings": 5}', b"{broken", b'{"rows": []}', b'{"terms": {"delivery_paise": -1}}', b'[["a"]]'],
)
def test_what_is_none_of_ours_is_refused_as_a_whole(content):
    with pytest.raises(NotThisFormat):
        read(content, zone=ZONE)


FILES = {"zepto": "zepto", "jiomart": "jiomart", "instamart": "swiggy"}


def said_of(row):
    return {
        "name": row.name, "pack": row.pack, "price_paise": row.price_paise, "mrp_paise": row.mrp_paise,
        "seen_at": row.at.isoformat(),
    }  # fmt: skip


def imported(path, platform):
    out = StringIO()
    call_command("import_market", str(path), platform=platform, city="bengaluru", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


@pytest.mark.django_db
def test_the_command_takes_a_file_once_and_names_what_it_does_not_know(tmp_path):
    CityFactory()
    Platform.objects.create(slug="jio", name="Jio")
    path = tmp_path / "prices.csv"
    path.write_text(OTHERS, encoding="utf-8")
    assert imported(path, "jio") == {"file": "prices.csv", "rows": 7, "new": 2, "changed": 0, "refused": 5}
    assert imported(path, "jio")["new"] == 2  # the run of the first time
    assert FeedRun.objects.count() == 1
    onion = Listing.objects.get(key="590003515")
    assert (onion.name, onion.pack, onion.unit_paise) == ("Onion 1 kg", "1 kg", 2700)
    with pytest.raises(CommandError, match="no platform 'nobody'; there are: jio"):
        imported(path, "nobody")


@pytest.mark.django_db
@pytest.mark.skipif(not REAL.is_dir(), reason="the scrape of April 2025 is not here")
def test_the_real_scrape_of_three_platforms_goes_in_with_its_history(tmp_path):
    CityFactory()
    for slug in ("zepto", "jiomart", "instamart"):
        Platform.objects.create(slug=slug, name=slug.title())
    told = {slug: imported(REAL / f"{file}_products.csv", slug) for slug, file in FILES.items() if slug != "zepto"}
    assert {slug: (it["rows"], it["new"], it["refused"]) for slug, it in told.items()} == {
        "jiomart": (1961, 1122, 35), "instamart": (1307, 628, 162),
    }  # fmt: skip
    found = read((REAL / "zepto_products.csv").read_bytes(), zone=ZONE).rows
    assert (len(found), sum(isinstance(row, BadRow) for row in found)) == (7689, 0)
    path = tmp_path / "onions.json"  # the whole of it takes seconds: docs/market.md has its figures
    path.write_text(json.dumps([said_of(row) for row in found if row.name in ("Onion", "Onion Sambar")]))
    assert imported(path, "zepto") == {"file": "onions.json", "rows": 12, "new": 2, "changed": 0, "refused": 2}
    onion = Listing.objects.get(platform__slug="zepto", name="Onion", pack="1 kg")
    points = ListingPrice.objects.filter(listing=onion).order_by("at")
    assert [point.price_paise // 100 for point in points] == [50, 49, 34]
    assert (onion.price_paise, onion.was_paise, onion.mrp_paise) == (3400, 4900, 4400)
    jio = Listing.objects.get(platform__slug="jiomart", name="Onion 1 kg")
    assert (jio.price_paise, jio.was_paise, jio.unit_paise) == (2800, 2700, 2800)
    assert Listing.objects.get(platform__slug="instamart", name="Carrot").price_paise == 3100


def test_what_turns_text_around_is_left_out_and_a_null_is_a_refused_row():
    row = {"price_paise": 100, "pack": "1\u202e kg", "name": "\u202eOnion\u2069\x07 क्\u200dष"}
    (read_row,) = read(json.dumps([row]).encode(), zone=ZONE).rows
    assert (read_row.name, read_row.pack) == ("Onion क्\u200dष", "1 kg")
    (scraped,) = read(
        "timestamp,URL,name,price,DISCOUNT,weight\n2025-04-10 14:14:36,,\u202eOnion,₹49,,1 kg\n".encode(), zone=ZONE
    ).rows
    assert scraped.name == "Onion"
    offer = {"key": "o", "kind": "coupon", "title": "T", "off_bp": 100, "starts_at": "2026-11-01"}
    for name in ("name", "item", "brand"):
        (bad,) = read(json.dumps([row | {name: "a\x00b"}]).encode(), zone=ZONE).rows
        assert bad.why == f"{name} has unreadable characters (is the encoding right?)"
    for name in ("key", "title", "code", "bank", "listing", "unknown\x00"):
        found = read(json.dumps({"listings": [], "offers": [offer | {name: "a\x00b"}]}).encode(), zone=ZONE)
        assert [type(it) for it in found.offers] == [BadRow], name


@pytest.mark.django_db
def test_the_report_of_a_row_with_a_null_is_written(tmp_path):
    CityFactory(slug="bengaluru")
    Platform.objects.create(slug="zepto", name="Zepto")
    file = tmp_path / "rows.json"
    offers = [{"kind": "x", "title": "a\x00b", "unknown\x00": 1}]
    file.write_text(json.dumps({"listings": [{"name": "On\x00ion", "price_paise": 1}], "offers": offers}))
    call_command("import_market", str(file), platform="zepto", city="bengaluru", stdout=StringIO())
    assert ["\x00" in one["name"] + one["why"] for one in FeedRun.objects.get().problems] == [False, False]

"""The import command: report, stock, dry run."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Product
from catalog.tests.factories import store
from inventory.models import Movement, Stock

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "catalog" / "tests" / "samples"
REAL = {
    "zepto": ROOT.parent / "shared" / "data" / "zepto_v2" / "zepto_v2.csv",
    "bigbasket": ROOT.parent / "shared" / "data" / "bigbasket_products" / "BigBasket Products.csv",
}


def run(path: Path, format: str, **more) -> tuple[str, dict]:
    out = StringIO()
    call_command("import_catalog", str(path), format=format, store="BLR-T", stdout=out, **more)
    text = out.getvalue()
    return text, json.loads(text.strip().splitlines()[-1])


def test_reports_for_people_and_programs_and_receives_stock_once(tmp_path):
    store()
    text, figures = run(SAMPLES / "zepto.csv", "zepto", report=tmp_path / "report.csv")
    assert "line 10: The MRP is zero" in text and "Assumed" in text
    assert (figures["accepted"], figures["merged"], figures["refused"], figures["stock_rows"]) == (7, 2, 5, 7)
    assert Stock.objects.get(product__name="Tender Coconut").on_hand == 4
    assert Stock.objects.get(product__name="Out Of Stock Cookies").on_hand == 0
    assert len((tmp_path / "report.csv").read_text().splitlines()) == 1 + 2 + 5
    movements = Movement.objects.count()
    _, again = run(SAMPLES / "zepto.csv", "zepto")
    assert (again["products_new"], again["shelf_written"], again["stock_rows"]) == (0, 0, 0)
    assert Movement.objects.count() == movements


def test_stock_is_given_where_the_file_says_nothing():
    store()
    run(SAMPLES / "bigbasket.csv", "bigbasket", stock=7)
    assert set(Stock.objects.values_list("on_hand", flat=True)) == {7}


def test_a_dry_run_reports_and_takes_everything_back():
    store()
    _, figures = run(SAMPLES / "zepto.csv", "zepto", dry_run=True)
    assert figures["products_new"] == 7
    assert not Product.objects.exists() and not Stock.objects.exists()


def test_an_unknown_store_is_a_clear_line():
    store("BLR-X")
    with pytest.raises(CommandError, match=r"There is no store 'BLR-T'\. Known stores: BLR-X"):
        run(SAMPLES / "zepto.csv", "zepto")


def test_a_wrong_file_is_a_clear_line():
    store()
    with pytest.raises(CommandError, match="not a zepto file"):
        run(SAMPLES / "tokri.csv", "zepto")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "limit", "lines", "refused"), [("zepto", None, 3732, 1), ("bigbasket", 6_000, 6_000, 0)]
)
def test_the_real_files_are_read_and_one_of_them_twice(format, limit, lines, refused):
    """Of the long one as many lines as tell it works; `manage.py import_eval` reads it whole."""
    if not REAL[format].is_file():
        pytest.skip(f"{REAL[format]} is not here: the real files are not part of the repository")
    store()
    text, figures = run(REAL[format], format, limit=limit)
    print(text)
    assert figures["lines"] == lines == figures["accepted"] + figures["merged"] + figures["refused"]
    assert figures["refused"] == refused
    if limit is None:  # a second time costs as much again, and the rule is the same for every format
        _, again = run(REAL[format], format)
        assert [again[key] for key in ("products_new", "products_changed", "shelf_written", "stock_rows")] == [0] * 4

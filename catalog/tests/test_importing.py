"""Dirty files become products, or the line is refused with its number."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from catalog import queries
from catalog.importing import NotThisFormat, import_file, load
from catalog.models import Brand, Category, PriceChange, Product, ShelfItem
from catalog.search import search
from catalog.tests.factories import NOW, store

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def shop():
    return store()


def run(name: str, at, **more):
    format = name.split(".")[0]
    return import_file(SAMPLES / name, format=format, store_id=at.pk, actor="system", now=NOW, **more)


def test_zepto_lines_are_accepted_merged_or_refused_with_number_and_reason(shop):
    done = run("zepto.csv", shop)
    assert (done.lines, done.accepted) == (14, 7)
    assert [(n.line, n.reason) for n in done.merged] == [
        (7, "Same product as line 6"),
        (9, "Same product as line 8, whose price 30 (MRP 30) stays"),
    ]
    assert [(n.line, n.reason) for n in done.refused] == [
        (10, "The MRP is zero"),
        (12, "The name is missing"),
        (13, "The price 35 is above the MRP 30"),
        (14, "Only 3 columns"),
        (15, "The MRP is not a number: 'a lot'"),
    ]


def test_zepto_packs_encoding_prices_and_stock_are_read_right(shop):
    done = run("zepto.csv", shop)
    by_name = {p.name: p for p in Product.objects.exclude(name="Onion")}
    assert by_name["Café Crème Biscuits"].pack == "120 g"
    assert by_name["Ching’s Secret Noodles"].mrp_paise == 3000
    assert (by_name["Banana Robusta"].pack, by_name["Banana Robusta"].weight_g) == ("6 pc", 0)
    assert sorted(Product.objects.filter(name="Onion").values_list("pack", "pack_size")) == [
        ("1 kg", Decimal(1)),
        ("3 kg", Decimal(3)),
    ]
    assert done.stock[by_name["Out Of Stock Cookies"].pk] == 0
    assert done.stock[by_name["Tender Coconut"].pk] == 4


def test_bigbasket_rupees_quotes_nbsp_and_empties_are_read_right(shop):
    done = run("bigbasket.csv", shop)
    assert [(n.line, n.reason) for n in done.refused] == [
        (7, "The name is missing"),
        (11, "The price is not a number: 'n/a'"),
    ]
    assert [(n.line, n.reason) for n in done.merged] == [(5, "Same product as line 3, whose price 149 (MRP 176) stays")]
    tofu = ShelfItem.objects.get(store=shop, product__name__startswith="Organic Tofu")
    assert (tofu.price_paise, tofu.mrp_paise) == (8514, 9000)
    assert Product.objects.get(name="Nameless Makers Atta 5kg").brand is None
    assert Product.objects.get(name="Nameless Makers Atta 5kg").pack == "5 kg"
    assert Product.objects.filter(name="Two lines in one name").exists()
    assert Product.objects.filter(name="Chilli - Bajji Mild").exists()
    assert Brand.objects.filter(name="Sri Sri Ayurveda").count() == 1
    assert Category.objects.get(name="Hair Care").parent.name == "Beauty & Hygiene"
    assert Product.objects.filter(name="Cereal Container, Flip Lid").count() == 2  # two MRPs: two packs


def test_tokri_checks_barcodes(shop):
    done = run("tokri.csv", shop)
    assert [(n.line, n.reason) for n in done.refused] == [
        (4, "The barcode's check digit is wrong: 8907000000029"),
        (5, "The barcode is already on line 3"),
    ]
    detail = queries.product_detail(store_id=shop.pk, sku="TS0001")
    assert (detail.row.pack, detail.row.veg, detail.row.hsn, detail.row.weight_g) == ("1 kg", "veg", "0701", 1005)


def test_a_barcode_of_another_product_is_refused(shop):
    run("tokri.csv", shop)
    Product.objects.filter(sku="TS0002").update(sku="OTHER")
    done = run("tokri.csv", shop)
    assert (3, "The barcode belongs to OTHER already") in [(n.line, n.reason) for n in done.refused]


@pytest.mark.parametrize("name", ["zepto.csv", "bigbasket.csv", "tokri.csv"])
def test_a_second_run_changes_nothing(shop, name):
    first = run(name, shop)
    state = list(Product.objects.order_by("pk").values()), PriceChange.objects.count(), Category.objects.count()
    second = run(name, shop)
    assert first.products_new and second.changed_nothing
    assert (second.lines, second.accepted) == (first.lines, first.accepted)
    assert state == (
        list(Product.objects.order_by("pk").values()),
        PriceChange.objects.count(),
        Category.objects.count(),
    )


def test_imported_products_are_found(shop):
    run("zepto.csv", shop)
    assert [hit.row.name for hit in search(store_id=shop.pk, q="cafe creme")] == ["Café Crème Biscuits"]


def test_what_an_administrator_put_right_survives_an_import_that_only_assumes(shop):
    run("zepto.csv", shop)
    Product.objects.filter(name="Tender Coconut").update(gst_bp=500, veg="veg", hsn="0801")
    run("zepto.csv", shop)
    coconut = Product.objects.get(name="Tender Coconut")
    assert (coconut.gst_bp, coconut.veg, coconut.hsn) == (500, "veg", "0801")


def test_a_crash_in_the_middle_leaves_nothing(shop, monkeypatch):
    def crash(*_args, **_more):
        raise RuntimeError("power cut")

    monkeypatch.setattr(load.services, "put_on_shelf", crash)
    with pytest.raises(RuntimeError):
        run("zepto.csv", shop)
    assert not Product.objects.exists() and not Category.objects.exists() and not ShelfItem.objects.exists()


def test_the_wrong_file_is_refused_whole(shop):
    with pytest.raises(NotThisFormat, match="not a zepto file"):
        import_file(SAMPLES / "bigbasket.csv", format="zepto", store_id=shop.pk, actor="system", now=NOW)
    assert not Product.objects.exists()


def test_the_wrong_encoding_refuses_the_lines_it_spoils(shop):
    done = run("zepto.csv", shop, encoding="utf-8")
    assert {n.line for n in done.refused if "unreadable" in n.reason} == {6, 7, 8, 9}


def test_limit_reads_only_so_many_records(shop):
    assert run("zepto.csv", shop, limit=3).lines == 3


HEADER = "Category,name,mrp,discountPercent,availableQuantity,discountedSellingPrice,weightInGms,outOfStock,quantity\n"


def zepto(tmp_path, *lines):
    path = tmp_path / "z.csv"
    path.write_text(HEADER + "\n".join(lines), encoding="cp1252")
    return path


def load_zepto(path, at):
    return import_file(path, format="zepto", store_id=at.pk, actor="system", now=NOW)


def test_a_product_of_two_categories_is_one_product_found_by_both(shop, tmp_path):
    path = zepto(
        tmp_path,
        "Breakfast,Ragi Flakes,9000,0,3,9000,300,FALSE,300",
        "Gluten Free,Ragi Flakes,9000,0,3,9000,300,FALSE,300",
    )
    done = load_zepto(path, shop)
    product = Product.objects.get()
    assert product.category.name == "Breakfast"
    assert [place.category.name for place in product.places.all()] == ["Gluten Free"]
    assert (len(done.also_in), done.places_new) == (1, 1)
    assert [hit.row.sku for hit in search(store_id=shop.pk, q="gluten")] == [product.sku]
    assert load_zepto(path, shop).changed_nothing


def test_brands_are_read_from_names_that_share_a_beginning_and_never_replace_one_that_is_known(shop, tmp_path):
    things = ("Poha Thin", "Rice Brown", "Besan", "Sooji Fine", "Atta Multigrain")
    lines = [f"Staples,Praakritik {name},9000,0,3,9000,500,FALSE,500" for name in things]
    lines += [f"Staples,Fresh {name},9000,0,3,9000,500,FALSE,500" for name in things]
    path = zepto(tmp_path, *lines)
    done = load_zepto(path, shop)
    assert done.brands_read == 5
    assert set(Product.objects.filter(brand__name="Praakritik").values_list("name", flat=True)) == {
        f"Praakritik {name}" for name in things
    }
    other = Brand.objects.create(slug="other", name="Other House")
    Product.objects.filter(name="Praakritik Besan").update(brand=other)
    assert load_zepto(path, shop).changed_nothing
    assert Product.objects.get(name="Praakritik Besan").brand == other


def test_zepto_figures_that_fit_no_rule_are_no_pack_and_liquids_are_millilitres(shop, tmp_path):
    lines = (
        "A,Baby Carrot,2500,0,3,2100,250,FALSE,200",
        "A,Apple Juice,2500,0,3,2100,1000,FALSE,1",
        "A,Oats,2500,0,3,2100,1500,FALSE,1",
        "A,Washing Powder 1 kg + 500 g Free,2500,0,3,2100,1500,FALSE,1",
    )
    done = load_zepto(zepto(tmp_path, *lines), shop)
    packs = dict(Product.objects.values_list("name", "pack"))
    assert packs == {
        "Baby Carrot": "",
        "Apple Juice": "1 l",
        "Oats": "1.5 kg",
        "Washing Powder 1 kg + 500 g Free": "1 kg + 500 g free",
    }
    assert done.packs == {"unknown": 1, "liquid": 1, "size": 1, "free": 1}

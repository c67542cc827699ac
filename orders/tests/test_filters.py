"""Families, filters and facts as a shopper and an app meet them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog import services
from catalog.models import Product, ProductFacts
from catalog.search import search as search_catalogue
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory
from inventory import services as stock
from orders import queries
from orders.tests.factories import HOME, shop
from orders.web.facts import keeps

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def atta(client):
    """One family of three packs of flour, and salt, at a store the client is at."""
    flours, brand = CategoryFactory(slug="flours", name="Flours"), BrandFactory(slug="aashirvaad", name="Aashirvaad")
    sizes = {"A1": (1, "kg", 6000, 5), "A5": (5, "kg", 25000, 9), "A500": (500, "g", 4000, 1)}
    products = [
        ProductFactory(
            sku=sku, name="Chakki Atta", pack=f"{size} {unit}", pack_size=size, pack_unit=unit, mrp_paise=mrp,
            popularity=rank, brand=brand, category=flours, veg="veg",
        )
        for sku, (size, unit, mrp, rank) in sizes.items()
    ]  # fmt: skip
    salt = ProductFactory(sku="SALT", name="Salt", category=flours, mrp_paise=2800, pack_size=1, pack_unit="kg")
    services.refresh_families()
    place = shop(*products, salt)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return place


def sell_out(place, *skus: str) -> None:
    for product_id in Product.objects.filter(sku__in=skus).values_list("pk", flat=True):
        stock.count(store_id=place.pk, product_id=product_id, counted=0, reason="count", actor="system", now=NOW)


def products_of(client, place, **query):
    return client.get(reverse("api-products", args=[place.code]), query)


def test_packs_of_one_thing_are_one_card_with_the_others_beside_it(client, atta, django_assert_num_queries):
    with django_assert_num_queries(3):  # the store by its code, which the house keeps for seconds; rows; stock
        answer = products_of(client, atta)
    face, salt = answer.json()["items"]
    assert (face["sku"], salt["sku"], salt["packs"]) == ("A5", "SALT", [])
    assert [(pack["sku"], pack["price_paise"], pack["available"]) for pack in face["packs"]] == [
        ("A500", 4000, True), ("A1", 6000, True), ("A5", 25000, True),
    ]  # fmt: skip
    assert [pack["is_best"] for pack in face["packs"]] == [False, False, True]
    assert face["packs"][1]["unit_price"] == {"paise": 6000, "per": "kg"}


def test_a_pack_that_is_sold_out_does_not_hide_the_family(client, atta):
    free = queries.shelf(store_code=atta.code).items[0].free
    assert free == 20
    sell_out(atta, "A5")
    card = queries.shelf(store_code=atta.code).items[0]
    assert card.row.sku == "A1" and card.free == 20
    assert [(pack.row.sku, pack.available, pack.is_best) for pack in card.packs] == [
        ("A500", True, False), ("A1", True, True), ("A5", False, False),
    ]  # fmt: skip
    sell_out(atta, "A1", "A500")
    assert queries.shelf(store_code=atta.code).items[0].row.sku == "A5"


def test_search_shows_one_card_and_the_pack_that_was_asked_for(client, atta):
    def skus(q):
        answer = client.get(reverse("api-search", args=[atta.code]), {"q": q}).json()
        return [item["sku"] for item in answer["items"]]

    assert skus("atta") == ["A5"]
    assert skus("atta 1kg") == ["A1"]
    assert skus("chakki atta 500 g") == ["A500"]
    assert len(search_catalogue(store_id=atta.pk, q="atta")) == 3  # the catalogue's search still knows the packs


def test_filters_counts_and_orders_by_rest(client, atta, django_assert_num_queries):
    with django_assert_num_queries(5):  # store, two for the digest, rows, stock; the house keeps store and digest
        answer = products_of(client, atta, price_to=5000, sort="price", facets=1).json()
    assert [item["sku"] for item in answer["items"]] == ["SALT", "A500"]
    counts = answer["facets"]
    assert counts["total"] == 2 and counts["price"] == {"low_paise": 2800, "high_paise": 25000}
    assert [(it["key"], it["count"], it["chosen"]) for it in counts["brands"]] == [("aashirvaad", 1, False)]
    first = products_of(client, atta, sort="price-down", limit=1).json()
    assert [item["sku"] for item in first["items"]] == ["A5"]
    rest = products_of(client, atta, sort="price-down", limit=1, cursor=first["next_cursor"]).json()
    assert [item["sku"] for item in rest["items"]] == ["SALT"] and rest["next_cursor"] is None
    assert "facets" not in first
    asked = {"q": "atta", "price_to": 5000, "facets": 1}
    found = client.get(reverse("api-search", args=[atta.code]), asked).json()
    assert [item["sku"] for item in found["items"]] == ["A500"] and found["facets"]["total"] == 1


@pytest.mark.parametrize(
    "query",
    [{"mark": "meat"}, {"tag": "x"}, {"price_to": "-1"}, {"price_from": "1e3"}, {"discount": "100"}, {"unit": "m"},
     {"sort": "name"}, {"sort": "price", "cursor": "MS4y"}, {"unit_price_to": "9" * 40}, {"price_to": "²"}],
)  # fmt: skip
def test_what_is_no_filter_is_refused_to_an_app(client, atta, query):
    answer = products_of(client, atta, **query)
    assert answer.status_code == 400 and answer.json()["type"] in {"/problems/bad-filter", "/problems/bad-cursor"}
    assert client.get("/shelf/flours/", {k: v for k, v in query.items() if k != "cursor"}).status_code == 200


def test_a_filtered_shelf_works_without_script_and_says_what_is_set(client, atta):
    page = client.get("/shelf/flours/", {"price_to": 50, "filters": 1}).content.decode()
    assert 'value="A500"' in page and 'value="A5"' not in page
    assert "up to ₹50" in page and 'name="brand" value="aashirvaad"' in page and "Show 2 products" in page
    plain = client.get("/shelf/flours/").content.decode()
    assert "3 sizes" in plain and "filter-panel" not in plain
    assert client.get("/shelf/flours/", {"brand": "nope", "price_to": "x", "sort": "y"}).status_code == 200


def test_htmx_reads_only_the_goods_and_the_address_follows(client, atta):
    answer = client.get("/shelf/flours/", {"brand": "aashirvaad", "filters": 1}, HTTP_HX_TARGET="goods", **HTMX)
    page = answer.content.decode()
    assert "<html" not in page and "filter-panel" in page and 'value="SALT"' not in page
    assert answer["HX-Push-Url"] == "/shelf/flours/?brand=aashirvaad"
    opened = client.get(
        "/shelf/flours/", {"filters": 1}, HTTP_HX_TARGET="goods", HTTP_HX_CURRENT_URL="http://x/shelf/flours/", **HTMX
    )
    assert "HX-Push-Url" not in opened.headers


def test_nothing_left_says_which_filter_to_drop(client, atta):
    page = client.get("/shelf/flours/", {"brand": "aashirvaad", "price_to": 30}).content.decode()
    assert "Nothing fits all these filters" in page
    assert 'href="?price_to=30"' in page and 'href="?brand=aashirvaad"' in page
    assert "Aashirvaad: 1 product" in page
    found = client.get("/search/", {"q": "atta", "price_to": 1}).content.decode()
    assert "Nothing fits all these filters" in found


def test_more_cards_keep_filters_and_order(client, atta, monkeypatch):
    monkeypatch.setattr("orders.web.browse.PAGE_SIZE", 1)
    page = client.get("/shelf/flours/", {"sort": "price"}).content.decode()
    assert "sort=price" in page and 'id="more"' in page
    cursor = page.split('id="more" href="?cursor=')[1].split("&")[0]
    more = client.get("/shelf/flours/", {"sort": "price", "cursor": cursor}, **HTMX).content.decode()
    assert 'value="A500"' in more and "<html" not in more


# -- one product ---------------------------------------------------------------------------------------------------


def test_the_product_page_offers_the_packs_and_marks_the_best(client, atta, django_assert_num_queries):
    page = client.get("/p/A1/").content.decode()
    assert page.count("pack-chip") >= 3 and page.count("Best value") == 1
    assert "/p/A5/" in page and 'aria-current="true"' in page
    with django_assert_num_queries(3):
        queries.product(store_code=atta.code, sku="A1")
    answer = client.get(reverse("api-product", args=[atta.code, "A1"])).json()
    assert [pack["sku"] for pack in answer["packs"]] == ["A500", "A1", "A5"]


def test_facts_of_the_label_are_shown_and_sent_and_silence_is_silence(client, atta):
    ProductFacts.objects.create(
        product=Product.objects.get(sku="A1"), maker_fssai="10012345678901", origin="IN", ingredients="Wheat <whole>",
        allergens=["gluten"], nutrition={"protein_g": 12.5, "energy_kcal": 340}, tags=["vegan"],
        attributes={"Grind": "Stone"},
    )  # fmt: skip
    page = client.get("/p/A1/").content.decode()
    for words in (
        "10012345678901",
        "India",
        "Wheat &lt;whole&gt;",
        "Cereals with gluten",
        "340 kcal",
        "Vegan",
        "Stone",
    ):
        assert words in page
    assert page.index("340 kcal") < page.index("12.5 g")
    sent = client.get(reverse("api-product", args=[atta.code, "A1"])).json()["facts"]
    assert sent["nutrition"] == {"energy_kcal": 340, "protein_g": 12.5} and sent["origin_name"] == "India"
    silent = client.get("/p/SALT/").content.decode()
    assert "From the label" not in silent and "Nutrition" not in silent
    empty = client.get(reverse("api-product", args=[atta.code, "SALT"])).json()["facts"]
    assert (empty["fssai"], empty["nutrition"], empty["nutrition_per"]) == ("", {}, "")


@pytest.mark.parametrize(
    ("days", "said"),
    [(None, ""), (0, ""), (1, "Keeps 1 day from packing"), (5, "Keeps 5 days from packing"),
     (89, "Keeps 2 months from packing"), (365, "Keeps 12 months from packing")],
)  # fmt: skip
def test_shelf_life_is_never_said_longer_than_it_is(days, said):
    assert keeps(days) == said

"""Suggestions while typing, doubts about spelling, and what was asked for and not found."""

from __future__ import annotations

import pytest

from catalog import services
from catalog.models import Product, SearchLog, SearchTerm
from catalog.search import find, search, suggestions
from catalog.search.spelling import spelling
from catalog.search.suggest import ASKED_OFTEN, forget
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    services.synonyms_changed()
    spelling.forget()
    forget()


@pytest.fixture
def shop():
    at = store()
    amul = BrandFactory(slug="amul", name="Amul")
    veg = CategoryFactory(slug="vegetables", name="Fresh Vegetables", name_hi="सब्ज़ियाँ")
    snacks = CategoryFactory(slug="snacks", name="Snacks")
    on_shelf(
        at,
        ProductFactory(sku="CHIPS", name="Potato Chips - Salted", category=snacks, popularity=900),
        ProductFactory(sku="MASH", name="Instant Soup with Potato", category=snacks, popularity=900),
        ProductFactory(sku="POTATO", name="Potato - Hybrid", category=veg),
        ProductFactory(sku="BUTTER", name="Amul Butter - Salted", brand=amul, popularity=5),
        ProductFactory(sku="COOKIES", name="Butter Cookies", popularity=900),
        ProductFactory(sku="KITKAT", name="Kit Kat"),
        ProductFactory(sku="FLAKES", name="Cornflakes"),
        ProductFactory(sku="CILANTRO", name="Coriander Leaves", category=veg),
        ProductFactory(sku="DHANIYA", name="Masala with Coriander", popularity=900),
    )
    services.refresh_search()
    return at


def skus(at, q) -> list[str]:
    return [hit.row.sku for hit in search(store_id=at.pk, q=q)]


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("potato", "POTATO"),  # before more popular things made of it
        ("aloo", "POTATO"),
        ("potatoes", "POTATO"),
        ("butter", "BUTTER"),
        ("butter amul", "BUTTER"),
        ("salted butter amul", "BUTTER"),
        ("kitkat", "KITKAT"),
        ("kit kat", "KITKAT"),
        ("corn flakes", "FLAKES"),
        ("corn flaks", "FLAKES"),
        ("coriander", "CILANTRO"),
        ("dhaniya", "CILANTRO"),
    ],
)
def test_the_thing_itself_comes_first(shop, q, first):
    assert skus(shop, q)[:1] == [first]


def test_a_misspelt_question_says_how_it_was_read(shop):
    found = find(store_id=shop.pk, q="amul buttter")
    assert (found.meant, found.instead, found.near) == ("amul butter", True, False)
    assert found.hits[0].row.sku == "BUTTER"


def test_a_rare_word_of_the_catalogue_is_doubted_for_a_much_commoner_one(shop):
    on_shelf(shop, ProductFactory(sku="TYPO", name="Avacado Mask"))
    on_shelf(shop, *[ProductFactory(sku=f"AVO{n}", name="Avocado") for n in range(20)])
    services.refresh_search()
    found = find(store_id=shop.pk, q="avacado")
    assert found.meant == "avocado" and not found.instead
    assert {"TYPO", "AVO0"} <= {hit.row.sku for hit in found.hits}


def test_a_word_still_being_typed_is_not_taken_for_a_mistake(shop):
    found = find(store_id=shop.pk, q="butt")
    assert {"BUTTER", "COOKIES"} <= {hit.row.sku for hit in found.hits}
    assert not found.instead


def test_a_well_spelt_question_is_not_doubted(shop):
    assert find(store_id=shop.pk, q="butter").meant == ""


def test_near_things_are_shown_and_said_to_be_near(shop):
    found = find(store_id=shop.pk, q="potato zzqqx")
    assert found.near and found.hits[0].row.sku == "POTATO"
    assert not find(store_id=shop.pk, q="zzqqx").near


def test_a_store_that_lists_little_of_the_catalogue_still_finds_it():
    full, small = store(), store("BLR-S")
    on_shelf(full, *[ProductFactory(name="Rice", popularity=900) for _ in range(250)])
    on_shelf(small, ProductFactory(sku="LAST", name="Rice Bran Cereal"))
    assert skus(small, "rice") == ["LAST"]


def offered(at, q) -> list[tuple[str, str]]:
    return [(offer.kind, offer.text) for offer in suggestions(store_id=at.pk, q=q)]


def test_products_categories_and_brands_are_offered_by_the_beginning_of_any_word(shop):
    assert ("product", "Potato - Hybrid") in offered(shop, "pot")
    assert ("category", "Fresh Vegetables") in offered(shop, "veg")
    assert ("category", "Fresh Vegetables") in offered(shop, "सब्")
    assert ("brand", "Amul") in offered(shop, "am")
    assert ("product", "Amul Butter - Salted") in offered(shop, "amul b")


def test_the_thing_is_offered_before_what_is_made_of_it(shop):
    products = [text for kind, text in offered(shop, "potato") if kind == "product"]
    assert products[0] == "Potato - Hybrid"


def test_only_what_this_store_sells_is_offered(shop):
    assert offered(store("BLR-E"), "pot") == []


@pytest.mark.parametrize("q", ["", " ", "'", "\\", "a:* & !b", "\x00", "%", "🥔", "x" * 500, "1kg"])
def test_no_typing_breaks_suggestions(shop, q):
    suggestions(store_id=shop.pk, q=q)


def test_suggestions_are_one_statement_when_warm(shop, settings, django_assert_num_queries):
    settings.CATALOG_CACHE_S = 60
    offered(shop, "pot")
    with django_assert_num_queries(1):
        assert offered(shop, "potato")


def asked(at, q, *, times=1, results=0) -> None:
    services.count_searches([SearchLog(store=at, query=q, results=results, at=NOW) for _ in range(times)])


def test_a_search_is_offered_to_others_once_it_was_made_often_and_found_something(shop):
    asked(shop, "Potato Chips", times=ASKED_OFTEN - 1, results=3)
    asked(shop, "potato zzz", times=50, results=0)
    assert not any(kind == "search" and " " in text for kind, text in offered(shop, "potato"))
    asked(shop, "potato chips", results=3)
    assert offered(shop, "potato")[0] == ("search", "potato chips")
    assert offered(shop, "") == [("search", "potato chips")]


def test_what_may_be_a_telephone_number_is_not_counted(shop):
    asked(shop, "call 98765 43210", times=9)
    assert not SearchTerm.objects.exists()


def test_counts_add_up_and_the_latest_result_stands(shop):
    asked(shop, "tofu", times=2)
    asked(shop, "Tofu!", times=3, results=4)
    term = SearchTerm.objects.get()
    assert (term.text, term.times, term.failed, term.results) == ("tofu", 5, 2, 4)


def test_what_is_stored_for_search_is_renewed_once_after_an_upgrade(shop):
    Product.objects.update(search_vector="potato:1A")  # as an older version left it
    assert skus(shop, "butter") == []
    assert services.refresh_search_if_outdated()
    assert skus(shop, "butter")[0] == "BUTTER"
    assert not services.refresh_search_if_outdated()

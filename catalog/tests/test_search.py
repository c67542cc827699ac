"""Search finds what people mean."""

from __future__ import annotations

import pytest

from catalog import services, tree
from catalog.models import Synonym
from catalog.search import search
from catalog.search.folding import fold, sound, words
from catalog.search.spelling import spelling
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    """A small shelf with near neighbours that must not be confused."""
    at = store()
    amul = BrandFactory(slug="amul", name="Amul")
    dairy = CategoryFactory(slug="milk", name="Milk", name_hi="दूध")
    veg = CategoryFactory(slug="vegetables", name="Vegetables")
    snacks = CategoryFactory(slug="snacks", name="Snacks")
    sweets = CategoryFactory(slug="chocolate", name="Chocolate")
    on_shelf(
        at,
        ProductFactory(sku="MILK", name="Amul Taaza Toned Milk", brand=amul, category=dairy, popularity=500),
        ProductFactory(
            sku="BUTTER", name="Amul Butter", brand=amul, category=CategoryFactory(slug="butter", name="Butter")
        ),
        ProductFactory(sku="POTATO", name="Potato", name_hi="आलू", category=veg, popularity=900),
        ProductFactory(sku="TOMATO", name="Tomato Hybrid", name_hi="टमाटर", category=veg),
        ProductFactory(sku="BHUJIA", name="Haldiram's Aloo Bhujia", category=snacks),
        ProductFactory(sku="CHOC", name="Cadbury Dairy Milk Chocolate", category=sweets, popularity=100),
        ProductFactory(sku="BRULEE", name="Crème Brûlée", category=sweets),
    )
    return at


def skus(at, q, **more) -> list[str]:
    return [hit.row.sku for hit in search(store_id=at.pk, q=q, **more)]


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("milk", "MILK"),  # the product whose category it is, before the chocolate
        ("aloo", "POTATO"),
        ("आलू", "POTATO"),
        ("doodh", "MILK"),
        ("दूध", "MILK"),
        ("tomatoes", "TOMATO"),
        ("pota", "POTATO"),
        ("amul butter", "BUTTER"),
        ("buter", "BUTTER"),
        ("amool buter", "BUTTER"),
        ("dhoodh", "MILK"),
        ("tomatto", "TOMATO"),
        ("bhjuia", "BHUJIA"),
        ("cohcolate", "CHOC"),
        ("creme brulee", "BRULEE"),
        ("haldirams", "BHUJIA"),
        ("amul ka doodh", "MILK"),
    ],
)
def test_finds_first_what_was_meant(shop, q, first):
    assert skus(shop, q)[:1] == [first]


def test_aloo_also_finds_the_snack_that_is_named_so(shop):
    assert "BHUJIA" in skus(shop, "aloo")


def test_a_brand_named_comes_before_what_its_name_also_means_in_the_pack_asked_for(shop):
    assert Synonym.objects.filter(term="harpic", means="toilet cleaner").exists()
    toilet = CategoryFactory(slug="toilet", name="Toilet")
    on_shelf(
        shop,
        ProductFactory(sku="OTHER", name="Toilet Cleaner Power 1 l", pack="1 l", category=toilet, popularity=900),
        ProductFactory(
            sku="HARPIC", name="Power Plus Original", pack="500 ml", brand=BrandFactory(slug="harpic", name="Harpic"),
            category=toilet,
        ),
    )  # fmt: skip
    assert skus(shop, "harpic 1l")[:1] == ["HARPIC"]


def test_a_word_nobody_has_does_not_hide_the_word_somebody_has(shop):
    assert skus(shop, "xyzzyq butter")[:1] == ["BUTTER"]


@pytest.mark.parametrize("q", ["", "  ", "!!!", "' | & :* ( )", "\\", "zzzzqqqq", "\x00", "🥔"])
def test_nonsense_finds_nothing_and_breaks_nothing(shop, q):
    assert skus(shop, q) == []


@pytest.mark.parametrize(
    "q", ["milk' | 'x", "a:* & !b", "milk <-> butter", "%milk%", "milk" * 200, "amul " * 50, "दू" * 5000]
)
def test_query_operators_are_only_punctuation(shop, q):
    skus(shop, q)


def test_only_this_stores_listed_shelf_is_searched(shop):
    other = store("BLR-X")
    assert skus(other, "milk") == []
    services.set_listed(
        store_id=shop.pk, product_ids=[h.product_id for h in search(store_id=shop.pk, q="toned")], listed=False, now=NOW
    )
    assert "MILK" not in skus(shop, "milk")


def test_one_statement_when_enough_is_found_and_never_more_than_a_few(shop, settings, django_assert_num_queries):
    settings.CATALOG_CACHE_S = 60
    tree.forget()
    services.synonyms_changed()
    spelling.forget()
    on_shelf(shop, *[ProductFactory(name=f"Curd {n}") for n in range(6)])
    search(store_id=shop.pk, q="warm")  # the synonyms are read once in a while
    with django_assert_num_queries(1):
        assert len(search(store_id=shop.pk, q="curd", limit=5)) == 5
    with django_assert_num_queries(4):  # the thing, its beginning, the spelling, and again
        assert search(store_id=shop.pk, q="butterr")
    with django_assert_num_queries(3):  # the spelling is remembered
        assert search(store_id=shop.pk, q="butterr")


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    services.synonyms_changed()
    spelling.forget()


def test_limit_is_kept(shop):
    assert len(skus(shop, "amul", limit=1)) == 1


def test_folding_keeps_devanagari_vowel_signs_and_drops_latin_accents():
    assert words("Haldiram’s Crème-Brûlée 200g") == ["haldirams", "creme", "brulee", "200g"]
    assert fold("दूध  फ़्रूट") == "दूध फ्रूट"


@pytest.mark.parametrize(
    "spellings",
    [
        ("bread", "bred"),
        ("cheese", "chese"),
        ("doodh", "dudh", "dhood"),
        ("aloo", "aalu", "alu"),
        ("paneer", "panir"),
        ("pyaaz", "pyaj"),
        ("methi", "methee"),
    ],
)
def test_spellings_of_one_word_sound_the_same(spellings):
    assert len({sound(word) for word in spellings}) == 1


def test_a_short_word_is_not_taken_for_the_longer_ones_that_begin_with_it(shop):
    on_shelf(
        shop, ProductFactory(sku="DAL", name="Moong Dal"), ProductFactory(sku="DALDA", name="Dalda", popularity=900)
    )
    assert skus(shop, "dal")[0] == "DAL"


def test_the_pack_can_be_asked_for(shop):
    on_shelf(shop, ProductFactory(sku="BIG", name="Toned Milk", pack="1 l"), ProductFactory(sku="S", name="Toned Milk"))
    for q in ("toned milk 1l", "toned milk 1 l", "1 litre toned milk", "toned milk 1000ml"):
        assert skus(shop, q)[0] == "BIG"
    assert "S" in skus(shop, "toned milk 2l")  # a pack is a wish, not a condition


def test_a_withdrawn_synonym_is_no_longer_used(shop):
    pairs = Synonym.objects.filter(term="doodh")
    services.approve_synonyms(synonym_ids=[pair.pk for pair in pairs], approved=False)
    assert skus(shop, "doodh") == []


def test_the_seed_holds_at_least_150_facts_and_loading_it_again_adds_none():
    assert len({means for _, means in services.findability.seed_pairs()}) >= 150
    assert services.load_synonyms() == 0

"""Filters, their counts and orders, against counting by hand."""

from __future__ import annotations

import random

import pytest
from django.db import IntegrityError, transaction

from catalog import facets, services, traits
from catalog.errors import BadCursor
from catalog.facets import DISCOUNTS, SORTS, Digest, Entry, Filters, SortCursor
from catalog.models import ProductFacts, ShelfItem
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

UNITS = ("kg", "l", "pc")


def shelf_of(dice: random.Random, n: int) -> list[Entry]:
    """Packs of about n/2 families; a family is of one brand."""
    entries = []
    for id in range(1, n + 1):
        family = dice.randrange(n // 2) if dice.random() < 0.7 else 10_000 + id
        bits = traits.bits(
            dice.choice(["veg", "nonveg", "egg", "none"]),
            dice.sample(list(traits.TAGS), dice.randrange(4)),
            dice.choice(["g", "ml", "pc", ""]),
        )
        measured = bits & sum(traits.MEASURES.values()) and dice.random() < 0.9
        brand = f"brand-{family % 7}" if family % 8 else ""
        entries.append(
            Entry(
                id, family, brand, brand.title(), dice.randrange(1, 40) * 500,
                dice.randrange(1, 60) * 100 if measured else None, bits, dice.randrange(0, 6500), dice.randrange(5),
            )
        )  # fmt: skip
    return entries


def wish(dice: random.Random) -> Filters:
    def maybe(value, share=0.35):
        return value if dice.random() < share else None

    return Filters(
        brands=maybe(tuple(sorted(dice.sample([f"brand-{n}" for n in range(8)], 2)))) or (),
        marks=maybe(tuple(sorted(dice.sample(list(traits.MARKS), dice.randrange(1, 3))))) or (),
        tags=maybe((dice.choice(list(traits.TAGS)),)) or (),
        price_from=maybe(dice.randrange(1, 20) * 500),
        price_to=maybe(dice.randrange(10, 40) * 500),
        discount=maybe(dice.choice([10, 25, 40, 60])),
        unit_to_paise=maybe(dice.randrange(10, 60) * 100, 0.2),
        unit=maybe(dice.choice(UNITS), 0.2) or "",
    )


def meets(it: Entry, wanted: Filters, *, but: str = "") -> bool:
    """Read from the words of `Filters`, not from how it is done."""
    if but != "brand" and wanted.brands and it.brand not in wanted.brands:
        return False
    if but != "mark" and wanted.marks and not any(it.traits & traits.MARKS[mark] for mark in wanted.marks):
        return False
    for tag in wanted.tags:
        if but != f"tag {tag}" and not it.traits & traits.TAGS[tag]:
            return False
    if but != "price":
        if wanted.price_from is not None and it.price_paise < wanted.price_from:
            return False
        if wanted.price_to is not None and it.price_paise > wanted.price_to:
            return False
    if but != "discount" and wanted.discount is not None and it.discount_bp < wanted.discount * 100:
        return False
    if but != "unit":
        if wanted.unit and not it.traits & traits.MEASURES[wanted.unit]:
            return False
        if wanted.unit_to_paise is not None and (it.unit_paise is None or it.unit_paise > wanted.unit_to_paise):
            return False
    return True


def families(packs) -> int:
    return len({it.family for it in packs})


@pytest.mark.parametrize("seed", range(40))
def test_counts_are_those_of_a_naive_count(seed):
    dice = random.Random(seed)
    packs = shelf_of(dice, dice.choice([1, 9, 80, 200]) + 1)
    wanted = wish(dice)
    found = Digest(packs).facets(wanted)
    assert found.total == families(it for it in packs if meets(it, wanted))
    brands = {it.brand for it in packs} - {""}
    assert {c.key: c.count for c in found.brands if c.count} == {
        brand: n
        for brand in brands
        if (n := families(it for it in packs if it.brand == brand and meets(it, wanted, but="brand")))
    }
    assert {c.key: c.count for c in found.marks if c.count} == {
        mark: n
        for mark, bit in traits.MARKS.items()
        if (n := families(it for it in packs if it.traits & bit and meets(it, wanted, but="mark")))
    }
    assert {c.key: c.count for c in found.tags if c.count} == {
        tag: n
        for tag, bit in traits.TAGS.items()
        if (n := families(it for it in packs if it.traits & bit and meets(it, wanted, but=f"tag {tag}")))
    }
    assert {c.key: c.count for c in found.discounts if c.count} == {
        str(percent): n
        for percent in DISCOUNTS
        if (n := families(it for it in packs if it.discount_bp >= percent * 100 and meets(it, wanted, but="discount")))
    }
    prices = [it.price_paise for it in packs if meets(it, wanted, but="price")]
    assert (found.price_low, found.price_high) == ((min(prices), max(prices)) if prices else (None, None))
    for unit in UNITS:
        bit = traits.MEASURES[unit]
        figures = [it.unit_paise for it in packs if it.traits & bit and it.unit_paise and meets(it, wanted, but="unit")]
        shown = next((it for it in found.units if it.unit == unit), None)
        assert (shown and (shown.low, shown.high)) == ((min(figures), max(figures)) if figures else None)
    assert all(choice.chosen for choice in found.brands if not choice.count)


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("sort", SORTS)
def test_a_walk_by_cursor_visits_each_family_once_in_order(seed, sort):
    dice = random.Random(seed)
    packs = shelf_of(dice, 120)
    wanted = wish(dice) if seed % 3 else Filters()
    digest, by_id = Digest(packs), {it.id: it for it in packs}
    seen: list[Entry] = []
    after = None
    while True:
        ids, following = digest.page(wanted, sort=sort, after=after, limit=7)
        seen += [by_id[id] for id in ids]
        if following is None:
            break
        after = SortCursor.decode(following.encode(), sort=sort)
    keys = {
        "rank": lambda it: -it.rank,
        "price": lambda it: it.price_paise,
        "price-down": lambda it: -it.price_paise,
        "discount": lambda it: -it.discount_bp,
        "unit-price": lambda it: float("inf") if it.unit_paise is None else it.unit_paise,
    }
    best: dict[int, Entry] = {}
    for it in sorted((it for it in packs if meets(it, wanted)), key=lambda it: (keys[sort](it), it.id)):
        best.setdefault(it.family, it)
    assert seen == list(best.values())


def test_where_nothing_is_left_it_says_which_filter_to_drop():
    packs = [Entry(n, n, "amul", "Amul", 1000 * n, None, traits.bits("veg"), 0, 1) for n in range(1, 4)]
    found = Digest(packs).facets(Filters(brands=("amul",), marks=("egg",), price_to=2000))
    assert found.total == 0 and found.easing == (("mark", "egg", 2),)
    assert Digest([]).facets(Filters(discount=10)).total == 0


@pytest.mark.parametrize("text", ["", "x", "cmFuay4xLjI", "A" * 500, "4pyT"])
def test_a_cursor_of_another_order_or_none_at_all_is_refused(text):
    with pytest.raises(BadCursor):
        SortCursor.decode(text, sort="price")


# -- in the database ----------------------------------------------------------------------------------------------


@pytest.fixture
def dairy():
    """One family of two packs, one product of another brand; tags by their labels."""
    at, category, amul = store(), CategoryFactory(), BrandFactory(slug="amul", name="Amul")
    small = ProductFactory(name="Milk 500 ml", pack_size=500, pack_unit="ml", brand=amul, category=category, veg="veg")
    large = ProductFactory(name="Milk 1 l", pack_size=1, pack_unit="l", brand=amul, category=category, veg="veg")
    oats = ProductFactory(name="Oat Drink", pack_size=1, pack_unit="l", category=category, brand=None, popularity=3)
    ProductFacts.objects.create(product=oats, tags=["vegan", "lactose-free"])
    services.refresh_families()
    on_shelf(at, small, large, oats)
    services.put_on_shelf(
        store_id=at.pk, rows=[(small.pk, 3000), (large.pk, 5500), (oats.pk, 9900)], actor="x", now=NOW
    )
    return at, category, small, large, oats


@pytest.mark.django_db
def test_a_shelf_row_carries_what_filters_ask(dairy):
    at, _, small, large, oats = dairy
    rows = {row.product_id: row for row in ShelfItem.objects.filter(store=at)}
    assert rows[small.pk].unit_paise == 6000 and rows[large.pk].unit_paise == 5500
    assert rows[oats.pk].traits == traits.bits("none", ["vegan", "lactose-free"], "l")
    assert rows[oats.pk].discount_bp == 100
    with pytest.raises(IntegrityError, match="shelf_pack_is_something"), transaction.atomic():
        ShelfItem.objects.update(base_qty=-1)


@pytest.mark.django_db
def test_the_pack_that_meets_the_filter_stands_in_front(dairy, django_assert_num_queries):
    at, category, small, large, _ = dairy
    scope = {"store_id": at.pk, "category_ids": [category.pk]}
    with django_assert_num_queries(3):  # two for the digest, which tests never keep
        page = facets.filtered_page(**scope, wanted=Filters(price_to=4000))
    assert [row.sku for row in page.rows] == [small.sku]
    assert [row.sku for row in page.rows[0].others] == [large.sku]
    page = facets.filtered_page(**scope, wanted=Filters(), sort="unit-price")
    assert page.rows[0].sku == large.sku and page.next is None
    assert facets.filtered_page(store_id=at.pk, category_ids=None, wanted=Filters(tags=("vegan",))).rows[0].brand == ""


@pytest.mark.django_db
def test_a_kept_digest_never_shows_an_old_price(dairy, settings):
    at, category, small, _, _ = dairy
    settings.CATALOG_CACHE_S = 60
    facets._digests.forget()
    scope = {"store_id": at.pk, "category_ids": [category.pk], "wanted": Filters(price_to=4000)}
    assert len(facets.filtered_page(**scope).rows) == 1
    services.set_price(store_id=at.pk, product_id=small.pk, price_paise=5000, actor="x", reason="", now=NOW)
    assert facets.filtered_page(**scope).rows == []
    facets._digests.forget()

"""Packs of one thing: who belongs together, and who stands in front on a shelf."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import combinations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.testing import race
from catalog import queries, services
from catalog.errors import NoSuchProduct
from catalog.families import family_key, without_pack
from catalog.models import Product, ShelfItem
from catalog.services.faces import keep_faces
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

SAME = [
    ("Aashirvaad", ["Aashirvaad Shudh Chakki Atta 5kg", "Shudh Chakki Atta - 1 kg", "Shudh Chakki Atta, 500 Gm Pouch"]),
    ("Amul", ["Taaza Milk 500 ml", "Amul Taaza Milk 6 x 200 ml", "Taaza Milk (1 l Carton)", "Taaza Milk half litre"]),
    ("Maggi", ["Masala Noodles 70 g x 4", "Masala Noodles (Pack of 12)", "Maggi Masala Noodles 280g"]),
    ("Maggi", ["Masala Noodles 70gX6", "Masala Noodles"]),
    ("", ["White Eggs Dozen", "White Eggs - 6 pcs", "White Eggs 30 pc"]),
    ("Hajmola", ["Digestive Tablets (120 N)", "Digestive Tablets - Family Pack", "Digestive Tablets approx. 50 g"]),
    ("Huggies", ["Wonder Pants Medium (7-12 kg) - 62 Diapers", "Wonder Pants Medium (7-12 kg) - 38 Diapers"]),
    ("", ["Onion 1/2 kg", "Onion - 1 kg", "Onion approx. 500-600 g", "Onion (2 kg)"]),
    ("", ["बेसन ५०० ग्राम", "बेसन १ किलो"]),
]  # fmt: skip

# Each is a thing of its own, whatever pack it comes in.
DIFFERENT = [
    "Lay's Magic Masala", "Lay's Classic Salted", "Lay's Cream & Onion", "Butter - Salted", "Butter - Unsalted",
    "Dark Chocolate 55%", "Dark Chocolate 70%", "Vitamin C 500 mg", "Vitamin C 1000 mg", "LED Bulb 9W", "LED Bulb 12W",
    "Diaper Pants 4-8 kg", "Diaper Pants 9-14 kg", "Diapers up to 5 kg", "Diapers up to 8 kg", "Diapers 12+ kg",
    "Protein Bar 20g Protein", "Protein Bar 10g Protein", "Protein Bar", "Kadai 24 cm", "Kadai 26 cm", "SPF 30 Gel",
    "SPF 50+ Gel", "Cerelac Stage 1", "Cerelac Stage 3", "7 Up", "7 Up Nimbooz", "Green Tea", "Green Tea Tea Bags",
    "Cola", "Cola Zero Sugar", "Foil 9 m", "Foil 72 m", "Brass Deep No.2", "Brass Deep No.3", "Milk Toned",
    "Milk Full Cream", "Tissue 2 Ply", "Tissue 3 Ply", "Rice Small", "Rice", "Shampoo 2 in 1", "Shampoo",
    "Eggs White", "Eggs Brown", "Soap (Buy 3 Get 1 Free)", "Soap", "Shade 4 Brown", "Shade 5 Brown",
]  # fmt: skip
PACKS = ["", " 500 g", " - 1 kg", " (2 x 200 ml)", ", Pack of 6", " 5 L Can"]


@pytest.mark.parametrize(("brand", "names"), SAME)
def test_packs_of_one_thing_share_a_key(brand, names):
    assert len({family_key(name, brand) for name in names}) == 1, [family_key(name, brand) for name in names]
    assert family_key(names[0], brand)


def test_two_products_of_different_variant_never_share_a_key_in_any_pack():
    keys = {name: {family_key(name + pack, "Brand") for pack in PACKS} for name in DIFFERENT}
    for one, other in combinations(DIFFERENT, 2):
        assert not (keys[one] & keys[other]), (one, other)
    # And for most of them the pack does not part them either.
    assert sum(len(found) == 1 for found in keys.values()) >= len(DIFFERENT) - 5  # what is worn keeps every weight


def test_bundles_and_bare_packs_have_no_family():
    for name in ("Rice 1 kg + Dal 1 kg", "Shampoo 200 ml+Conditioner", "500 g", "(Pack of 2)"):
        assert family_key(name) == ""
    assert without_pack("SPF 50+ Gel 50 g").split() == ["SPF", "50+", "Gel"]


def test_what_a_person_says_wins():
    assert family_key("Eggs Tray", by_hand="White eggs") == family_key("Eggs", by_hand="white  EGGS") != ""
    assert family_key("Eggs Tray", by_hand="-") == ""


def test_long_names_keep_apart():
    one, other = (family_key("x" * 200 + end, "y" * 60) for end in ("a", "b"))
    assert one != other and len(one) <= 120


# -- in the database ----------------------------------------------------------------------------------------------


def pack_of(name: str, size: int, **more) -> Product:
    return ProductFactory(name=f"{name} {size} g", pack=f"{size} g", pack_size=size, **more)


def family(at, *, sizes=(500, 1000, 5000), ranks=(5, 9, 7), **more) -> list[Product]:
    brand, category = BrandFactory(), CategoryFactory()
    products = [
        pack_of("Chakki Atta", size, popularity=rank, brand=brand, category=category, **more)
        for size, rank in zip(sizes, ranks, strict=True)
    ]
    services.refresh_families([product.pk for product in products])
    on_shelf(at, *products)
    return products


def leads(at) -> list[int]:
    assert_projection(at)
    return list(ShelfItem.objects.filter(store=at, is_listed=True, is_lead=True).values_list("product_id", flat=True))


def assert_projection(at) -> None:
    """Every family has one lead, the first of its listed members, and all know how many they are; the naive way."""
    rows = list(ShelfItem.objects.filter(store=at).select_related("product"))
    groups: dict[object, list[ShelfItem]] = {}
    for row in rows:
        groups.setdefault(row.product.family or row.pk, []).append(row)
    for members in groups.values():
        listed = sorted((it for it in members if it.is_listed), key=lambda it: (-it.rank, it.price_paise, it.pk))
        assert [it.is_lead for it in listed] == [True] + [False] * (len(listed) - 1) if listed else True
        assert all(it.packs == len(listed) for it in listed)


@pytest.mark.django_db
def test_the_most_wanted_pack_leads_and_carries_the_others():
    at = store()
    small, middle, large = family(at)
    assert leads(at) == [middle.pk]
    (row,) = queries.shelf_page(store_id=at.pk)
    assert row.product_id == middle.pk and {other.sku for other in row.others} == {small.sku, large.sku}
    assert {other.family for other in row.others} == {row.family}


@pytest.mark.django_db
def test_another_mark_zone_brand_or_category_is_another_family():
    at, brand, category = store(), BrandFactory(), CategoryFactory()
    same = {"brand": brand, "category": category}
    products = [
        pack_of("Burger", 100, **same), pack_of("Burger", 200, **same | {"veg": "nonveg"}),
        pack_of("Burger", 300, **same | {"zone": "frozen"}),
        pack_of("Burger", 400, brand=BrandFactory(), category=category),
        pack_of("Burger", 500, brand=brand, category=CategoryFactory()),
    ]  # fmt: skip
    services.refresh_families()
    on_shelf(at, *products)
    assert len({product.family for product in Product.objects.all()}) == 5
    assert len(leads(at)) == 5


@pytest.mark.django_db
def test_taking_the_lead_off_the_shelf_and_putting_it_back_changes_who_leads():
    at = store()
    small, middle, large = family(at)
    services.set_listed(store_id=at.pk, product_ids=[middle.pk], listed=False, now=NOW)
    assert leads(at) == [large.pk]
    services.set_listed(store_id=at.pk, product_ids=[small.pk, large.pk], listed=False, now=NOW)
    assert leads(at) == []
    services.set_listed(store_id=at.pk, product_ids=[small.pk], listed=True, now=NOW)
    assert leads(at) == [small.pk]
    on_shelf(at, middle)
    assert leads(at) == [middle.pk]
    services.set_active(product_ids=[middle.pk], active=False, actor="x", now=NOW)
    assert leads(at) == [small.pk]


@pytest.mark.django_db
def test_between_equally_wanted_packs_the_cheaper_leads_also_after_a_price_changed():
    at = store()
    small, large = family(at, sizes=(500, 1000), ranks=(5, 5))
    services.put_on_shelf(store_id=at.pk, rows=[(small.pk, 900), (large.pk, 1000)], actor="x", now=NOW)
    assert leads(at) == [small.pk]
    services.set_price(store_id=at.pk, product_id=large.pk, price_paise=800, actor="x", reason="offer", now=NOW)
    assert leads(at) == [large.pk]
    Product.objects.filter(pk=small.pk).update(popularity=9)
    services.refresh_shelf(product_ids=[small.pk], actor="x", now=NOW)
    assert leads(at) == [small.pk]


@pytest.mark.django_db
def test_a_renamed_pack_leaves_its_family_and_another_joins():
    at, other = store(), store("BLR-2")
    small, middle, _ = family(at)
    on_shelf(other, small, middle)
    Product.objects.filter(pk=middle.pk).update(name="Chakki Atta Multigrain 1000 g")
    assert services.refresh_families([middle.pk]) == [middle.pk]
    services.refresh_shelf(product_ids=[middle.pk], actor="x", now=NOW)
    assert len(leads(at)) == 2 and len(leads(other)) == 2
    Product.objects.filter(pk=middle.pk).update(family_by_hand="-")
    services.refresh_families([middle.pk])
    services.refresh_shelf(product_ids=[middle.pk], actor="x", now=NOW)
    assert Product.objects.get(pk=middle.pk).family == ""
    assert len(leads(at)) == 2
    assert ShelfItem.objects.filter(product=middle, family_no=None, packs=1, is_lead=True).count() == 2


@pytest.mark.django_db
def test_the_database_itself_refuses_a_second_lead():
    at = store()
    family(at)
    with pytest.raises(IntegrityError, match="shelf_one_lead_per_store_and_family"), transaction.atomic():
        ShelfItem.objects.update(is_lead=True)


@pytest.mark.django_db
def test_a_whole_shelf_is_projected_in_the_same_few_statements():
    at = store()
    for _ in range(4):
        family(at)
    ShelfItem.objects.update(is_lead=False, packs=9, traits=0, base_qty=None, family_no=None)
    with CaptureQueriesContext(connection) as made, connection.cursor() as cursor:
        keep_faces(cursor, store_id=at.pk)
    assert len(made) == 4
    assert len(leads(at)) == 4


@pytest.mark.django_db
def test_families_of_an_older_version_are_written_once():
    at = store()
    products = family(at)
    Product.objects.update(family="")
    services.refresh_shelf(product_ids=[product.pk for product in products], actor="x", now=NOW)
    assert len(leads(at)) == 3
    assert services.refresh_families_if_outdated() is True
    assert len(leads(at)) == 1
    assert services.refresh_families_if_outdated() is False


@pytest.mark.django_db
def test_a_page_of_families_is_one_statement_and_each_is_seen_once(django_assert_num_queries):
    at = store()
    for _ in range(5):
        family(at)
    on_shelf(at, *ProductFactory.create_batch(4))
    with django_assert_num_queries(1):
        first = queries.shelf_page(store_id=at.pk, limit=3)
    seen, after = [row.family for row in first], queries.Cursor.of(first[-1])
    while page := queries.shelf_page(store_id=at.pk, after=after, limit=3):
        seen += [row.family for row in page]
        after = queries.Cursor.of(page[-1])
    assert len(seen) == len(set(seen)) == 9


def _list_and_unlist(at, products):
    def work(n: int) -> None:
        for turn in range(4):
            services.set_listed(
                store_id=at.pk, product_ids=[products[(n + turn) % 3].pk], listed=(n + turn) % 2 == 0, now=NOW
            )

    return work


@pytest.mark.django_db(transaction=True)
def test_eight_people_listing_and_unlisting_packs_leave_one_lead():
    at = store()
    products = family(at)
    race(8, _list_and_unlist(at, products))
    services.set_listed(store_id=at.pk, product_ids=[product.pk for product in products], listed=True, now=NOW)
    assert len(leads(at)) == 1


@pytest.mark.django_db(transaction=True)
def test_renaming_publishing_pricing_and_sweeping_at_once_leave_one_lead_per_family_and_never_deadlock():
    at, other = store(), store("BLR-2")
    products = family(at, sizes=(500, 1000, 2000, 5000), ranks=(5, 9, 7, 1))
    on_shelf(other, *products)
    ids = [product.pk for product in products]
    prices = [services.NewPrice(pk, 5_000 + pk % 7, starts_at=NOW + timedelta(hours=1)) for pk in ids]
    services.schedule_prices(prices=prices, actor="x", reason="later", now=NOW)
    later = NOW + timedelta(hours=1)

    def act(n: int) -> None:
        for turn in range(4):
            some = [*ids[(n + turn) % 4 :], *ids[: (n + turn) % 4]]
            if n % 4 == 0:
                services.set_active(product_ids=some[:3], active=turn % 2 == 1, actor="x", now=NOW)
            elif n % 4 == 1:
                with transaction.atomic():
                    list(Product.objects.filter(pk__in=some).order_by("pk").select_for_update(no_key=True))
                    Product.objects.filter(pk=some[0]).update(family_by_hand=f"name {turn}" if turn < 3 else "")
                    services.refresh_families(some)
                    services.refresh_shelf(product_ids=some, actor="x", now=NOW)
            elif n % 4 == 2:
                for place in (at, other):
                    services.set_listed(store_id=place.pk, product_ids=some[:2], listed=turn % 2 == 0, now=NOW)
            else:
                services.sweep_prices(now=later)
                rows = [(pk, 6_000 + turn) for pk in some[:1]]
                with suppress(NoSuchProduct):  # taken off by another meanwhile
                    services.put_on_shelf(store_id=other.pk, rows=rows, actor="x", now=later)

    assert [error for error in race(8, act) if error is not None] == []
    services.set_active(product_ids=ids, active=True, actor="x", now=NOW)
    for place in (at, other):
        services.set_listed(store_id=place.pk, product_ids=ids, listed=True, now=NOW)
        assert leads(place)

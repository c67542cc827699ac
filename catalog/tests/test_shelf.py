"""A page of a shelf, its prices, and who changed them."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from blinkit.kernel.testing import race
from catalog import queries, services, versions
from catalog.errors import BadCursor, BadPrice, NoSuchCategory, NoSuchProduct, PriceAboveMrp
from catalog.models import PriceChange, Product, ProductImage, ShelfItem
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


def put(at, *rows, actor="user:1", reason="test") -> int:
    return services.put_on_shelf(store_id=at.pk, rows=rows, actor=actor, reason=reason, now=NOW)


# -- pages --------------------------------------------------------------------------------------------------------


def test_page_shows_what_is_popular_first_and_every_row_once_over_all_pages():
    at, milk = store(), CategoryFactory()
    on_shelf(at, *[ProductFactory(category=milk, popularity=rank) for rank in (5, 1, 9, 5, 5, 0, 7)])
    seen, after = [], None
    while page := queries.shelf_page(store_id=at.pk, category_ids=[milk.pk], after=after, limit=2):
        seen += page
        after = queries.Cursor.decode(queries.Cursor.of(page[-1]).encode())
    assert [row.rank for row in seen] == [9, 7, 5, 5, 5, 1, 0]
    assert len({row.product_id for row in seen}) == 7


def test_pages_of_several_categories_and_of_the_whole_store_are_in_one_order():
    at = store()
    first, second, other = CategoryFactory(), CategoryFactory(), CategoryFactory()
    for n, category in enumerate((first, second, first, other, second)):
        on_shelf(at, ProductFactory(category=category, popularity=n))
    both = queries.shelf_page(store_id=at.pk, category_ids=[first.pk, second.pk])
    assert [row.rank for row in both] == [4, 2, 1, 0]
    rest = queries.shelf_page(store_id=at.pk, category_ids=[first.pk, second.pk], after=queries.Cursor.of(both[1]))
    assert [row.rank for row in rest] == [1, 0]
    assert [row.rank for row in queries.shelf_page(store_id=at.pk)] == [4, 3, 2, 1, 0]
    assert queries.shelf_page(store_id=at.pk, category_ids=[]) == []


def test_a_row_added_in_front_moves_nothing_on_the_next_page():
    at, milk = store(), CategoryFactory()
    on_shelf(at, *[ProductFactory(category=milk, popularity=rank) for rank in (5, 4, 3)])
    page = queries.shelf_page(store_id=at.pk, category_ids=[milk.pk], limit=2)
    on_shelf(at, ProductFactory(category=milk, popularity=9))
    rest = queries.shelf_page(store_id=at.pk, category_ids=[milk.pk], after=queries.Cursor.of(page[-1]), limit=2)
    assert [row.rank for row in rest] == [3]


def test_a_page_is_one_statement_and_its_cards_are_json(django_assert_num_queries):
    at, milk = store(), CategoryFactory(hue=200)
    on_shelf(at, *[ProductFactory(category=milk, brand=BrandFactory()) for _ in range(50)])
    with django_assert_num_queries(1):
        page = queries.shelf_page(store_id=at.pk, category_ids=[milk.pk], limit=40)
    card = orjson.loads(orjson.dumps([row.as_dict() for row in page]))[0]
    assert (card["category"], card["unit_price"]) == (milk.slug, {"paise": 2000, "per": "100 g"})
    with django_assert_num_queries(1):
        rows = queries.shelf_rows(store_id=at.pk, product_ids=[row.product_id for row in page])
    assert rows == {row.product_id: row for row in page}


@pytest.mark.parametrize("text", ["", "x", "é", "MS4y.Mw", "A" * 500, "OTk5OTk5OTk5OTk5OS4x", "MQ", "bnVsbC4x"])
def test_a_damaged_cursor_is_refused(text):
    with pytest.raises(BadCursor):
        queries.Cursor.decode(text)


def test_other_stores_unlisted_and_unknown_products_are_not_on_the_page():
    at, other = store(), store("BLR-X")
    gone, here = ProductFactory(), ProductFactory()
    on_shelf(at, gone, here)
    on_shelf(other, ProductFactory())
    services.set_listed(store_id=at.pk, product_ids=[gone.pk], listed=False, now=NOW)
    assert [row.sku for row in queries.shelf_page(store_id=at.pk)] == [here.sku]
    assert queries.shelf_rows(store_id=at.pk, product_ids=[gone.pk, 10**12]) == {}
    assert queries.shelf_rows_by_sku(store_id=at.pk, skus=[gone.sku, here.sku]).keys() == {here.sku}


def test_product_detail_is_one_statement_with_all_pictures(django_assert_num_queries):
    at, product = store(), ProductFactory(description="From a farm.", image="a.svg", barcode="8907000000011")
    ProductImage.objects.create(product=product, file="c.svg", rank=2)
    ProductImage.objects.create(product=product, file="b.svg", rank=1)
    on_shelf(at, product)
    with django_assert_num_queries(1):
        detail = queries.product_detail(store_id=at.pk, sku=product.sku)
    assert (detail.images, detail.barcode) == (("b.svg", "c.svg"), "8907000000011")
    assert orjson.dumps(detail.as_dict())
    with pytest.raises(NoSuchProduct):
        queries.product_detail(store_id=at.pk, sku="nope")


def test_the_tree_knows_what_a_store_sells():
    at = store()
    food = CategoryFactory(slug="food", rank=1)
    milk, bread = CategoryFactory(slug="milk", parent=food), CategoryFactory(slug="bread", parent=food)
    CategoryFactory(slug="toys", rank=2)
    on_shelf(at, ProductFactory(category=milk))
    assert [node.slug for node in queries.category_tree()] == ["food", "toys"]
    here = queries.category_tree(store_id=at.pk)
    assert [(node.slug, [child.slug for child in node.children]) for node in here] == [("food", ["milk"])]
    assert sorted(queries.category_ids("food")) == sorted([food.pk, milk.pk, bread.pk])
    with pytest.raises(NoSuchCategory):
        queries.category_ids("nope")


# -- prices -------------------------------------------------------------------------------------------------------


def test_each_change_of_a_price_is_written_down_once():
    at, product = store(), ProductFactory(mrp_paise=5000)
    assert put(at, (product.pk, 4500), reason="first") == 1
    assert put(at, (product.pk, 4500)) == 0
    services.set_price(store_id=at.pk, product_id=product.pk, price_paise=4000, actor="user:7", reason="offer", now=NOW)
    changes = list(PriceChange.objects.order_by("id").values_list("old_paise", "new_paise", "actor", "reason"))
    assert changes == [(None, 4500, "user:1", "first"), (4500, 4000, "user:7", "offer")]


def test_a_price_above_the_mrp_is_refused_with_the_skus_and_nothing_is_written():
    at, fine, dear = store(), ProductFactory(mrp_paise=5000), ProductFactory(mrp_paise=5000, sku="DEAR")
    with pytest.raises(PriceAboveMrp) as refusal:
        put(at, (fine.pk, 5000), (dear.pk, 5001))
    assert refusal.value.extra["above"] == {"DEAR": 5000}
    assert not ShelfItem.objects.exists() and not PriceChange.objects.exists()


def test_the_database_itself_refuses_a_price_above_the_mrp():
    at, product = store(), ProductFactory(mrp_paise=5000)
    put(at, (product.pk, 5000))
    with pytest.raises(IntegrityError, match="shelf_price_within_mrp"), transaction.atomic():
        ShelfItem.objects.update(price_paise=5001)


def test_nonsense_is_refused():
    at, product = store(), ProductFactory()
    with pytest.raises(BadPrice):
        put(at, (product.pk, 0))
    with pytest.raises(NoSuchProduct):
        put(at, (10**9, 100))
    with pytest.raises(NoSuchProduct):
        services.set_price(store_id=at.pk, product_id=product.pk, price_paise=1, actor="x", reason="", now=NOW)
    assert put(at) == 0


def test_a_lowered_mrp_takes_the_price_of_every_store_down_with_it():
    one, two, product = store(), store("BLR-X"), ProductFactory(mrp_paise=5000)
    put(one, (product.pk, 5000))
    put(two, (product.pk, 3000))
    moved = CategoryFactory()
    Product.objects.filter(pk=product.pk).update(mrp_paise=4000, popularity=9, category=moved)
    assert services.refresh_shelf(product_ids=[product.pk], actor="user:1", now=NOW) == 2
    shelf = ShelfItem.objects.order_by("store__code").values_list("price_paise", "mrp_paise", "rank", "category_id")
    assert list(shelf) == [(4000, 4000, 9, moved.pk), (3000, 4000, 9, moved.pk)]
    assert PriceChange.objects.filter(reason="MRP was lowered").count() == 1
    assert services.refresh_shelf(product_ids=[product.pk], actor="user:1", now=NOW) == 0


def test_a_product_that_is_no_longer_sold_leaves_every_shelf():
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    Product.objects.update(is_active=False)
    services.refresh_shelf(product_ids=[product.pk], actor="user:1", now=NOW)
    assert queries.shelf_page(store_id=at.pk) == []
    assert services.set_listed(store_id=at.pk, product_ids=[product.pk], listed=True, now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_eight_people_changing_one_price_leave_an_unbroken_history():
    at, product = store(), ProductFactory(mrp_paise=5000)
    put(at, (product.pk, 5000))
    race(8, lambda n: put(at, (product.pk, 1000 + n)))
    changes = list(PriceChange.objects.order_by("id").values_list("old_paise", "new_paise"))
    assert len(changes) == 9
    assert all(before[1] == after[0] for before, after in pairwise(changes))
    assert ShelfItem.objects.get().price_paise == changes[-1][1]


@pytest.mark.django_db(transaction=True)
def test_the_shelf_version_changes_with_the_shelf_and_only_then():
    at, product = store(), ProductFactory()
    before = queries.shelf_version(at.pk)
    assert before and queries.shelf_version(at.pk) == before
    put(at, (product.pk, 100))
    after = queries.shelf_version(at.pk)
    assert after != before
    put(at, (product.pk, 100))
    assert queries.shelf_version(at.pk) == after


def test_without_redis_there_is_no_version_and_no_error(monkeypatch):
    def down():
        raise ConnectionError("down")

    monkeypatch.setattr(versions, "client", down)
    assert queries.shelf_version(1) == ""
    versions._write(["shelf:1"])


def test_the_extensions_search_needs_are_installed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        assert {"pg_trgm", "unaccent", "btree_gin"} <= {name for (name,) in cursor.fetchall()}


def test_searches_are_noted_without_touching_the_database(django_assert_num_queries):
    at = store()
    with django_assert_num_queries(0):
        services.log_search(store_id=at.pk, q="dragonfruit", results=0, now=timezone.now())
        services.log_search(store_id=10**9, q="of a store that is gone", results=0, now=timezone.now())
    assert services.write_search_log() == 1
    assert services.write_search_log() == 0

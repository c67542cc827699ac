"""What goes with what on a shelf, favourites, lists, and waiting for a product."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from blinkit.kernel.errors import Invalid
from catalog import queries, services, wanted
from catalog.affinity import Baskets, learn
from catalog.errors import ListNameTaken, NoSuchList, NoSuchProduct, TooManyWishes
from catalog.models import Affinity, FavouriteItem, RestockAlert, ShoppingList
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def asha():
    return get_user_model().objects.create_user("+919900000201", name="Asha")


@pytest.fixture
def ravi():
    return get_user_model().objects.create_user("+919900000202", name="Ravi")


def learned(*baskets):
    return services.replace_learned(pairs=learn(Baskets.of(baskets)), now=NOW)


def goes_with(at, *products, limit=12):
    return wanted.goes_with(
        store_id=at.pk,
        product_ids=[product.pk for product in products],
        category_slugs=[product.category.slug for product in products],
        limit=limit,
    )


def skus(found):
    return [it.row.sku for it in found]


# -- pairs --------------------------------------------------------------------------------------------------------


def test_learned_pairs_replace_those_of_the_night_before_and_leave_what_people_set():
    a, b, c = ProductFactory.create_batch(3)
    assert learned([a.pk, b.pk], [a.pk, b.pk]) == 2
    services.pair_by_hand(product_id=a.pk, other_id=c.pk, now=NOW)
    assert learned([b.pk, c.pk], [b.pk, c.pk]) == 2
    rows = set(Affinity.objects.values_list("product", "other", "source"))
    assert rows == {(b.pk, c.pk, "orders"), (c.pk, b.pk, "orders"), (a.pk, c.pk, "staff")}
    assert learned() == 0
    assert Affinity.objects.get().source == "staff"


def test_products_that_are_gone_are_left_out_of_what_was_learned():
    a, b = ProductFactory.create_batch(2)
    assert learned([a.pk, b.pk, 10**9], [a.pk, b.pk, 10**9]) == 2


def test_a_pair_by_hand_is_of_two_products_and_once():
    a, b = ProductFactory.create_batch(2)
    services.pair_by_hand(product_id=a.pk, other_id=b.pk, score=0.5, now=NOW)
    services.pair_by_hand(product_id=a.pk, other_id=b.pk, score=0.7, now=NOW)
    assert Affinity.objects.get().score == 0.7
    with pytest.raises(Invalid):
        services.pair_by_hand(product_id=a.pk, other_id=a.pk, now=NOW)
    with pytest.raises(Invalid):
        services.pair_by_hand(product_id=a.pk, other_id=b.pk, score=1.5, now=NOW)
    with pytest.raises(IntegrityError, match="affinity_is_between_two_products"), transaction.atomic():
        Affinity.objects.create(product=a, other=a, score=1)


def test_goes_with_is_one_statement_when_enough_was_learned(django_assert_num_queries):
    at, products = store(), ProductFactory.create_batch(5)
    on_shelf(at, *products)
    ids = [product.pk for product in products]
    learned(ids, ids)
    with django_assert_num_queries(1):
        found = goes_with(at, products[0], limit=4)
    assert {it.source for it in found} == {"orders"}
    assert products[0].sku not in skus(found)


def test_a_cart_asks_for_what_goes_with_all_of_it():
    at = store()
    tea, milk, soap, biscuits = products = ProductFactory.create_batch(4)
    on_shelf(at, *products)
    learned([tea.pk, biscuits.pk], [milk.pk, biscuits.pk], [tea.pk, biscuits.pk], [milk.pk, biscuits.pk],
            [tea.pk, soap.pk], [tea.pk, soap.pk])  # fmt: skip
    found = goes_with(at, tea, milk)
    assert skus(found)[:2] == [biscuits.sku, soap.sku]


def test_what_the_store_does_not_list_is_not_suggested():
    at, (a, b, c) = store(), ProductFactory.create_batch(3)
    on_shelf(at, a, b, c)
    learned([a.pk, b.pk, c.pk], [a.pk, b.pk, c.pk])
    services.set_listed(store_id=at.pk, product_ids=[b.pk], listed=False, now=NOW)
    assert skus(goes_with(at, a)) == [c.sku]


def test_without_orders_the_rules_of_the_kitchen_fill_the_shelf_and_say_so(django_assert_max_num_queries):
    at = store()
    dairy = CategoryFactory(slug="dairy-bread-eggs")
    milk = ProductFactory(category=CategoryFactory(slug="milk", parent=dairy))
    butter = ProductFactory(category=CategoryFactory(slug="butter-cheese", parent=dairy))
    tea, coffee = (ProductFactory(category=CategoryFactory(slug=slug)) for slug in ("tea", "coffee"))
    teas = ProductFactory.create_batch(2, category=tea.category)
    on_shelf(at, milk, butter, tea, coffee, *teas)
    with django_assert_max_num_queries(4):  # pairs, category tree, categories, best sellers
        found = goes_with(at, milk)
    assert [it.source for it in found] == ["category"] * 5
    # In turns: the best tea, the best coffee, more tea; the neighbour in the tree comes after.
    assert skus(found) == [tea.sku, coffee.sku, teas[0].sku, teas[1].sku, butter.sku]


def test_learned_pairs_come_before_rules_of_thumb():
    at = store()
    milk, tea = (ProductFactory(category=CategoryFactory(slug=slug)) for slug in ("milk", "tea"))
    soap = ProductFactory()
    on_shelf(at, milk, tea, soap)
    learned([milk.pk, soap.pk], [milk.pk, soap.pk])
    assert [(it.row.sku, it.source) for it in goes_with(at, milk)] == [(soap.sku, "orders"), (tea.sku, "category")]


def test_a_product_of_an_unknown_category_still_has_a_shelf():
    at, odd, other = store(), ProductFactory(), ProductFactory()
    on_shelf(at, odd, other)
    assert [(it.row.sku, it.source) for it in goes_with(at, odd)] == [(other.sku, "popular")]
    assert goes_with(at, odd, other) == []


def test_similar_is_of_the_same_category_and_most_like_first(django_assert_num_queries):
    at, spreads = store(), CategoryFactory()
    butter = ProductFactory(name="Amul Butter", category=spreads, pack_size=100)
    big = ProductFactory(name="Amul Butter", category=spreads, pack_size=500, mrp_paise=50_000)
    cheese = ProductFactory(name="Cheese Slices", category=spreads, pack_size=100)
    on_shelf(at, butter, big, cheese, ProductFactory(name="Amul Butter"))
    row = queries.shelf_rows_by_sku(store_id=at.pk, skus=[butter.sku])[butter.sku]
    with django_assert_num_queries(1):
        found = wanted.similar(store_id=at.pk, row=row, limit=5)
    assert skus(found) == [big.sku, cheese.sku]
    assert found[0].score > found[1].score


# -- favourites ---------------------------------------------------------------------------------------------------


def test_a_favourite_is_marked_once_and_forgotten_once(asha, ravi):
    milk, bread = ProductFactory.create_batch(2)
    for product in (milk, bread, milk):
        services.add_favourite(customer_id=asha.pk, sku=product.sku, now=NOW)
    assert wanted.favourite_ids(customer_id=asha.pk) == [bread.pk, milk.pk]
    assert wanted.favourite_skus(customer_id=ravi.pk) == frozenset()
    for _ in range(2):
        services.remove_favourite(customer_id=asha.pk, sku=milk.sku)
    assert wanted.favourite_skus(customer_id=asha.pk) == {bread.sku}


def test_unknown_products_and_too_many_favourites_are_refused(asha, monkeypatch):
    monkeypatch.setattr("catalog.services.wishes.MOST_FAVOURITES", 1)
    with pytest.raises(NoSuchProduct):
        services.add_favourite(customer_id=asha.pk, sku="NOPE", now=NOW)
    one, two = ProductFactory.create_batch(2)
    services.add_favourite(customer_id=asha.pk, sku=one.sku, now=NOW)
    services.add_favourite(customer_id=asha.pk, sku=one.sku, now=NOW)
    with pytest.raises(TooManyWishes) as refusal:
        services.add_favourite(customer_id=asha.pk, sku=two.sku, now=NOW)
    assert refusal.value.extra["max"] == 1
    assert FavouriteItem.objects.count() == 1


# -- lists --------------------------------------------------------------------------------------------------------


def test_a_list_has_a_name_of_its_own_and_items(asha, ravi, django_assert_num_queries):
    milk, bread = ProductFactory.create_batch(2)
    mine = services.save_list(customer_id=asha.pk, name="  Sunday   breakfast ", now=NOW)
    services.save_list(customer_id=ravi.pk, name="Sunday breakfast", now=NOW)
    with pytest.raises(ListNameTaken):
        services.save_list(customer_id=asha.pk, name="sunday BREAKFAST", now=NOW)
    for product, qty in ((milk, 1), (bread, 2), (milk, 3)):
        services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=product.sku, qty=qty, now=NOW)
    with django_assert_num_queries(2):
        card, items = wanted.list_items(customer_id=asha.pk, list_id=mine.pk)
    assert (card.name, [(item.sku, item.qty) for item in items]) == (
        "Sunday breakfast",
        [(milk.sku, 3), (bread.sku, 2)],
    )
    services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=bread.sku, qty=0, now=NOW)
    with django_assert_num_queries(1):
        assert [(it.name, it.items) for it in wanted.lists_of(customer_id=asha.pk)] == [("Sunday breakfast", 1)]
    services.save_list(customer_id=asha.pk, list_id=mine.pk, name="Brunch", now=NOW)
    assert ShoppingList.objects.get(pk=mine.pk).name == "Brunch"
    services.delete_list(customer_id=asha.pk, list_id=mine.pk)
    services.delete_list(customer_id=asha.pk, list_id=mine.pk)
    assert ShoppingList.objects.get().customer == ravi


def test_somebody_elses_list_is_not_there(asha, ravi):
    milk = ProductFactory()
    mine = services.save_list(customer_id=asha.pk, name="Mine", now=NOW)
    with pytest.raises(NoSuchList):
        services.set_list_item(customer_id=ravi.pk, list_id=mine.pk, sku=milk.sku, qty=1, now=NOW)
    with pytest.raises(NoSuchList):
        services.save_list(customer_id=ravi.pk, list_id=mine.pk, name="His", now=NOW)
    with pytest.raises(NoSuchList):
        wanted.list_items(customer_id=ravi.pk, list_id=mine.pk)
    services.delete_list(customer_id=ravi.pk, list_id=mine.pk)
    assert ShoppingList.objects.get().name == "Mine"


def test_lists_have_limits(asha, monkeypatch):
    monkeypatch.setattr("catalog.services.wishes.MOST_LISTS", 1)
    monkeypatch.setattr("catalog.services.wishes.MOST_LIST_ITEMS", 1)
    one, two = ProductFactory.create_batch(2)
    mine = services.save_list(customer_id=asha.pk, name="Mine", now=NOW)
    services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=one.sku, qty=1, now=NOW)
    with pytest.raises(TooManyWishes):
        services.save_list(customer_id=asha.pk, name="Another", now=NOW)
    with pytest.raises(TooManyWishes):
        services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=two.sku, qty=1, now=NOW)
    for qty in (-1, 100):
        with pytest.raises(Invalid):
            services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=one.sku, qty=qty, now=NOW)
    with pytest.raises(Invalid):
        services.save_list(customer_id=asha.pk, list_id=mine.pk, name="  ", now=NOW)


# -- waiting ------------------------------------------------------------------------------------------------------


def test_a_customer_waits_once_for_a_product_of_a_shelf(asha):
    at, milk = store(), ProductFactory()
    on_shelf(at, milk)
    ask = {"customer_id": asha.pk, "store_id": at.pk, "sku": milk.sku}
    services.ask_for_restock(**ask, now=NOW)
    services.ask_for_restock(**ask, now=NOW)
    assert wanted.restock_waiting(customer_id=asha.pk, store_id=at.pk) == [milk.sku]
    services.restock_told(alert_ids=list(RestockAlert.objects.values_list("pk", flat=True)), now=NOW)
    assert wanted.restock_waiting(customer_id=asha.pk, store_id=at.pk) == []
    services.ask_for_restock(**ask, now=NOW)  # it sold out again
    assert RestockAlert.objects.count() == 2
    services.forget_restock(**ask)
    assert RestockAlert.objects.get().told_at == NOW
    with pytest.raises(NoSuchProduct):
        services.ask_for_restock(**{**ask, "sku": "NOPE"}, now=NOW)


# -- administrators -----------------------------------------------------------------------------------------------


def test_an_administrator_sets_a_pair_and_takes_it_out_but_not_what_was_learned(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000209", "x", name="Admin"))
    a, b = ProductFactory.create_batch(2)
    form = {"product": a.pk, "other": b.pk, "score": 0.8}
    for _ in range(2):
        assert client.post("/admin/catalog/affinity/add/", form).status_code == 302
    mine = Affinity.objects.get()
    assert (mine.source, mine.score) == ("staff", 0.8)
    refused = client.post("/admin/catalog/affinity/add/", {**form, "other": a.pk})
    assert refused.status_code == 200 and Affinity.objects.count() == 1
    learned([a.pk, b.pk], [a.pk, b.pk])
    assert client.get("/admin/catalog/affinity/").status_code == 200
    tonights = Affinity.objects.filter(source="orders").first()
    assert client.post(f"/admin/catalog/affinity/{tonights.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/catalog/affinity/{mine.pk}/delete/", {"post": "yes"}).status_code == 302

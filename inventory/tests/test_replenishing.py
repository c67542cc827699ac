"""Reorder points, what is low and told once, and what should be ordered."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.models import StoreMembership
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import services
from inventory.counts import CasePack, ReorderPoint, ReplenishmentSuggestion, ShelfPolicy
from inventory.errors import BadQuantity, NoSupplier
from inventory.inbound import PurchaseLine, PurchaseOrder, Supplier
from inventory.models import Stock
from inventory.services import Arrival, ordering, replenishing
from inventory.services.replenishing import WantedLine
from inventory.tests.factories import hold

pytestmark = pytest.mark.django_db


def sold(*daily: int, product=None, at=None, left: int = 0, refill: bool = True) -> Stock:
    """A product that sold so many units on each of the days before NOW; with `refill` it was never gone meanwhile."""
    goods, place = product or ProductFactory(), at or make_store()
    first = NOW - timedelta(days=len(daily))
    extra = 5 if refill else 0

    def come(units, when):
        services.receive(
            store_id=place.pk, lines=[Arrival(goods.pk, units)], reason="GRN", actor="system", now=when
        )  # fmt: skip

    come(daily[0] + extra, first - timedelta(hours=8))
    stock = Stock.objects.get(store=place, product=goods)
    for at_day, units in enumerate(daily):
        when = first + timedelta(days=at_day)
        if at_day:
            come(units, when - timedelta(hours=8))
        if units:
            services.ship(ref=hold(stock, units, now=when), actor="rider:1", now=when)
    stock.refresh_from_db()
    services.count(
        store_id=place.pk, product_id=goods.pk, counted=left, reason="x", actor="user:1", now=NOW
    )  # fmt: skip
    stock.refresh_from_db()
    return stock


def plan(stock: Stock) -> ReorderPoint:
    services.plan_store(store_id=stock.store_id, now=NOW)
    return ReorderPoint.objects.get(stock=stock)


def test_a_steady_seller_gets_its_reorder_point_and_a_suggestion():
    stock = sold(*[6] * 28, left=4)
    point = plan(stock)
    assert point.daily_units == pytest.approx(6, rel=0.05)
    assert point.method == "seasonal"
    assert 6 < point.point_units < 20
    found = ReplenishmentSuggestion.objects.get()
    assert found.qty + 4 >= 6 * 5
    assert found.cover_days == pytest.approx(4 / 6, rel=0.1)
    assert (found.free, found.why["method"], found.why["cut_by_life"]) == (4, "seasonal", False)


def test_hours_without_stock_are_seen_in_the_ledger():
    """It was sold out from early afternoon until the next morning's delivery, every day."""
    stock, steady = sold(*[6] * 28, refill=False), sold(*[6] * 28, refill=True)
    short, full = plan(stock), plan(steady)
    assert short.available_bp < 6_000 < 9_000 < full.available_bp
    assert short.daily_units > full.daily_units * 1.3


def test_an_order_is_in_whole_cases_and_never_outlives_the_goods():
    place = make_store()
    fresh = ProductFactory(shelf_life_days=2)
    CasePack.objects.create(product=fresh, units=4)
    dry = ProductFactory()
    CasePack.objects.create(product=dry, units=12)
    sold(*[6] * 28, product=fresh, at=place)
    sold(*[6] * 28, product=dry, at=place)
    services.plan_store(store_id=place.pk, now=NOW)
    found = {row.stock.product_id: row for row in ReplenishmentSuggestion.objects.select_related("stock")}
    assert found[dry.pk].qty % 12 == 0 and found[dry.pk].qty >= 30
    assert found[fresh.pk].why["cut_by_life"] is True
    assert found[fresh.pk].qty % 4 == 0
    assert found[fresh.pk].qty <= 6.3 * (1 + 1.4)


def test_what_is_on_its_way_is_counted_on(monkeypatch):
    stock = sold(*[6] * 28, left=4)
    services.plan_store(store_id=stock.store_id, now=NOW)
    alone = ReplenishmentSuggestion.objects.get(state="open").qty
    path = f"{__name__}.coming"
    monkeypatch.setattr(replenishing, "ON_ITS_WAY", (*replenishing.ON_ITS_WAY, path))
    monkeypatch.setitem(COMING, stock.product_id, 10)
    services.plan_store(store_id=stock.store_id, now=NOW)
    now_open = ReplenishmentSuggestion.objects.get(state="open")
    assert (now_open.qty, now_open.incoming) == (alone - 10, 10)
    assert ReplenishmentSuggestion.objects.filter(state="replaced").count() == 1


COMING: dict[int, int] = {}


def coming(*, store_id: int, now) -> dict[int, int]:
    return dict(COMING)


def test_accepted_once_and_not_suggested_again_while_it_comes():
    stock = sold(*[6] * 28, left=4)
    services.plan_store(store_id=stock.store_id, now=NOW)
    row, boss = ReplenishmentSuggestion.objects.get(), UserFactory()
    asked = {"suggestion_ids": [row.pk], "by": boss.pk, "now": NOW}
    with pytest.raises(NoSupplier):
        services.accept(store_id=stock.store_id, **asked)
    dairy = Supplier.objects.create(code="dairy", name="Dairy")
    assert services.accept(store_id=make_store("BLR-Z").pk, **asked) == []
    (line,) = services.accept(store_id=stock.store_id, **asked)
    assert (line.product_id, line.qty, line.store_id) == (stock.product_id, row.qty, stock.store_id)
    assert services.accept(store_id=stock.store_id, **asked) == []
    with pytest.raises(BadQuantity):
        services.accept(store_id=stock.store_id, suggestion_ids=[], by=boss.pk, now=NOW)
    purchase = PurchaseOrder.objects.get()
    assert (purchase.supplier, purchase.store_id, purchase.state) == (dairy, stock.store_id, "draft")
    assert list(purchase.lines.values_list("product_id", "ordered", "unit_cost_paise")) == [
        (stock.product_id, row.qty, 0)
    ]
    assert services.plan_store(store_id=stock.store_id, now=NOW + timedelta(hours=9)) == 0
    PurchaseOrder.objects.update(state="cancelled")
    assert services.plan_store(store_id=stock.store_id, now=NOW + timedelta(hours=10)) == 1


def test_a_product_is_ordered_where_it_was_bought_last_and_drafts_grow():
    stock = sold(*[6] * 28, left=4)
    dairy, other = (Supplier.objects.create(code=code, name=code) for code in ("dairy", "other"))
    old = PurchaseOrder.objects.create(supplier=other, store=stock.store, state="received", created_at=NOW)
    PurchaseLine.objects.create(purchase=old, product=stock.product, ordered=9, unit_cost_paise=4_400, delivered=9)
    assert dairy.pk < other.pk
    wanted = [WantedLine(1, stock.store_id, stock.product_id, 5, 1)]
    for n in (1, 2):
        ordering.draft(store_id=stock.store_id, lines=wanted, now=NOW)
        line = PurchaseLine.objects.get(purchase__state="draft")
        assert (line.purchase.supplier, line.unit_cost_paise, line.ordered) == (other, 4_400, n * 5)
        assert line.purchase.note == ""


def test_dismissed_is_gone():
    stock = sold(*[6] * 28, left=4)
    services.plan_store(store_id=stock.store_id, now=NOW)
    row = ReplenishmentSuggestion.objects.get()
    chosen = {"suggestion_ids": [row.pk], "store_id": stock.store_id, "by": UserFactory().pk, "now": NOW}
    assert services.dismiss(**chosen) == 1
    assert services.dismiss(**chosen) == 0


def test_low_is_told_once_per_crossing_to_the_stores_people():
    boss, ops, stranger = UserFactory(roles=["store_manager"]), UserFactory(roles=["ops"]), UserFactory()
    elsewhere = UserFactory(roles=["store_manager"])
    stock = sold(*[6] * 28, left=40)
    StoreMembership.objects.create(user=boss, store=stock.store)
    StoreMembership.objects.create(user=elsewhere, store=make_store("BLR-Z"))
    plan(stock)
    assert services.sweep_low(now=NOW) == 0
    place = {"store_id": stock.store_id, "product_id": stock.product_id, "reason": "x", "actor": "user:1"}
    services.waste(**place, qty=36, now=NOW)
    assert services.sweep_low(now=NOW) == 1
    assert services.sweep_low(now=NOW + timedelta(minutes=5)) == 0
    told = list(Event.objects.filter(code="inventory.LowStockNotice").values_list("payload__user_id", flat=True))
    assert sorted(told) == sorted([boss.pk, ops.pk])
    assert not {stranger.pk, elsewhere.pk} & set(told)
    assert Event.objects.filter(code="inventory.StockLow").count() == 1
    services.count(**place, counted=40, now=NOW)
    assert services.sweep_low(now=NOW + timedelta(minutes=10)) == 0
    services.count(**place, counted=2, now=NOW)
    assert services.sweep_low(now=NOW + timedelta(minutes=15)) == 1


def test_a_product_on_the_edge_is_told_once():
    stock = sold(*[6] * 28, left=40)
    edge = plan(stock).point_units
    place = {"store_id": stock.store_id, "product_id": stock.product_id, "reason": "x", "actor": "user:1", "now": NOW}
    told = 0
    for counted in (edge, edge + 1, edge, edge + 1, edge):
        services.count(**place, counted=counted)
        told += services.sweep_low(now=NOW)
    assert told == 1


def test_a_store_of_many_products_is_planned_in_thirteen_statements(django_assert_max_num_queries):
    place = make_store()
    ShelfPolicy.objects.create()
    category = ProductFactory().category
    made = [ProductFactory.build(category=category, brand=None) for _ in range(1500)]
    type(made[0]).objects.bulk_create(made, batch_size=1000)
    for days_ago in (20, 10):
        services.receive(
            store_id=place.pk, lines=[Arrival(product.pk, 2) for product in made], reason="x", actor="system",
            now=NOW - timedelta(days=days_ago),
        )  # fmt: skip
    for days_ago in (15, 6):
        ref = uuid7()
        services.hold(
            ref=ref, store_id=place.pk, basket=dict.fromkeys([product.pk for product in made], 2), until=None,
            actor="user:1", now=NOW - timedelta(days=days_ago),
        )  # fmt: skip
        services.ship(ref=ref, actor="rider:1", now=NOW - timedelta(days=days_ago))
    with django_assert_max_num_queries(15):  # two are the savepoint inside the test's transaction
        assert services.plan_store(store_id=place.pk, now=NOW) == 1500
    assert ReorderPoint.objects.count() == 1500
    with django_assert_max_num_queries(8):
        assert services.sweep_low(now=NOW) == 1500

"""Promotions from the cart to the order and back: what was shown is what is charged, and limits hold."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from blinkit.kernel.money import tax_inside
from catalog import services as catalog_services
from catalog.models import Coupon, FeePolicy, Promotion, PromotionUse
from catalog.tests.factories import NOW, ProductFactory
from inventory.errors import OutOfStock
from inventory.tests.factories import leave
from orders import queries, services
from orders.errors import BillChanged
from orders.models import Cart, Order
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, place_order, shop
from payments.models import Payment

pytestmark = pytest.mark.django_db


def promotion(**fields) -> Promotion:
    given = {"name": "Ten off", "kind": "percent", "percent_bp": 1_000, "starts_at": NOW - timedelta(days=1)} | fields
    return catalog_services.save_promotion(Promotion(**given), actor="user:1")


def coupon(code: str = "SAVE10", *, on: Promotion | None = None, **fields) -> Coupon:
    given = {"starts_at": NOW - timedelta(days=1)} | fields
    return catalog_services.save_coupon(Coupon(code=code, promotion=on or promotion(), **given), actor="user:1")


def ask(user, fingerprint, where, **more):
    given = {"method": "cod", "now": NOW} | more
    return services.checkout(customer_id=user.pk, address_id=where.pk, bill_fingerprint=fingerprint, **given)


def test_the_discount_is_on_the_lines_of_the_order_and_tax_is_on_what_is_paid():
    milk, bread = ProductFactory(mrp_paise=6_333), ProductFactory(mrp_paise=4_501, gst_bp=1_800)
    promotion()
    order = place_order(customer(), shop(milk, bread), {milk: 2, bread: 1})
    assert order.discount_paise == sum(line.discount_paise for line in order.lines.all()) == 1_717
    for line in order.lines.all():
        assert line.tax_paise == tax_inside(line.unit_price_paise * line.qty - line.discount_paise, line.gst_bp)
    assert order.promotions == [
        {
            "id": Promotion.objects.get().pk, "name": "Ten off", "kind": "percent", "discount_paise": 1_717,
            "delivery_paise": 0, "credit_paise": 0, "code": None,
        }
    ]  # fmt: skip
    assert (order.supplier_state, order.place_of_supply) == ("29", "29")
    bill = queries.tracking(order_id=order.pk, customer_id=order.customer_id)["bill"]
    assert bill["tax"]["cgst_paise"] + bill["tax"]["sgst_paise"] == order.tax_paise
    assert Payment.objects.get(ref=order.pk).amount_paise == order.total_paise
    assert not PromotionUse.objects.exists()  # without a limit nothing is counted


def test_an_address_in_another_state_is_supplied_there():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    where.pincode = "110001"
    where.save()
    order = place_order(user, place, [milk])
    bill = queries.tracking(order_id=order.pk, customer_id=user.pk)["bill"]
    assert (bill["tax"]["igst_paise"], bill["tax"]["place_of_supply"]) == (order.tax_paise, "07")


def test_a_promotion_without_limit_costs_checkout_no_statement():
    milk = ProductFactory()
    place = shop(milk)

    def statements() -> int:
        user = customer()
        where = address(user)
        with CaptureQueriesContext(connection) as asked:
            view = full_cart(user, place, [milk])
            ask(user, view.fingerprint, where)
        return len(asked)

    before = statements()
    row = promotion()
    statements()  # the first one reads the promotions
    assert statements() == before
    assert Order.objects.filter(promotions__isnull=False).count() == 2
    row.max_uses = 100  # limited: what is left is asked once for the cart, once at checkout; reserving is four
    catalog_services.save_promotion(row, actor="user:1")
    statements()
    assert statements() <= before + 8


def test_a_promotion_that_ended_changes_the_bill():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    promotion(ends_at=NOW + timedelta(minutes=5))
    view = full_cart(user, place, [milk])
    with pytest.raises(BillChanged) as refused:
        ask(user, view.fingerprint, where, now=NOW + timedelta(minutes=5))
    bill = refused.value.extra["bill"]
    assert (view.bill.discount_paise, bill["discount_paise"]) == (1_000, 0)
    assert not Order.objects.exists()
    assert ask(user, bill["fingerprint"], where, now=NOW + timedelta(minutes=5)).discount_paise == 0


def test_a_coupon_is_used_by_the_order_and_given_back_when_it_is_cancelled():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    one = coupon(max_uses=1)
    full_cart(user, place, [milk])
    view = services.set_coupon(code="save10", customer_id=user.pk, now=NOW)
    assert view.offered.coupon == {"code": "SAVE10", "applied": True, "exists": True, "sentence": ""}
    order = ask(user, view.fingerprint, where)
    assert order.discount_paise == 1_000
    assert order.promotions[0]["code"] == "SAVE10"
    assert Cart.objects.get(customer=user).coupon_code == ""
    one.refresh_from_db()
    assert one.used_count == 1
    other = customer()
    full_cart(other, place, [milk])
    view = services.set_coupon(code="SAVE10", customer_id=other.pk, now=NOW)
    assert (view.offered.coupon["sentence"], view.bill.discount_paise) == ("This code has been used.", 0)
    services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    one.refresh_from_db()
    assert one.used_count == 0
    assert services.set_coupon(code="SAVE10", customer_id=other.pk, now=NOW).bill.discount_paise == 1_000


def test_a_code_that_does_not_exist_is_told_and_not_kept():
    milk, user = ProductFactory(), customer()
    full_cart(user, shop(milk), [milk])
    view = services.set_coupon(code="NOPE", customer_id=user.pk, now=NOW)
    assert (view.offered.coupon["exists"], view.offered.coupon["sentence"]) == (False, "There is no such code.")
    assert Cart.objects.get(customer=user).coupon_code == ""


def test_a_refused_checkout_uses_nothing_up():
    milk = ProductFactory()
    place, user = shop(milk, units=2), customer()
    where = address(user)
    row = promotion(max_uses=1)
    view = full_cart(user, place, {milk: 2})
    leave(place, 1)
    with pytest.raises(OutOfStock):
        ask(user, view.fingerprint, where)
    row.refresh_from_db()
    assert (row.used_count, PromotionUse.objects.count()) == (0, 0)


def test_first_order_segment_and_way_to_pay():
    milk = ProductFactory()
    place, user = shop(milk, units=50), customer()
    where = address(user)
    promotion(name="Welcome", kind="flat", percent_bp=0, amount_paise=2_000, first_order=True)
    promotion(name="Members", kind="free_delivery", percent_bp=0, segment="members")
    promotion(name="UPI", kind="flat", percent_bp=0, amount_paise=500, method="online")
    promotion(name="Back", kind="cashback", percent_bp=500)
    view = full_cart(user, place, [milk])
    assert (view.bill.discount_paise, view.bill.cashback_paise) == (2_000, 400)
    assert {no["name"]: no["why"] for no in view.offered.as_dict()["not_applied"]} == {"UPI": "pay-with"}
    catalog_services.join_segment(user_id=user.pk, segment="members")
    view = queries.cart_view(customer_id=user.pk, method="online", now=NOW)
    assert (view.bill.discount_paise, view.bill.delivery_paise) == (2_500, 0)
    assert view.bill.fees_why["delivery"] == "Free: Members."
    order = ask(user, view.fingerprint, where, method="online")
    assert (order.discount_paise, order.cashback_paise) == (2_500, 375)
    assert full_cart(user, place, [milk]).bill.discount_paise == 0
    services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    assert full_cart(user, place, [milk]).bill.discount_paise == 2_000


def test_short_units_take_their_share_of_the_discount_with_them():
    milk, bread = ProductFactory(mrp_paise=3_333), ProductFactory(mrp_paise=5_000)
    promotion(percent_bp=1_500, max_uses=5)
    order = place_order(customer(), shop(milk, bread), {milk: 3, bread: 1})
    order = advance(order, Status.PICKING)
    line = order.lines.get(product=milk)
    for left in (2, 1, 0):
        order = services.short_line(order_id=order.pk, order_line_id=line.pk, qty=1, actor="user:2", now=NOW)
        lines = list(order.lines.all())
        assert order.discount_paise == sum(each.discount_paise for each in lines)
        assert order.tax_paise == sum(each.tax_paise for each in lines) + tax_inside(
            order.delivery_paise + order.handling_paise + order.small_cart_paise, 1_800
        )
        assert order.items_paise == 3_333 * left + 5_000
        assert Payment.objects.get(ref=order.pk).amount_paise == order.total_paise
    order = services.short_line(
        order_id=order.pk, order_line_id=order.lines.get(product=bread).pk, qty=1, actor="user:2", now=NOW
    )
    assert order.status == Status.CANCELLED
    assert Promotion.objects.get().used_count == 0


@pytest.mark.django_db(transaction=True)
def test_the_last_uses_go_to_as_many_orders_and_the_others_see_a_new_bill(race):
    milk = ProductFactory()
    place = shop(milk, units=50)
    row = promotion(kind="flash", percent_bp=0, amount_paise=5_000, max_units=3)
    row.products.add(milk)
    catalog_services.promotions_changed()
    buyers = []
    for _ in range(8):
        user = customer()
        buyers.append((user, full_cart(user, place, [milk]).fingerprint, address(user)))
    results = race(8, lambda number: ask(*buyers[number]))
    orders = [result for result in results if isinstance(result, Order)]
    changed = [result for result in results if isinstance(result, BillChanged)]
    assert (len(orders), len(changed)) == (3, 5), results
    row.refresh_from_db()
    assert row.used_units == 3
    user, _, where = buyers[results.index(changed[0])]
    bill = changed[0].extra["bill"]
    assert bill["discount_paise"] == 0
    assert ask(user, bill["fingerprint"], where).discount_paise == 0


def test_the_coupon_over_http(api):
    milk, user = ProductFactory(), customer()
    full_cart(user, shop(milk), [milk])
    coupon(on=promotion(starts_at=NOW - timedelta(days=900)), starts_at=NOW - timedelta(days=900))
    answer = api(user).put("/api/v1/cart/coupon/", {"code": "save 10"}, format="json")
    assert answer.status_code == 200
    assert answer.json()["coupon"]["applied"] is True
    assert answer.json()["promotions"]["applied"][0]["discount_paise"] == 1_000
    assert api(user).get("/api/v1/cart/", {"method": "x"}).status_code == 400
    assert api(user).get("/api/v1/cart/", {"method": "cod"}).json()["bill"]["discount_paise"] == 1_000
    assert api(user).put("/api/v1/cart/coupon/", {"code": "!"}, format="json").status_code == 400
    assert api(user).put("/api/v1/cart/coupon/", {"code": ""}, format="json").json()["coupon"] is None


def test_the_coupon_on_the_web(client):
    milk, user = ProductFactory(), customer()
    full_cart(user, shop(milk), [milk])
    client.force_login(user)
    coupon(on=promotion(starts_at=NOW - timedelta(days=900)), starts_at=NOW - timedelta(days=900))
    page = client.post("/cart/coupon/", {"code": "nope"}).content.decode()
    assert "There is no such code." in page and 'aria-invalid="true"' in page and "Take " not in page
    page = client.post("/cart/coupon/", {"code": "save10"}).content.decode()
    assert "SAVE10" in page and "Ten off" in page
    assert "Take SAVE10 off" in page and "aria-invalid" not in page
    assert "SAVE10" not in client.post("/cart/coupon/", {"code": ""}, follow=True).content.decode()
    client.post("/cart/coupon/", {"code": "save10"})
    assert client.get("/checkout/").status_code == 200


def test_the_busy_hour_fee_is_shown_before_the_cart_and_is_on_the_bill_with_its_reason(api):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    FeePolicy.objects.create(store=place, surge_cap_paise=3_000)
    view = full_cart(user, place, [milk])
    later = timezone.now()
    catalog_services.write_store_load(store_id=place.pk, now=later, open_orders=60, riders_on=2)
    catalog_services.refresh_surge(now=later)
    shown = api().get("/api/v1/serviceability/", {"lat": where.lat, "lng": where.lng}).json()["surge"]
    assert shown["paise"] > 0 and "riders" in shown["why"]
    with pytest.raises(BillChanged) as refused:
        ask(user, view.fingerprint, where, now=later)
    bill = refused.value.extra["bill"]
    assert (bill["surge_paise"], bill["why"]["surge"]) == (shown["paise"], shown["why"])
    order = ask(user, bill["fingerprint"], where, now=later)
    assert order.surge_paise == shown["paise"]

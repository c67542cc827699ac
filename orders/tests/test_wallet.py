"""Paying from the wallet at checkout, getting it back, and the cashback that fills it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Address
from blinkit.kernel.models import Event
from catalog.models import FeePolicy
from catalog.tests.factories import NOW, ProductFactory
from inventory import queries as stock_queries
from inventory.errors import OutOfStock
from inventory.models import Hold, Stock
from inventory.tests.factories import leave
from orders import handlers, queries, services
from orders.claiming import Kind
from orders.claims import ClaimPolicy
from orders.errors import AlreadyClaimed, CartEmpty, CashLimit, CashNeedsHand, WrongCash
from orders.events import OrderClosed
from orders.models import Order, OrderLine
from orders.queries import claims
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, place_order, shop
from orders.tests.test_life import finish_refunds, pay
from orders.tests.test_promotions import promotion
from payments import queries as books
from payments import services as money
from payments.errors import WalletChanged, WalletTooLittle
from payments.models import MembershipPlan, Payment, PaymentState, Wallet, WalletLot

pytestmark = pytest.mark.django_db


def credit(user, paise, **more):
    given = {"source": "goodwill", "key": str(uuid4()), "reason": "Sorry", "now": NOW} | more
    return money.credit_wallet(customer_id=user.pk, amount_paise=paise, **given)


def balance(user):
    return books.wallet_of(user.pk, now=NOW).balance_paise


def bought(paise, *, method="cod", qty=2, **more):
    """An order of two times ₹100 and fees by somebody with so much in the wallet, who uses it."""
    milk, user = ProductFactory(), customer()
    place = shop(milk)
    if paise:
        credit(user, paise)
    return place_order(user, place, {milk: qty}, method=method, use_wallet=True, **more)


def untouched(order_count=0):
    return (
        Order.objects.count() == order_count
        and Payment.objects.count() == order_count
        and not Hold.objects.exists()
        and not Stock.objects.filter(held__gt=0).exists()
    )


def test_the_wallet_pays_a_part_and_the_bill_stays_as_it_is():
    order = bought(5_000)
    payment = Payment.objects.get(ref=order.pk)
    assert (order.wallet_paise, order.payment_method, order.status) == (5_000, "cod", Status.CONFIRMED)
    assert order.total_paise == order.items_paise + order.delivery_paise + order.handling_paise
    assert (payment.amount_paise, payment.wallet_paise) == (order.total_paise - 5_000, 5_000)
    assert order.cash_due_paise == payment.amount_paise
    assert balance(order.customer) == 0
    assert books.audit() == []


def test_the_rider_is_shown_and_collects_the_rest_only():
    order = advance(bought(5_000), Status.IN_TRANSIT)
    assert order.cash_due_paise == order.total_paise - 5_000
    with pytest.raises(WrongCash) as refused:
        services.delivered(
            order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.total_paise, actor="rider:7", now=NOW
        )
    assert refused.value.extra == {"due_paise": order.total_paise - 5_000}
    services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.cash_due_paise, actor="rider:7", now=NOW
    )
    assert money.cash_in_hand(7) == order.total_paise - 5_000
    assert books.audit() == []


@pytest.mark.parametrize("method", ["cod", "online"])
def test_an_order_the_wallet_pays_alone_is_confirmed_at_once(method):
    order = bought(100_000, method=method, instructions=["leave_at_door"])
    assert (order.status, order.payment_method, order.pay_by) == (Status.CONFIRMED, "wallet", None)
    assert order.promised_by is not None and order.promises.count() == 1
    assert set(Hold.objects.values_list("state", flat=True)) == {"firm"}
    assert Payment.objects.get().state == PaymentState.CAPTURED
    done = advance(order, Status.CLOSED)
    assert (done.status, balance(order.customer)) == (Status.CLOSED, 100_000 - order.total_paise)
    assert books.audit() == []


def test_an_empty_wallet_changes_nothing():
    order = bought(0, method="online")
    assert (order.wallet_paise, order.status, order.payment_method) == (0, Status.PENDING, "online")
    assert Payment.objects.get().amount_paise == order.total_paise


def test_another_sum_than_was_shown_is_refused_and_nothing_is_written():
    with pytest.raises(WalletChanged) as refused:
        bought(5_000, wallet_paise=6_000)
    assert refused.value.extra == {"wallet_paise": 5_000}
    assert untouched() and Wallet.objects.get().balance_paise == 5_000


def test_a_refused_checkout_leaves_the_wallet_full():
    milk, user = ProductFactory(), customer()
    place = shop(milk, units=2)
    where = address(user)
    credit(user, 5_000)
    view = full_cart(user, place, {milk: 2})
    leave(place, 1)
    with pytest.raises(OutOfStock):
        services.checkout(
            customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=view.fingerprint, use_wallet=True,
            now=NOW,
        )  # fmt: skip
    assert untouched() and balance(user) == 5_000
    assert books.audit() == []


def test_the_cash_limit_is_about_the_cash():
    milk, user = ProductFactory(), customer()
    place = shop(milk)
    FeePolicy.objects.create(store=place, cod_limit_paise=20_000)
    address(user)
    with pytest.raises(CashLimit):
        place_order(user, place, {milk: 2}, use_wallet=True)
    credit(user, 5_000)
    with pytest.raises(CashNeedsHand):
        place_order(user, place, {milk: 2}, use_wallet=True, instructions=["leave_at_door"])
    assert balance(user) == 5_000
    assert place_order(user, place, {milk: 2}, use_wallet=True).cash_due_paise <= 20_000


def test_cancelling_gives_each_source_its_part_once():
    order = bought(5_000, method="online")
    pay(order)
    services.confirm(order_id=order.pk, now=NOW)
    for _ in range(2):
        services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    payment = Payment.objects.get()
    assert (payment.refunded_paise, payment.wallet_returned_paise) == (order.total_paise - 5_000, 5_000)
    assert balance(order.customer) == 5_000
    assert WalletLot.objects.get().left_paise == 5_000  # it is the same credit again
    finish_refunds(order)
    assert services.refund_done(order_id=order.pk, now=NOW).status == Status.REFUNDED
    assert books.audit() == []


def test_an_order_that_is_not_paid_in_time_gives_the_wallet_back(run_events):
    order = bought(5_000, method="online")
    assert services.sweep_unpaid(now=order.pay_by) == 1
    assert balance(order.customer) == 5_000
    assert books.audit() == []


def test_missing_items_lower_the_rest_first_and_then_go_back_to_the_wallet():
    milk, bread, user = ProductFactory(), ProductFactory(), customer()
    place = shop(milk, bread)
    credit(user, 20_000)
    order = advance(place_order(user, place, {milk: 2, bread: 1}, use_wallet=True), Status.PICKING)
    rest = order.total_paise - 20_000
    line = order.lines.get(product=milk)

    def short():
        services.short_line(order_id=order.pk, order_line_id=line.pk, qty=1, actor="user:2", now=NOW)
        order.refresh_from_db()
        payment = Payment.objects.get(ref=order.pk)
        assert order.cash_due_paise == payment.amount_paise
        assert order.wallet_paise == payment.wallet_paise - payment.wallet_returned_paise == 20_000 - balance(user)

    short()
    assert (order.cash_due_paise, balance(user)) == (rest - 10_000, 0) if rest > 10_000 else (0, 10_000 - rest)
    short()
    assert (order.cash_due_paise, balance(user)) == (0, 20_000 - rest)
    order = Order.objects.get(pk=order.pk)
    for step in ("packed", "rider", "picked", "delivered"):
        if step == "packed":
            services.packed(order_id=order.pk, bag_codes=["B"], shelf_slot="S1", actor="user:2", now=NOW)
        elif step == "rider":
            services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
        elif step == "picked":
            services.picked_up(order_id=order.pk, bag_codes=["B"], actor="rider:7", now=NOW)
        else:
            services.delivered(order_id=order.pk, rider_id=7, otp=order.door_otp, actor="rider:7", now=NOW)
    assert Payment.objects.get().state == PaymentState.CAPTURED
    assert money.cash_in_hand(7) == 0
    assert books.audit() == []


def test_a_checkout_without_the_wallet_asks_nothing_about_it():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    with CaptureQueriesContext(connection) as asked:
        services.checkout(
            customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=view.fingerprint, now=NOW
        )
    assert not [query for query in asked if "wallet" in query["sql"].replace("wallet_", "")]
    assert len(asked) <= 16


@pytest.mark.django_db(transaction=True)
def test_two_checkouts_and_a_membership_at_once_never_spend_the_same_rupee(race):
    """The control is in payments/tests/test_wallet_races.py."""
    milk = ProductFactory()
    place = shop(milk, units=90)
    plan = MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery")
    for _ in range(4):
        user = customer()
        where = address(user)
        credit(user, 15_000)
        view = full_cart(user, place, {milk: 1})

        def act(number: int, user=user, where=where, view=view) -> object:
            if number == 2:
                return money.buy_membership(customer_id=user.pk, plan_id=plan.pk, method="wallet", key="k", now=NOW)
            return services.checkout(
                customer_id=user.pk, address_id=where.pk, method="online" if number else "cod",
                bill_fingerprint=view.fingerprint, use_wallet=True, now=NOW,
            )  # fmt: skip

        results = race(3, act)
        order = Order.objects.get(customer=user)
        assert sum(isinstance(result, CartEmpty) for result in results[:2]) == 1, results
        bought_paise = 0 if isinstance(results[2], WalletTooLittle) else 9_900
        assert order.wallet_paise == min(order.total_paise, 15_000 - bought_paise)
        assert order.wallet_paise + bought_paise + balance(user) == 15_000
    assert books.audit() == []


@pytest.mark.django_db(transaction=True)
def test_a_checkout_and_cancellations_of_one_wallet_at_once_never_deadlock(race):
    milk, user = ProductFactory(), customer()
    place = shop(milk, units=90)
    where = address(user)
    credit(user, 500_000)
    for _ in range(3):
        old = [place_order(user, place, {milk: 1}, use_wallet=True) for _ in range(3)]
        view = full_cart(user, place, {milk: 1})

        def act(number: int, old=old, view=view) -> object:
            if number < 3:
                pk = old[number].pk
                return services.cancel(order_id=pk, by="customer", reason="", actor="user:1", now=NOW)
            return services.checkout(
                customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=view.fingerprint,
                use_wallet=True, now=NOW,
            )  # fmt: skip

        results = race(4, act)
        assert not [result for result in results if isinstance(result, Exception)], results
        assert {Order.objects.get(pk=order.pk).status for order in old} <= {Status.CANCELLED, Status.REFUNDED}
    assert books.audit() == []


# -- cashback ---------------------------------------------------------------------------------------------------------


def with_cashback(qty=2, **more):
    promotion(name="Back", kind="cashback", percent_bp=1_000)
    milk, user = ProductFactory(), customer()
    order = place_order(user, shop(milk), {milk: qty}, **more)
    assert order.cashback_paise == 1_000 * qty
    return order


def closed(order):
    return OrderClosed(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)


def test_cashback_comes_when_the_time_for_claims_is_over_once_and_is_told():
    order = advance(with_cashback(), Status.DELIVERED)
    assert services.pay_cashback(order_id=order.pk, now=NOW) == 0  # not yet
    assert services.close_delivered(now=order.delivered_at + timedelta(days=2)) == 1
    for _ in range(2):
        handlers.order_closed(closed(order), None)
    order.refresh_from_db()
    lot = WalletLot.objects.get()
    assert order.cashback_paid_paise == lot.amount_paise == balance(order.customer) == 2_000
    assert (lot.source, lot.ref) == ("cashback", order.pk) and lot.expires_at is not None
    bill = queries.tracking(order_id=order.pk, customer_id=order.customer_id)["bill"]
    assert (bill["cashback_paise"], bill["cashback_paid_paise"]) == (2_000, 2_000)
    assert books.audit() == []


@pytest.mark.django_db(transaction=True)
def test_the_wiring_pays(run_events):
    order = advance(with_cashback(), Status.CLOSED)
    run_events()
    run_events()
    assert balance(order.customer) == 2_000


def test_missing_and_refunded_goods_take_their_share_of_the_cashback():
    order = advance(with_cashback(qty=4), Status.PICKING)
    line = order.lines.get()
    services.short_line(order_id=order.pk, order_line_id=line.pk, qty=1, actor="user:2", now=NOW)
    services.packed(order_id=order.pk, bag_codes=["B"], shelf_slot="S1", actor="user:2", now=NOW)
    services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
    services.picked_up(order_id=order.pk, bag_codes=["B"], actor="rider:7", now=NOW)
    order.refresh_from_db()
    services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.total_paise, actor="rider:7", now=NOW
    )
    money.lower_amount(ref=order.pk, by_paise=10_000, reason="Claim", key="claim:1", to_wallet=True, now=NOW)
    services.close(order_id=order.pk, now=NOW)
    assert services.pay_cashback(order_id=order.pk, now=NOW) == 2_000  # two of four are kept and paid
    assert balance(order.customer) == 12_000
    assert books.audit() == []


def test_nothing_comes_back_on_a_cancelled_order_or_one_refunded_in_full():
    order = with_cashback(method="cod")
    services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    handlers.order_closed(closed(order), None)
    other = advance(place_order(customer(), order.store, {order.lines.get().product: 2}), Status.DELIVERED)
    money.lower_amount(ref=other.pk, by_paise=other.total_paise, reason="Claim", key="c", now=NOW)
    services.close(order_id=other.pk, now=NOW)
    handlers.order_closed(closed(other), None)
    other.refresh_from_db()
    assert other.cashback_paid_paise == 0
    assert not WalletLot.objects.exclude(source="refund").exists()


def test_the_wallet_at_the_api(api):
    milk, user = ProductFactory(), customer()
    place = shop(milk)
    where = address(user)
    credit(user, 5_000, key="a", expires_at=NOW + timedelta(days=3650))
    view = full_cart(user, place, {milk: 2})
    client = api(user)
    body = {
        "address_id": str(where.pk), "method": "cod", "bill_fingerprint": view.fingerprint, "use_wallet": True,
        "wallet_paise": 4_000,
    }  # fmt: skip
    refused = client.post("/api/v1/checkout/", body, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (refused.status_code, refused.json()["wallet_paise"]) == (409, 5_000)
    body["wallet_paise"] = 5_000
    placed = client.post("/api/v1/checkout/", body, format="json", HTTP_IDEMPOTENCY_KEY="k2").json()
    assert (placed["wallet_paise"], placed["to_pay_paise"]) == (5_000, placed["total_paise"] - 5_000)
    seen = client.get(f"/api/v1/orders/{placed['id']}/").json()["payment"]
    assert (seen["wallet_paise"], seen["amount_paise"]) == (5_000, placed["to_pay_paise"])
    body["method"] = "wallet"
    assert client.post("/api/v1/checkout/", body, format="json", HTTP_IDEMPOTENCY_KEY="k3").status_code == 400
    assert Address.objects.count() == 1


# -- where wallet, claims, substitutes and cashback meet ---------------------------------------------------------------


def to_the_door(order):
    """Packed and handed over; cash of what is left to pay."""
    services.packed(order_id=order.pk, bag_codes=["B"], shelf_slot="S1", actor="user:2", now=NOW)
    services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
    services.picked_up(order_id=order.pk, bag_codes=["B"], actor="rider:7", now=NOW)
    order.refresh_from_db()
    services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.cash_due_paise, actor="rider:7", now=NOW
    )
    return Order.objects.get(pk=order.pk)


def claimed(order, line, qty=1):
    """What a person of ours gives back for units that were said to be missing, all that may go back."""
    report = services.Reported(kind=Kind.MISSING, line_id=line.pk, qty=qty)
    (claim,) = services.open_claims(
        order_id=order.pk, customer_id=order.customer_id, reported=[report], now=order.delivered_at
    )
    if claim.state == "waiting":
        most = services.most_back(claim)
        claim = services.decide_claim(claim_id=claim.pk, refund_paise=most, reason="Ok", actor="user:1", now=NOW)
    return claim.refund_paise


def test_a_claim_paid_into_the_wallet_is_one_refund_and_the_answer_tells_of_it():
    order = to_the_door(advance(bought(19_000), Status.PICKING))
    assert claimed(order, order.lines.get(), qty=2) == 20_000
    payment = Payment.objects.get(ref=order.pk)
    assert payment.refunded_paise and payment.wallet_returned_paise
    (done,) = Event.objects.filter(code="payments.RefundCompleted").values_list("payload", flat=True)
    assert (done["amount_paise"], done["told"]) == (20_000, True)
    assert Event.objects.filter(code="orders.ClaimApproved").count() == 1


@pytest.mark.parametrize("wallet_paise", [90_000, 22_000, 4_000])
def test_a_claim_gives_back_what_the_wallet_paid_too_and_cash_into_it(wallet_paise):
    order = to_the_door(advance(bought(wallet_paise), Status.PICKING))
    before = balance(order.customer)
    assert claimed(order, order.lines.get(), qty=2) == 20_000
    payment = Payment.objects.get(ref=order.pk)
    by_cash_paise = min(20_000, payment.captured_paise)
    assert (payment.refunded_paise, payment.wallet_returned_paise) == (by_cash_paise, 20_000 - by_cash_paise)
    assert balance(order.customer) == before + 20_000  # cash has no way back but the wallet
    assert books.audit() == []


def test_a_substitute_does_not_make_the_cashback_less_than_what_was_kept():
    promised = with_cashback(qty=4)
    OrderLine.objects.filter(order=promised).update(consent="substitute")
    order = advance(promised, Status.PICKING)
    line = order.lines.get()
    other = ProductFactory(category=line.product.category, mrp_paise=8_000)
    shop(other, at=order.store)
    services.substitute_line(
        order_id=order.pk, order_line_id=line.pk, product_id=other.pk, qty=1, actor="user:2", now=NOW
    )
    order = to_the_door(order)
    services.close(order_id=order.pk, now=NOW)
    # 300 and 80 of 400 rupees are kept of what promises 40.
    assert services.pay_cashback(order_id=order.pk, now=NOW) == order.cashback_paise * 38_000 // 40_000 == 3_800
    assert books.audit() == [] and stock_queries.audit() == []


def test_a_claim_on_a_substitute_is_limited_to_what_the_substitute_cost_and_takes_its_cashback():
    promised = with_cashback(qty=4)
    OrderLine.objects.filter(order=promised).update(consent="substitute")
    order = advance(promised, Status.PICKING)
    line = order.lines.get()
    other = ProductFactory(category=line.product.category, mrp_paise=8_000)
    shop(other, at=order.store)
    new = services.substitute_line(
        order_id=order.pk, order_line_id=line.pk, product_id=other.pk, qty=1, actor="user:2", now=NOW
    )
    order = to_the_door(order)
    assert claimed(order, new) == 8_000
    with pytest.raises(AlreadyClaimed):
        claimed(order, line, qty=4)
    services.close(order_id=order.pk, now=NOW)
    assert services.pay_cashback(order_id=order.pk, now=NOW) == order.cashback_paise * 30_000 // 40_000
    assert books.audit() == [] and stock_queries.audit() == []


def asked(order, kind, *, now=None):
    (claim,) = services.open_claims(
        order_id=order.pk, customer_id=order.customer_id, reported=[services.Reported(kind=kind)],
        now=now or order.delivered_at + timedelta(hours=1),
    )  # fmt: skip
    return claim


def decided(claim, paise, *, now):
    return services.decide_claim(claim_id=claim.pk, refund_paise=paise, reason="Ok", actor="user:1", now=now)


def closed_after_a_day(order):
    later = order.delivered_at + timedelta(days=2)
    assert services.close_delivered(now=later) == 1
    handlers.order_closed(closed(order), None)
    order.refresh_from_db()
    assert order.status == Status.CLOSED
    return later


@pytest.mark.parametrize("kind", [Kind.NEVER_CAME, Kind.PAYMENT, Kind.RIDER])
def test_cashback_waits_for_a_claim_that_waits_and_nothing_comes_of_what_was_refunded(kind):
    order = advance(with_cashback(), Status.DELIVERED)
    claim = asked(order, kind)
    assert claim.state == "waiting"
    later = closed_after_a_day(order)
    assert order.cashback_paid_paise is None and balance(order.customer) == 0
    for _ in range(2):
        decided(claim, order.total_paise, now=later)
    order.refresh_from_db()
    assert order.cashback_paid_paise == 0
    assert balance(order.customer) == order.total_paise
    assert books.audit() == []


@pytest.mark.parametrize(("back_paise", "cashback_paise"), [(0, 2_000), (10_000, 1_000)])
def test_whoever_decides_the_last_claim_pays_the_cashback_of_what_was_kept(back_paise, cashback_paise):
    order = advance(with_cashback(), Status.DELIVERED)
    first, last = asked(order, Kind.PAYMENT), asked(order, Kind.RIDER)
    later = closed_after_a_day(order)
    decided(first, 0, now=later)
    assert not WalletLot.objects.exists()
    decided(last, back_paise, now=later)
    order.refresh_from_db()
    assert order.cashback_paid_paise == cashback_paise
    assert balance(order.customer) == back_paise + cashback_paise
    assert books.audit() == []


@pytest.mark.parametrize("spent_paise", [0, 1_500])
def test_what_is_refunded_after_the_cashback_takes_its_share_out_of_the_wallet_again(spent_paise):
    order = advance(with_cashback(), Status.DELIVERED)
    later = closed_after_a_day(order)
    assert order.cashback_paid_paise == 2_000
    if spent_paise:
        money.take_from_wallet(
            customer_id=order.customer_id, ref=uuid4(), most_paise=spent_paise, memo="Order T-9", now=NOW
        )
    claim = asked(order, Kind.PAYMENT, now=later)
    decided(claim, order.total_paise, now=later)
    order.refresh_from_db()
    assert order.cashback_paid_paise == spent_paise  # what is spent stays with them
    assert balance(order.customer) == order.total_paise
    assert books.balances()["promotions"] == spent_paise
    assert set(books.wallet_entries(order.customer_id).values_list("transfer__kind", flat=True)) >= {"cashback_back"}


def test_an_order_is_closed_when_the_longer_of_both_times_is_over():
    ClaimPolicy.objects.create(window_h=72)
    order = advance(with_cashback(), Status.DELIVERED)
    later = order.delivered_at + timedelta(hours=48)
    assert services.close_delivered(now=later) == 0
    (line,) = claims.claimable(order, claims.policy(), now=later)
    assert line.open and line.until > later
    assert services.close_delivered(now=order.delivered_at + timedelta(hours=72)) == 1


def test_a_window_made_longer_after_the_order_was_closed_is_as_long_as_it_says():
    order = advance(with_cashback(), Status.DELIVERED)
    later = closed_after_a_day(order)
    ClaimPolicy.objects.create(window_h=72, perishable_window_h=72)
    (line,) = claims.claimable(order, claims.policy(), now=later)
    assert line.open
    assert claimed(order, order.lines.get()) == 10_000
    order.refresh_from_db()
    assert order.cashback_paid_paise == 1_000
    assert books.audit() == []

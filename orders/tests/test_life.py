"""The life of an order after checkout, each step by the one whose step it is."""

from datetime import timedelta

import pytest

from blinkit.kernel import live
from blinkit.kernel.errors import Invalid, TooMany
from blinkit.kernel.events import timeline
from blinkit.kernel.models import Event
from blinkit.kernel.money import rupees
from catalog.tests.factories import NOW, ProductFactory
from catalog.travel import travel_seconds
from inventory import queries as stock_queries
from inventory import services as stock_services
from inventory.models import Hold, HoldState, Stock
from orders import handlers, queries, services
from orders.errors import (
    IllegalMove,
    NoSuchOrder,
    ProofNeeded,
    ReasonNeeded,
    RiderTaken,
    TooLateToCancel,
    WrongBags,
    WrongCash,
    WrongOtp,
)
from orders.models import Evidence, LegStat, Order, Promise
from orders.promise import legs
from orders.queries import proof
from orders.services import ending
from orders.services.legs import LegMeasure, write_leg_stats
from orders.states import CUSTOMER_MAY_CANCEL, STAFF_MAY_CANCEL, Status
from orders.tests.factories import advance, customer, order, place_order, shop
from payments.models import Attempt, AttemptState, Payment, PaymentState, Refund, RefundState
from payments.services import settling

pytestmark = pytest.mark.django_db

RIDER = {"rider_id": 7, "actor": "rider:7"}


def pay(an_order: Order) -> Payment:
    """The money of an online order arrives, as a webhook's processing would write it."""
    payment = Payment.objects.get(ref=an_order.pk)
    attempt = Attempt.objects.create(
        payment=payment,
        gateway="sandbox",
        gateway_ref=f"int_{an_order.number}",
        state=AttemptState.CAPTURED,
        instrument="UPI",
        captured_paise=payment.amount_paise,
        created_at=NOW,
        settled_at=NOW,
    )
    settling.pay(payment, attempt, debit="gateway:sandbox", now=NOW, actor="system")
    return payment


def paid_order(**more) -> Order:
    an_order = order(method="online", **more)
    pay(an_order)
    return services.confirm(order_id=an_order.pk, now=NOW)


def finish_refunds(an_order: Order) -> None:
    from payments.services import refunding

    for refund in Refund.objects.filter(payment__ref=an_order.pk).exclude(state=RefundState.DONE):
        refunding.completed(refund_id=refund.pk, gateway_ref=f"rf_{refund.pk}", now=NOW)


# -- the ordinary way -------------------------------------------------------------------------------------------------


def test_a_cash_order_lives_from_confirmed_to_closed_and_everything_adds_up():
    an_order = order(products=2, qty=3)
    done = advance(an_order, Status.CLOSED)
    assert done.status == Status.CLOSED
    assert Payment.objects.get(ref=done.pk).state == PaymentState.CAPTURED
    assert set(Stock.objects.values_list("on_hand", "held")) == {(17, 0)}
    assert stock_queries.audit() == []
    assert Promise.objects.get(order=done).actual_at == done.delivered_at
    moves = [row.payload["new"] for row in timeline(f"order:{done.pk}") if row.code == "orders.OrderMoved"]
    assert moves == [
        "CONFIRMED",
        "ASSIGNED_TO_STORE",
        "PICKING",
        "PACKED",
        "ASSIGNED_TO_PARTNER",
        "PICKED_UP",
        "IN_TRANSIT",
        "DELIVERED",
        "CLOSED",
    ]


@pytest.mark.parametrize("last", [Status.ASSIGNED_TO_STORE, Status.PICKING, Status.PACKED, Status.PICKED_UP])
def test_doing_a_step_twice_is_silent(last):
    an_order = advance(order(), last)
    before = Event.objects.count()
    again = {
        Status.ASSIGNED_TO_STORE: lambda: services.to_store(order_id=an_order.pk, actor="system", now=NOW),
        Status.PICKING: lambda: services.start_picking(order_id=an_order.pk, actor="system", now=NOW),
        Status.PACKED: lambda: services.packed(
            order_id=an_order.pk, bag_codes=["BAG-1"], shelf_slot="S1", actor="system", now=NOW
        ),
        Status.PICKED_UP: lambda: services.picked_up(
            order_id=an_order.pk, bag_codes=["BAG-1"], actor="rider:7", now=NOW
        ),
    }[last]
    assert again().status == last
    assert Event.objects.count() == before


def test_each_move_tells_the_customer_the_store_and_operations(captured_hints):
    an_order = order()
    captured_hints.clear()
    services.to_store(order_id=an_order.pk, actor="system", now=NOW)
    assert {hint.group for hint in captured_hints} == {f"order.{an_order.pk}", f"store.{an_order.store.code}", "ops"}


def test_steps_out_of_order_are_refused_and_nothing_is_written():
    an_order = order()
    before = Event.objects.count()
    with pytest.raises(IllegalMove):
        services.start_picking(order_id=an_order.pk, actor="user:2", now=NOW)
    an_order.refresh_from_db()
    assert (an_order.status, Event.objects.count()) == (Status.CONFIRMED, before)


# -- money ------------------------------------------------------------------------------------------------------------


def test_paying_confirms_makes_the_hold_firm_and_promises_from_then():
    an_order = order(method="online")
    pay(an_order)
    later = NOW + timedelta(minutes=5)
    confirmed = services.confirm(order_id=an_order.pk, now=later)
    assert (confirmed.status, confirmed.confirmed_at) == (Status.CONFIRMED, later)
    assert confirmed.promised_by > confirmed.promised_from > later
    assert set(Hold.objects.filter(ref=an_order.pk).values_list("state", flat=True)) == {HoldState.FIRM}
    services.confirm(order_id=an_order.pk, now=later)
    assert Promise.objects.filter(order=an_order).count() == 1


def test_the_capture_confirms_by_itself(run_events):
    an_order = order(method="online")
    pay(an_order)
    assert "payments.PaymentCaptured" in run_events(failures=True)
    an_order.refresh_from_db()
    assert an_order.status != Status.PENDING


def test_a_payment_that_finds_its_stock_gone_is_refunded():
    an_order = order(method="online")
    payment = pay(an_order)
    stock_services.release(ref=an_order.pk, reason="expired", actor="system", now=NOW)
    ended = services.confirm(order_id=an_order.pk, now=NOW)
    assert (ended.status, ended.cancel_reason) == (Status.CANCELLED, ending.SOLD_MEANWHILE)
    payment.refresh_from_db()
    assert payment.refunded_paise == payment.captured_paise > 0


def test_unpaid_orders_end_with_their_window_and_give_everything_back():
    an_order = order(method="online")
    assert services.sweep_unpaid(now=an_order.pay_by - timedelta(seconds=1)) == 0
    assert services.sweep_unpaid(now=an_order.pay_by) == 1
    an_order.refresh_from_db()
    assert (an_order.status, an_order.cancel_reason) == (Status.CANCELLED, ending.WINDOW_OVER)
    assert Payment.objects.get(ref=an_order.pk).state == PaymentState.CANCELLED
    assert not Stock.objects.filter(held__gt=0).exists()
    assert services.sweep_unpaid(now=an_order.pay_by + timedelta(hours=1)) == 0


def test_the_sweep_confirms_what_was_paid_although_nobody_told_us():
    an_order = order(method="online")
    pay(an_order)
    services.sweep_unpaid(now=an_order.pay_by)
    an_order.refresh_from_db()
    assert an_order.status == Status.CONFIRMED


def test_a_hold_that_expired_ends_a_pending_order_and_no_other():
    pending, confirmed = order(method="online"), order()
    from inventory.events import HoldExpired

    for one in (pending, confirmed):
        handlers.hold_expired(HoldExpired(ref=one.pk), None)
        one.refresh_from_db()
    assert (pending.status, confirmed.status) == (Status.CANCELLED, Status.CONFIRMED)


def test_delivered_orders_close_after_a_day():
    an_order = advance(order(), Status.DELIVERED)
    assert services.close_delivered(now=an_order.delivered_at + timedelta(hours=23)) == 0
    assert services.close_delivered(now=an_order.delivered_at + timedelta(hours=24)) == 1
    an_order.refresh_from_db()
    assert an_order.status == Status.CLOSED


# -- cancelling -------------------------------------------------------------------------------------------------------

ON_THE_WAY = [
    Status.CONFIRMED,
    Status.ASSIGNED_TO_STORE,
    Status.PICKING,
    Status.PACKED,
    Status.ASSIGNED_TO_PARTNER,
    Status.PICKED_UP,
    Status.IN_TRANSIT,
    Status.DELIVERED,
]


@pytest.mark.parametrize("status", ON_THE_WAY)
@pytest.mark.parametrize(("by", "allowed"), [("customer", CUSTOMER_MAY_CANCEL), ("staff", STAFF_MAY_CANCEL)])
def test_who_may_cancel_until_when(status, by, allowed):
    an_order = order()
    if status != Status.CONFIRMED:
        advance(an_order, status)
    ask = {"order_id": an_order.pk, "by": by, "reason": "Because", "actor": "user:1", "now": NOW}
    if status in allowed:
        assert services.cancel(**ask).status == Status.CANCELLED
        assert services.cancel(**ask).status == Status.CANCELLED
        assert not Stock.objects.filter(held__gt=0).exists()
        assert Event.objects.filter(code="orders.OrderCancelled").count() == 1
    else:
        with pytest.raises(TooLateToCancel):
            services.cancel(**ask)
        an_order.refresh_from_db()
        assert an_order.status == status
    assert stock_queries.audit() == []


def test_staff_needs_a_reason():
    with pytest.raises(ReasonNeeded):
        services.cancel(order_id=order().pk, by="staff", reason=" ", actor="user:1", now=NOW)


def test_a_cancelled_paid_order_becomes_refunded_when_the_money_is_back():
    an_order = paid_order()
    services.cancel(order_id=an_order.pk, by="customer", reason="", actor="user:1", now=NOW)
    services.refund_done(order_id=an_order.pk, now=NOW)
    an_order.refresh_from_db()
    assert an_order.status == Status.CANCELLED  # the refund is still on its way
    finish_refunds(an_order)
    services.refund_done(order_id=an_order.pk, now=NOW)
    an_order.refresh_from_db()
    assert an_order.status == Status.REFUNDED


def test_money_that_comes_twice_says_nothing_about_the_end_of_its_order():
    an_order = paid_order()
    services.cancel(order_id=an_order.pk, by="customer", reason="", actor="user:1", now=NOW)
    finish_refunds(an_order)
    services.refund_done(order_id=an_order.pk, now=NOW)
    payment = Payment.objects.get(ref=an_order.pk)
    again = Attempt.objects.create(payment=payment, gateway="sandbox", gateway_ref="int_again", created_at=NOW)
    settling.captured(payment, again, payment.amount_paise, now=NOW)
    assert Refund.objects.exclude(state=RefundState.DONE).get().attempt == again
    assert proof.audit() == []
    Refund.objects.filter(state=RefundState.DONE).update(state=RefundState.DUE, done_at=None)
    assert [(one.what, one.key) for one in proof.audit()] == [
        ("called refunded before the money has arrived", an_order.number)
    ]


def test_a_customer_cannot_cancel_for_another():
    with pytest.raises(NoSuchOrder):
        services.cancel(
            order_id=order().pk, by="customer", reason="", actor="user:1", customer_id=customer().pk, now=NOW
        )


# -- short picks ------------------------------------------------------------------------------------------------------


def short(an_order: Order, index: int, qty: int) -> Order:
    line = list(an_order.lines.all())[index]
    return services.short_line(order_id=an_order.pk, order_line_id=line.pk, qty=qty, actor="user:2", now=NOW)


def test_a_missing_unit_of_a_paid_order_is_refunded_and_leaves_the_stock():
    an_order = advance(paid_order(products=2, qty=2), Status.PICKING)
    total, price = an_order.total_paise, an_order.lines.first().unit_price_paise
    after = short(an_order, 0, 1)
    assert after.total_paise == total - price
    assert Refund.objects.get().amount_paise == price
    line = after.lines.first()
    assert (line.qty, line.short_qty) == (2, 1)
    assert line.tax_paise == round(price * 500 / 10_500)
    assert Stock.objects.get(product=line.product_id).on_hand == 19
    assert stock_queries.audit() == []
    told = Event.objects.get(code="orders.LineShorted").payload
    assert (told["qty"], told["refund_paise"]) == (1, price)


def test_a_missing_unit_of_a_cash_order_lowers_what_is_due():
    an_order = advance(order(), Status.PICKING)
    after = short(an_order, 0, 1)
    assert Payment.objects.get(ref=an_order.pk).amount_paise == after.total_paise < an_order.total_paise
    assert not Refund.objects.exists()


def test_when_nothing_is_found_the_order_is_cancelled_and_refunded_once_with_its_fees():
    an_order = advance(paid_order(products=1, qty=2), Status.PICKING)
    paid = Payment.objects.get(ref=an_order.pk).captured_paise
    after = short(an_order, 0, 2)
    assert after.status == Status.CANCELLED
    assert Refund.objects.get().amount_paise == paid
    assert set(Stock.objects.values_list("on_hand", "held")) == {(18, 0)}
    assert stock_queries.audit() == []


@pytest.mark.parametrize("qty", [0, -1, 3])
def test_more_than_a_line_has_cannot_be_missing(qty):
    an_order = advance(order(), Status.PICKING)
    with pytest.raises(Invalid):
        short(an_order, 0, qty)
    assert not Event.objects.filter(code="orders.LineShorted").exists()


def test_only_an_order_being_picked_can_have_missing_items():
    with pytest.raises(IllegalMove):
        short(order(), 0, 1)


# -- riders -----------------------------------------------------------------------------------------------------------


def test_a_rider_who_accepts_early_gets_the_order_the_moment_it_is_packed():
    an_order = advance(order(), Status.PICKING)
    services.rider_accepted(order_id=an_order.pk, rider_name="Ravi", now=NOW, **RIDER)
    packed = services.packed(order_id=an_order.pk, bag_codes=["B1"], shelf_slot="S1", actor="user:2", now=NOW)
    assert packed.status == Status.ASSIGNED_TO_PARTNER


def test_when_the_rider_falls_away_the_bags_wait_again():
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER)
    with pytest.raises(RiderTaken):
        services.rider_accepted(order_id=an_order.pk, rider_id=8, rider_name="Sita", actor="rider:8", now=NOW)
    waiting = services.rider_fell_away(order_id=an_order.pk, actor="rider:7", now=NOW)
    assert (waiting.status, waiting.rider_id_ref, waiting.rider_name) == (Status.PACKED, None, "")
    services.rider_fell_away(order_id=an_order.pk, actor="rider:7", now=NOW)
    taken = services.rider_accepted(order_id=an_order.pk, rider_id=8, rider_name="Sita", actor="rider:8", now=NOW)
    assert taken.status == Status.ASSIGNED_TO_PARTNER


def test_wrong_bags_stay_on_the_shelf():
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER, bags=["B1", "B2"])
    with pytest.raises(WrongBags) as refused:
        services.picked_up(order_id=an_order.pk, bag_codes=["B2", "X9"], actor="rider:7", now=NOW)
    assert refused.value.extra == {"missing": ["B1"], "foreign": ["X9"]}
    assert Stock.objects.filter(held__gt=0).exists()


def test_the_door_code_is_needed_and_guessing_ends_after_five_tries():
    an_order = advance(order(), Status.IN_TRANSIT)
    ask = {"order_id": an_order.pk, "cash_paise": an_order.total_paise, "now": NOW, **RIDER}
    wrong = f"{(int(an_order.door_otp) + 1) % 10_000:04d}"
    with pytest.raises(ProofNeeded):
        services.delivered(**ask)
    for _ in range(5):
        with pytest.raises(WrongOtp):
            services.delivered(otp=wrong, **ask)
    with pytest.raises(TooMany):
        services.delivered(otp=an_order.door_otp, **ask)
    an_order.refresh_from_db()
    assert an_order.status == Status.IN_TRANSIT


def test_a_photo_is_enough_only_where_the_customer_chose_it():
    milk = ProductFactory()
    place = shop(milk)
    at_door = place_order(customer(), place, [milk])
    Order.objects.filter(pk=at_door.pk).update(instructions=["leave_at_door"])
    by_hand = place_order(customer(), place, [milk])
    for an_order in (at_door, by_hand):
        advance(an_order, Status.IN_TRANSIT)
    ask = {"photo": "proof/1.jpg", "cash_paise": at_door.total_paise, "now": NOW, **RIDER}
    assert services.delivered(order_id=at_door.pk, **ask).status == Status.DELIVERED
    assert Evidence.objects.filter(kind="door_photo").count() == 1
    with pytest.raises(ProofNeeded):
        services.delivered(order_id=by_hand.pk, **ask)


def test_cash_must_be_what_is_due():
    an_order = advance(order(), Status.IN_TRANSIT)
    with pytest.raises(WrongCash) as refused:
        services.delivered(order_id=an_order.pk, otp=an_order.door_otp, cash_paise=1, now=NOW, **RIDER)
    assert refused.value.extra["due_paise"] == an_order.total_paise
    assert Payment.objects.get(ref=an_order.pk).state == PaymentState.OPEN


def test_undelivered_goods_are_paid_back_and_come_back():
    an_order = advance(paid_order(), Status.IN_TRANSIT)
    with pytest.raises(ReasonNeeded):
        services.undelivered(order_id=an_order.pk, reason="", actor="rider:7", now=NOW)
    sad = services.undelivered(order_id=an_order.pk, reason="Nobody at home", actor="rider:7", now=NOW)
    assert sad.status == Status.UNDELIVERED
    for _ in range(2):
        services.goods_back(order_id=an_order.pk, actor="user:2", now=NOW)
    assert set(Stock.objects.values_list("on_hand", "held")) == {(20, 0)}
    finish_refunds(an_order)
    services.refund_done(order_id=an_order.pk, now=NOW)
    an_order.refresh_from_db()
    assert an_order.status == Status.REFUNDED
    assert stock_queries.audit() == []


# -- what the customer sees -------------------------------------------------------------------------------------------


def test_tracking_shows_the_rider_only_on_the_road_and_the_code_only_to_the_customer():
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER)
    at = (NOW + timedelta(seconds=1)).isoformat()
    live.remember(f"rider-of-order:{an_order.pk}", {"lat": 12.95, "lng": 77.62, "at": at}, ttl_s=60)
    mine = {"order_id": an_order.pk, "customer_id": an_order.customer_id, "now": NOW}
    assert queries.tracking(**mine)["rider"] is None and queries.tracking(**mine)["rider_is_coming"]
    assert queries.tracking(order_id=an_order.pk, now=NOW)["rider"] == {
        "name": "Ravi",
        "rating": None,
        "position": None,
        "route": None,
    }
    services.picked_up(order_id=an_order.pk, bag_codes=["BAG-1"], actor="rider:7", now=NOW)
    seen = queries.tracking(**mine)
    assert seen["rider"]["position"]["lat"] == 12.95
    assert seen["otp"] == an_order.door_otp
    assert queries.tracking(order_id=an_order.pk, now=NOW)["otp"] is None
    services.delivered(order_id=an_order.pk, otp=an_order.door_otp, cash_paise=an_order.total_paise, now=NOW, **RIDER)
    over = queries.tracking(**mine)
    assert (over["rider"], over["otp"], over["step"], over["eta_to_m"]) == (None, None, 4, None)
    assert {step["state"] for step in over["steps"]} == {"done"}


def test_tracking_takes_three_statements_and_measured_legs_once_a_minute(django_assert_num_queries):
    an_order = order()
    with django_assert_num_queries(4):
        queries.tracking(order_id=an_order.pk, customer_id=an_order.customer_id)


def test_a_late_order_says_so():
    an_order = order()
    late = queries.tracking(order_id=an_order.pk, now=an_order.promised_by + timedelta(minutes=4))
    assert late["late_s"] == 240
    assert "We are late. Sorry." in late["sentence"]


def eta(an_order, now, **more):
    return queries.tracking(order_id=an_order.pk, now=now, **more)


def test_a_fresh_order_shows_what_was_promised():
    an_order = order()
    seen = eta(an_order, NOW)
    assert NOW + timedelta(minutes=seen["eta_to_m"]) == an_order.promised_by
    assert an_order.promised_from <= NOW + timedelta(minutes=seen["eta_from_m"]) < an_order.promised_by


def test_a_packed_order_without_a_rider_never_counts_down_to_nothing():
    an_order = advance(order(), Status.PACKED)
    ride_m = travel_seconds(an_order.store.point, an_order.point) // 60
    much_later = [eta(an_order, an_order.promised_by + timedelta(minutes=m)) for m in (5, 50)]
    ranges = {(seen["eta_from_m"], seen["eta_to_m"]) for seen in much_later}
    assert len(ranges) == 1 and min(ranges)[0] >= ride_m + 1
    assert all("We are late. Sorry. A rider is being found. Arrives in" in seen["sentence"] for seen in much_later)


def test_each_step_done_leaves_no_more_to_wait_for():
    left = []
    for status in (Status.ASSIGNED_TO_STORE, Status.PICKING, Status.PACKED, Status.ASSIGNED_TO_PARTNER):
        an_order = advance(order(), status)
        Order.objects.filter(pk=an_order.pk).update(promised_from=NOW, promised_by=NOW)  # the promise out of the way
        left.append(eta(an_order, an_order.status_at)["eta_to_m"])
    assert left == sorted(left, reverse=True) and left[0] > left[-1] > 1


def test_on_the_road_the_riders_position_decides():
    an_order = advance(order(), Status.IN_TRANSIT)
    near = {"lat": an_order.lat, "lng": an_order.lng, "at": "now"}
    live.remember(f"rider-of-order:{an_order.pk}", {**near, "lat": an_order.lat + 0.05}, ttl_s=60)
    far = eta(an_order, an_order.status_at)
    live.remember(f"rider-of-order:{an_order.pk}", near, ttl_s=60)
    close = eta(an_order, an_order.status_at)
    assert far["eta_from_m"] > close["eta_to_m"] and close["eta_to_m"] <= 2
    cyclist = {**near, "lat": an_order.lat + 0.05, "vehicle": "cycle"}
    live.remember(f"rider-of-order:{an_order.pk}", cyclist, ttl_s=60)
    assert eta(an_order, an_order.status_at)["eta_from_m"] > far["eta_from_m"]


def test_at_the_door_the_customer_is_told_once_and_nothing_counts_down():
    an_order = advance(order(), Status.PICKED_UP)
    for _ in range(2):
        services.at_the_door(order_id=an_order.pk, actor="rider:7", now=NOW)
    seen = eta(an_order, NOW)
    assert seen["sentence"].startswith("Your rider is at the door.")
    assert (seen["eta_to_m"], seen["rider_at_door_at"]) == (None, NOW)
    assert [row.code for row in queries.timeline(an_order.pk)].count("orders.RiderAtDoor") == 1
    with pytest.raises(IllegalMove):
        services.at_the_door(order_id=order().pk, actor="rider:7", now=NOW)


def test_cash_orders_say_the_new_sum_after_a_short_pick():
    an_order = advance(order(qty=2), Status.PICKING)
    line = an_order.lines.first()
    services.short_line(order_id=an_order.pk, order_line_id=line.pk, qty=1, actor="user:2", now=NOW)
    due = rupees(an_order.total_paise - line.unit_price_paise)
    assert f"{due} in cash at the door." in eta(an_order, NOW)["sentence"]


def test_the_promise_learns_from_what_legs_really_took():
    an_order = order()
    place = an_order.store
    ride = {"store": place, "leg": "ride_times", "samples": 9}
    before = queries.serviceability(point=an_order.point, now=NOW)
    LegStat.objects.create(hour=14, p50_s=15, p90_s=20, **ride)  # NOW is 14:30 in Kolkata
    assert queries.serviceability(point=an_order.point, now=NOW).eta_to_m > before.eta_to_m + 20
    later = NOW + timedelta(hours=1)  # an hour that has none of its own: that of any hour
    assert queries.serviceability(point=an_order.point, now=later).eta_to_m == before.eta_to_m
    LegStat.objects.create(hour=LegStat.ANY_HOUR, p50_s=15, p90_s=20, **ride)
    assert queries.serviceability(point=an_order.point, now=later).eta_to_m > before.eta_to_m + 20


def test_what_few_orders_took_leans_on_what_is_coarser():
    """A store's hour on the store, the store on all stores, those on the rule of thumb; bad weather on dry rides as
    long as nobody rode in it; vehicles on nothing."""
    place, hour = shop(ProductFactory()), 14

    def measured(*rows):
        write_leg_stats([LegMeasure(*row) for row in rows], now=NOW)
        return {(row.store_id, row.leg, row.hour): row.p50_s for row in LegStat.objects.all()}

    any_hour = LegStat.ANY_HOUR
    rows = [
        (place.pk, "door", hour, 200, 300, 20),
        (place.pk, "door", any_hour, 100, 150, 60),
        (None, "door", any_hour, 80, 90, 180),
        (None, "ride_wet", any_hour, 2, 3, 20),
        (None, "ride_times", any_hour, 0.5, 0.8, 20),
        (None, "by_cycle", any_hour, 0.1, 0.1, 50),
    ]
    found = measured(*rows)
    of_all = (180 * 80 + 20 * legs.DOOR_S) / 200
    of_store = (60 * 100 + 20 * of_all) / 80
    assert found[None, "door", any_hour] == pytest.approx(of_all)
    assert found[place.pk, "door", any_hour] == pytest.approx(of_store)
    assert found[place.pk, "door", hour] == pytest.approx((200 + of_store) / 2)
    assert found[None, "ride_times", any_hour] == 0.75
    assert found[None, "ride_wet", any_hour] == pytest.approx((2 + 0.75) / 2)
    assert found[None, "by_cycle", any_hour] == 0.1
    assert measured(*rows) == found, "what was written is no measure of its own"

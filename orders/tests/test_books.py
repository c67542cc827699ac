"""A delivered order's money in the books: what it becomes, what a claim takes back, what the audit sees."""

import json
import random
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from blinkit.kernel.errors import Refusal
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, ProductFactory
from orders import services, tasks
from orders.claiming import Kind
from orders.claiming.rules import ORDER_KINDS
from orders.events import BooksDiffer
from orders.models import Order
from orders.queries import books
from orders.services import books as order_books
from orders.services import claims, street
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from orders.tests.test_life import finish_refunds, paid_order, pay
from orders.tests.test_money_meets import bought, claim_everything, hand_over, pick
from orders.tests.test_promotions import promotion
from payments import ledger
from payments import queries as money
from payments import services as payments
from payments.models import Payment, Transfer

pytestmark = pytest.mark.django_db


def fine() -> bool:
    return money.audit() == [] and books.audit() == []


def claim(order: Order, *, kind=Kind.MISSING, qty=1, line=None, refund_paise=None):
    """A claim that a person decides, for all that may go back or so much."""
    line = line or (None if kind in ORDER_KINDS else order.lines.first())
    report = services.Reported(kind=kind, line_id=line and line.pk, qty=qty if line else 0)
    (made,) = services.open_claims(
        order_id=order.pk, customer_id=order.customer_id, reported=[report], now=order.delivered_at
    )
    if made.state == "waiting":
        back = services.most_back(made) if refund_paise is None else refund_paise
        made = services.decide_claim(claim_id=made.pk, refund_paise=back, reason="x", actor="user:1", now=NOW)
    return made


# -- what it becomes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cod", "online"])
def test_the_bill_becomes_revenue_gst_and_tip_when_it_is_handed_over(method):
    promotion(percent_bp=1_000)
    goods = ProductFactory.create_batch(2, mrp_paise=4_997, gst_bp=500)
    an_order = place_order(customer(), shop(*goods), dict.fromkeys(goods, 1), method=method, tip_paise=2_000)
    if method == "online":
        pay(an_order)
        services.confirm(order_id=an_order.pk, now=NOW)
    assert money.recognised(an_order.pk) == {} and fine()
    done = advance(an_order, Status.DELIVERED)
    parts = money.recognised(done.pk)
    assert done.discount_paise and done.delivery_paise and done.tax_paise
    assert sum(parts.values()) == done.total_paise
    assert (parts["tip"], parts["discount"]) == (2_000, -done.discount_paise)
    assert parts["cgst"] + parts["sgst"] == done.tax_paise and "igst" not in parts
    goods_tax = sum(line.tax_paise for line in done.lines.all())
    assert parts["goods"] == done.items_paise - goods_tax
    fees = parts["delivery"] + parts["handling"] + parts.get("small_cart", 0)
    assert fees == done.delivery_paise + done.handling_paise + done.small_cart_paise - (done.tax_paise - goods_tax)
    assert ledger.balance("orders:prepaid") == 0
    assert fine()


def test_goods_for_another_state_carry_igst():
    an_order = order()
    Order.objects.filter(pk=an_order.pk).update(supplier_state="29", place_of_supply="27")
    done = advance(an_order, Status.DELIVERED)
    parts = money.recognised(done.pk)
    assert parts["igst"] == done.tax_paise and not {"cgst", "sgst"} & set(parts)
    assert fine()


def test_delivering_twice_is_in_the_books_once():
    done = advance(order(), Status.DELIVERED)
    before = Transfer.objects.count()
    services.delivered(order_id=done.pk, rider_id=7, actor="rider:7", otp=done.door_otp, now=NOW)
    with transaction.atomic():
        order_books.recognise(done, now=NOW)
    assert Transfer.objects.count() == before and fine()


def test_a_delivery_that_is_refused_writes_no_revenue():
    an_order = advance(order(), Status.IN_TRANSIT)
    with pytest.raises(Refusal):
        services.delivered(order_id=an_order.pk, rider_id=7, actor="rider:7", otp="0000x", now=NOW)
    with pytest.raises(Refusal):
        services.delivered(
            order_id=an_order.pk, rider_id=7, actor="rider:7", otp=an_order.door_otp, cash_paise=1, now=NOW
        )
    assert not Transfer.objects.exists() and fine()


@pytest.mark.parametrize("end", ["cancelled", "undelivered"])
def test_what_does_not_come_earns_nothing_and_goes_back(end):
    an_order = paid_order()
    if end == "cancelled":
        services.cancel(order_id=an_order.pk, by="customer", reason="", actor="user:1", now=NOW)
    else:
        advance(an_order, Status.IN_TRANSIT)
        services.undelivered(order_id=an_order.pk, reason="nobody there", actor="rider:7", now=NOW)
    assert fine() and money.recognised(an_order.pk) == {}
    assert ledger.balance("orders:prepaid") == 0
    finish_refunds(an_order)
    assert fine() and ledger.balance("gateway:sandbox") == 0


# -- what a claim takes back -------------------------------------------------------------------------------------------


def test_a_claimed_line_takes_its_revenue_its_tax_and_its_discount_back():
    promotion(percent_bp=1_000)
    goods = ProductFactory.create_batch(2, mrp_paise=4_997, gst_bp=1_200)
    done = advance(place_order(customer(), shop(*goods), dict.fromkeys(goods, 3), tip_paise=700), Status.DELIVERED)
    line, before = done.lines.first(), money.recognised(done.pk)
    for _ in range(3):
        claim(done, line=line)
        assert fine()
    after = money.recognised(done.pk)
    gone = {name: before[name] - after.get(name, 0) for name in before if before[name] != after.get(name, 0)}
    gross = line.unit_price_paise * line.qty
    assert gone["goods"] == gross - line.tax_paise and gone["discount"] == -line.discount_paise
    assert gone["cgst"] + gone["sgst"] == line.tax_paise
    assert set(gone) == {"goods", "discount", "cgst", "sgst"}


def test_lateness_takes_back_the_delivery_fee_and_its_tax():
    done = advance(order(products=1, qty=1), Status.DELIVERED)
    Order.objects.filter(pk=done.pk).update(promised_by=done.delivered_at - timedelta(hours=3))
    before = money.recognised(done.pk)
    made = claim(Order.objects.get(pk=done.pk), kind=Kind.LATE)
    assert made.refund_paise == done.delivery_paise > 0
    after = money.recognised(done.pk)
    assert before["delivery"] > 0 and abs(after.get("delivery", 0)) <= 1
    assert after["goods"] == before["goods"] and after["cgst"] < before["cgst"]
    assert fine()


def test_an_order_that_never_came_earns_nothing_and_the_riders_tip_is_our_cost():
    goods = ProductFactory.create_batch(2)
    done = advance(place_order(customer(), shop(*goods), goods, tip_paise=1_500), Status.DELIVERED)
    claim(done, line=done.lines.first())
    made = claim(done, kind=Kind.NEVER_CAME)
    assert money.recognised(done.pk) == {"tip": 1_500, "claims": -1_500}
    assert made.refund_paise and fine()


def test_a_claim_decided_twice_takes_back_once_and_a_refused_one_nothing():
    done = advance(order(products=2, qty=2), Status.DELIVERED)
    first, second = done.lines.all()
    made = claim(done, line=first)
    assert made.refund_paise
    before = Transfer.objects.count()
    services.decide_claim(claim_id=made.pk, refund_paise=made.refund_paise, reason="x", actor="user:1", now=NOW)
    assert Transfer.objects.count() == before
    refused = claim(done, kind=Kind.RIDER, refund_paise=0)
    assert refused.state == "refused" and second.pk
    assert Transfer.objects.count() == before and fine()


# -- any life ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(100, 112))
def test_the_books_add_up_after_every_step_of_any_life(seed):
    chance = random.Random(seed)
    an_order, others = bought(chance)
    assert fine()
    services.to_store(order_id=an_order.pk, actor="system", now=NOW)
    if seed % 6 == 0:
        services.cancel(order_id=an_order.pk, by="staff", reason="closed", actor="user:1", now=NOW)
        assert fine()
        return
    services.start_picking(order_id=an_order.pk, actor="user:2", now=NOW)
    with suppress(Refusal):  # a substitute may be dearer than what was allowed: that one is not brought
        pick(an_order, others, chance)
    assert fine()
    an_order.refresh_from_db()
    if an_order.status == Status.CANCELLED:
        return
    if seed % 6 == 1:
        advance_from_picking(an_order)
        services.undelivered(order_id=an_order.pk, reason="away", actor="rider:7", now=NOW)
        assert fine()
        return
    an_order = hand_over(an_order)
    assert fine()
    kinds = [Kind.MISSING, Kind.MISSING, Kind.LATE, Kind.RIDER, Kind.PAYMENT]
    for _ in range(6):
        kind = chance.choice(kinds)
        line = chance.choice(list(an_order.lines.all())) if kind == Kind.MISSING else None
        with suppress(Refusal):
            claim(an_order, kind=kind, line=line, refund_paise=chance.randint(0, 999))
        assert fine()
    finish_refunds(an_order)
    claim_everything(an_order)
    assert fine()
    with suppress(Refusal):
        claim(an_order, kind=Kind.NEVER_CAME)
    finish_refunds(an_order)
    assert fine()
    parts = money.recognised(an_order.pk)
    assert all(paise > 0 for name, paise in parts.items() if name not in ("discount", "claims")), parts
    payment = Payment.objects.get(ref=an_order.pk)
    assert sum(parts.values()) == (
        payment.captured_paise - payment.refunded_paise + payment.wallet_paise - payment.wallet_returned_paise
    )


def advance_from_picking(an_order: Order) -> None:
    services.packed(order_id=an_order.pk, bag_codes=["B"], shelf_slot="S1", actor="user:2", now=NOW)
    services.rider_accepted(order_id=an_order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
    services.picked_up(order_id=an_order.pk, bag_codes=["B"], actor="rider:7", now=NOW)


# -- the audit ---------------------------------------------------------------------------------------------------------


def by_hand(sql: str, *values) -> None:
    """What no program of ours can do: the triggers are off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("payments_entry", "payments_transfer"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        for table in ("payments_entry", "payments_transfer"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


MOVE = """
    UPDATE payments_entry e SET amount_paise = e.amount_paise + CASE a.code WHEN %s THEN 1 ELSE -1 END
    FROM payments_account a, payments_transfer t
    WHERE a.id = e.account_id AND t.id = e.transfer_id AND t.kind = 'revenue' AND a.code IN (%s, %s)"""
LOSE = "DELETE FROM payments_entry USING payments_transfer t WHERE t.id = transfer_id AND t.kind = 'revenue'"


@pytest.mark.parametrize(
    ("sql", "values", "finding"),
    [
        (MOVE, ("gst:cgst", "revenue:goods"), "GST in the books is not the bill's"),
        (MOVE, ("tips:payable", "revenue:goods"), "the tip in the books is not the bill's"),
        (MOVE, ("orders:prepaid", "revenue:goods"), "revenue, GST and tips less promotions are not what was kept"),
        (LOSE, (), "revenue of goods and fees in the books is not the bill's"),
        (
            "UPDATE payments_transfer SET key = 'x' || key WHERE kind = 'revenue'",
            (),
            "delivered and nothing recognised",
        ),
        ("UPDATE orders_order SET delivered_at = NULL", (), "recognised although it was not delivered"),
        (
            "UPDATE orders_order SET items_paise = items_paise + 1, total_paise = total_paise + 1",
            (),
            "paid and kept is not the bill less what claims gave back",
        ),
        (
            "UPDATE payments_payment SET captured_paise = captured_paise + 1",
            (),
            "paid and kept is not the bill less what claims gave back",
        ),
    ],
)  # fmt: skip
def test_the_audit_names_a_corruption_by_hand(sql, values, finding):
    goods = ProductFactory.create_batch(2)
    done = advance(place_order(customer(), shop(*goods), goods, tip_paise=700), Status.DELIVERED)
    assert fine()
    by_hand(sql, *values[:1], *values)
    found = [difference for difference in books.audit() if difference.what == finding]
    assert [difference.key for difference in found] == [done.number]
    code, told = run("audit_ledger")
    assert code == 1 and finding in {row["what"] for row in told["rows"]}


def test_the_audit_names_a_live_order_whose_payment_is_not_its_bill():
    an_order = order()
    by_hand("UPDATE payments_payment SET amount_paise = amount_paise - 5")
    (found,) = books.audit()
    assert (found.what, found.key, found.expected - found.found) == (
        "paid and still to pay is not the bill", an_order.number, 5,
    )  # fmt: skip


def test_without_its_hook_a_delivery_is_missed_and_the_audit_says_so(monkeypatch):
    """The control: revenue that is not posted does not go unseen."""
    monkeypatch.setattr(street.books, "recognise", lambda order, now: None)
    done = advance(order(), Status.DELIVERED)
    assert {difference.what for difference in books.audit()} == {
        "delivered and nothing recognised",
        "money of an order is prepaid when it should not be, or not when it should",
    }
    monkeypatch.undo()
    made = claim(done)
    assert made.refund_paise and not fine()
    code, told = run("audit_ledger", "--post-missing")
    assert (code, told["posted"]) == (0, 1) and fine()
    assert run("audit_ledger", "--post-missing")[1]["posted"] == 0


def test_without_its_hook_a_claim_is_missed_and_the_audit_says_so(monkeypatch):
    """The control of the other half."""
    monkeypatch.setattr(claims.books, "take_back", lambda order, claim, now: None)
    done = advance(order(), Status.DELIVERED)
    assert claim(done).refund_paise
    assert [difference.key for difference in books.audit()] == [done.number] * 2
    assert "revenue, GST and tips less promotions are not what was kept" in {d.what for d in books.audit()}


def run(*args):
    out, code = StringIO(), 0
    try:
        call_command(*args, stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, json.loads(out.getvalue().splitlines()[-1])


def test_each_day_says_what_came_and_what_it_became():
    cash = advance(order(tip_paise=300), Status.DELIVERED)
    online = paid_order()
    services.cancel(order_id=online.pk, by="customer", reason="", actor="user:1", now=NOW)
    yesterday, today = money.days(now=NOW, back=2)
    assert yesterday.captured == {} and yesterday.parts == {}
    assert today.captured == {"sandbox": online.total_paise} and today.refunds == online.total_paise
    assert today.cash == cash.total_paise
    assert sum(paise for name, paise in today.parts.items()) == cash.total_paise
    assert today.parts["tip"] == 300
    out = StringIO()
    call_command("audit_ledger", "--days", "3", stdout=out)
    assert "Money, per day" in out.getvalue() and "cash" in out.getvalue()


# -- every night -------------------------------------------------------------------------------------------------------


def test_the_night_is_quiet_when_all_is_well():
    advance(order(), Status.DELIVERED)
    tasks.audit_books()
    assert not Event.objects.filter(code="orders.BooksDiffer").exists()


def test_a_difference_is_announced_with_its_figures():
    done = advance(order(), Status.DELIVERED)
    by_hand("UPDATE payments_payment SET captured_paise = captured_paise + 1")
    found = services.audit_all(now=NOW)
    told = BooksDiffer(**Event.objects.get(code="orders.BooksDiffer").payload)
    assert told.money and told.orders and not told.stock and told.money + told.orders == found
    assert told.first and done.number in {difference.key for difference in books.audit()}


def test_a_counter_of_the_stock_that_differs_is_announced_too():
    an_order = order(products=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stock SET on_hand = on_hand + 1")
    assert services.audit_all(now=NOW) == 1
    told = BooksDiffer(**Event.objects.get(code="orders.BooksDiffer").payload)
    assert (told.stock, told.money, told.orders) == (1, 0, 0)
    assert told.first == f"on_hand of {an_order.lines.get().sku} at {an_order.store.code}"


def test_parts_that_make_no_sense_are_refused_and_nothing_is_written():
    done = order()
    for parts in ({"rent": 1}, {"goods": -1}, {"discount": 1}):
        with pytest.raises(ValueError):
            payments.recognise(ref=done.pk, parts=parts, memo="x", now=NOW)
        with pytest.raises(ValueError):
            payments.take_back(ref=done.pk, parts=parts, key="k", memo="x", now=NOW)
    assert payments.take_back(ref=done.pk, parts={"goods": 1}, key="k", memo="x", now=NOW) is False
    assert not Transfer.objects.exists()

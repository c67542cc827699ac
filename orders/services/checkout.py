"""Checkout: from a cart to an order that holds its stock and owes its money, in one transaction or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.expressions import RawSQL

from accounts.models import Address
from blinkit.kernel import events, metrics
from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import DomainEvent
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say, together
from catalog import queries as goods
from catalog import services as promotions
from catalog.errors import PromotionGone
from catalog.models import Store
from catalog.pricing import Bill, FeeRules
from catalog.pricing.tax import state_of_pincode
from catalog.queries import ShelfRow
from inventory import queries as stock_counts
from inventory import services as stock
from inventory.errors import OutOfStock
from orders import promise
from orders.errors import (
    BelowMinimum,
    BillChanged,
    CartEmpty,
    CashLimit,
    CashNeedsHand,
    NoSuchAddress,
    NotOnShelf,
    NotServed,
    SlotGone,
    StoreClosed,
    TooManyOpenOrders,
    TooManyUnits,
)
from orders.events import OrderConfirmed, OrderMoved, OrderPlaced
from orders.models import Cart, CartLine, Order, OrderLine, Promise, Slot
from orders.queries.carts import Wanted, bill_json, price
from orders.queries.offers import Buyer, Offered
from orders.queries.places import NOT_YET_HERE, Serviceability, place_for_slot, promise_for, source
from orders.queries.slots import VERSION, Schedule, left_json, schedule_for, slot_of, slots_left
from orders.services import slots
from orders.services.cart import MOST_TIP_PAISE
from orders.services.mover import hint, joining, subject
from orders.sourcing import Reason
from orders.states import LIVE, Status
from payments import services as money
from payments.models import Method

INSTRUCTIONS = ("leave_at_door", "no_bell", "call_on_arrival", "beware_of_pet", "leave_with_guard")
HOLD_GRACE_S = 120
"""The stock outlives the payment window by this much, so that a payment made in its last second still finds it."""
NUMBER_SEQUENCE = "orders_order_number"
CART_THEN_LINES = ("cart", "self")
_OPEN_ORDERS = """(
    SELECT ARRAY[count(*) FILTER (WHERE status = %s), count(*) FILTER (WHERE payment_method = %s AND status = ANY(%s))]
    FROM orders_order WHERE customer_id = %s
)"""
"""[waiting for payment, cash orders not yet delivered]. Names no column of the cart: PostgreSQL asks once, not per
line."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything decided before the first write."""

    cart: Cart
    number: str
    wanted: Sequence[Wanted]
    rows: Mapping[int, ShelfRow]
    address: Address
    place: Serviceability
    store: Store
    bill: Bill
    offered: Offered
    tip_paise: int
    buyer: Buyer
    open_orders: tuple[int, int]
    """Waiting for payment, and cash orders not yet delivered."""
    slot: Slot | None = None
    later: Schedule | None = None
    """When an order for the slot is worked on."""

    @property
    def units(self) -> int:
        return sum(line.qty for line in self.wanted)


@joining
def checkout(
    *,
    customer_id: int,
    address_id: UUID,
    method: str,
    bill_fingerprint: str,
    now: datetime,
    instructions: Sequence[str] = (),
    tip_paise: int | None = None,
    slot_id: int | None = None,
    use_wallet: bool = False,
    wallet_paise: int | None = None,
) -> Order:
    """Order what is in the customer's cart for this address, at exactly the bill that was shown.

    The store is chosen again for the address: the cart's own when it can serve, else the best other one that has every
    line. Cash orders are CONFIRMED at once; online ones are PENDING with their stock held until `pay_by`; of either
    kind a customer may have only so many open (settings.ORDER_MOST_OPEN_UNPAID, ORDER_MOST_OPEN_CASH), so that nobody
    empties a store without paying. With a slot the order is its store's, closed or busy as that may be now, and waits
    until it is time (services/slots.py). `use_wallet` pays what the wallet can give first and only the rest by
    `method`; an order it pays alone is CONFIRMED at once. `wallet_paise` is what the customer was shown it gives.

    Refuses, and then nothing is written: TooManyOpenOrders(open, max), CartEmpty, NoSuchAddress, NotServed,
    StoreClosed(reason), SlotGone(slots) with those that are left, NotOnShelf, TooManyUnits, BelowMinimum,
    BillChanged(bill) when any figure is not the one shown, WalletChanged when the wallet gives another sum now,
    CashLimit(limit_paise), OutOfStock(short).
    """
    plan = _plan(
        customer_id=customer_id, address_id=address_id, tip_paise=tip_paise, method=method, slot_id=slot_id, now=now
    )
    _refuse_unless_agreed(plan, fingerprint=bill_fingerprint)
    chips = _checked(instructions)

    order = _draft(plan, customer_id=customer_id, method=Method(method), instructions=chips, now=now)
    actor = f"user:{customer_id}"
    # The first writes, and the only ones that can still refuse. A refusal is kept as an answer: nothing reserved or
    # taken may stay behind it. Wallet before stock before slot, as everywhere.
    with transaction.atomic() if plan.offered.uses or use_wallet or plan.slot else nullcontext():
        if plan.offered.uses:
            _reserve(plan, order, now=now)
        if use_wallet:
            _pay_from_wallet(order, shown_paise=wallet_paise, now=now)
        _refuse_way_to_pay(plan, order)
        until = None if order.pay_by is None else order.pay_by + timedelta(seconds=HOLD_GRACE_S)
        _hold(plan, order, until=until, actor=actor, now=now)
        if plan.slot and not slots.book(slot_id=plan.slot.pk, now=now):
            raise _slot_gone(plan.slot.store_id, now=now)
    quote, inputs = promise_for(plan.store, to=plan.address.point, lines=len(plan.wanted), units=plan.units, now=now)
    facts: list[DomainEvent] = [
        OrderPlaced(
            order_id=order.pk, store_code=plan.store.code, customer_id=customer_id, total_paise=order.total_paise
        )
    ]
    is_settled = order.payment_method != Method.ONLINE
    if is_settled:
        order.status = Status.CONFIRMED
        order.confirmed_at = now
        if plan.slot is None:
            order.promised_from, order.promised_by = quote.from_at(now), quote.by(now)
        why = "Cash on delivery" if order.payment_method == Method.COD else "Paid from the wallet"
        facts.append(OrderMoved(order_id=order.pk, old=Status.PENDING, new=Status.CONFIRMED, why=why))
        facts.append(OrderConfirmed(order_id=order.pk, store_code=plan.store.code, customer_id=customer_id))
    order.save(force_insert=True)
    money.open_payment(
        ref=order.pk,
        customer_id=customer_id,
        amount_paise=order.to_pay_paise,
        wallet_paise=order.wallet_paise,
        method=order.payment_method,
        due_by=order.pay_by,
        now=now,
    )
    OrderLine.objects.bulk_create(_lines(order, plan))
    if is_settled:
        _promise(order, plan, quote, inputs, now=now).save(force_insert=True)
    # Only what was ordered: a line put in meanwhile stays.
    CartLine.objects.filter(cart_id=plan.cart.pk, product_id__in=list(plan.rows)).delete()
    if plan.cart.tip_paise or plan.cart.coupon_code or plan.cart.is_gift:
        Cart.objects.filter(pk=plan.cart.pk).update(
            tip_paise=0, coupon_code="", is_gift=False, gift_note="", gift_from=""
        )
    events.record_all(facts, subject=subject(order), actor=actor)
    hint(order)
    metrics.count("orders_placed_total", store=plan.store.code, method=order.payment_method)
    return order


def pay_window() -> timedelta:
    return timedelta(minutes=getattr(settings, "ORDER_PAY_WINDOW_M", 15))


def _plan(
    *, customer_id: int, address_id: UUID, tip_paise: int | None, method: str, slot_id: int | None, now: datetime
) -> _Plan:
    if tip_paise is not None and not 0 <= tip_paise <= MOST_TIP_PAISE:
        raise Invalid("This tip is not possible.")
    cart, number, wanted, open_orders = _locked_cart(customer_id)
    address = Address.objects.select_related("user").filter(pk=address_id, user_id=customer_id, deleted_at=None).first()
    if address is None:
        raise NoSuchAddress
    size = (len(wanted), sum(line.qty for line in wanted))
    stores = goods.stores_for(address.point)
    slot = None if slot_id is None else slot_of(slot_id)
    if slot_id is not None:
        store_id = cart.store_id if slot is None else slot.store_id
        planned = place_for_slot(point=address.point, store_id=store_id, stores=stores, now=now)
        if slot is None or planned is None or slot.cut_off_at <= now:
            near = store_id if planned is not None else stores[0].pk if stores else 0
            raise _slot_gone(near, now=now)
        place = planned
    else:
        place = source(point=address.point, now=now, prefers_store_id=cart.store_id, units=size, stores=stores)
    if slot is None and place.store is not None and place.store.pk != cart.store_id:
        place = _source_elsewhere(place, stores, cart, wanted, size, now=now)
    _refuse_unless_served(place)
    assert place.store is not None
    rows = goods.shelf_rows(store_id=place.store.pk, product_ids=[line.product_id for line in wanted])
    _refuse_bad_lines(wanted, rows)
    buyer = Buyer(now, customer_id, cart.coupon_code, method, later=slot is not None)
    tip = cart.tip_paise if tip_paise is None else tip_paise
    bill, given = price(wanted, rows, store=place.store, metres=place.distance_metres, tip_paise=tip, buyer=buyer)
    later = None
    if slot is not None:
        later = schedule_for(slot, place.store, to=address.point, lines=size[0], units=size[1], now=now)
    return _Plan(
        cart, number, wanted, rows, address, place, place.store, bill, given, tip, buyer, open_orders, slot, later
    )


def _slot_gone(store_id: int, *, now: datetime) -> SlotGone:
    metrics.count("checkout_refused_total", reason="slot-gone")
    left = slots_left(store_id=store_id, now=now)
    others = "Choose one of the others." if left else "There is no other one left."
    return SlotGone(f"This time can't be ordered for any more. {others}", slots=left_json(left))


def _locked_cart(customer_id: int) -> tuple[Cart, str, list[Wanted], tuple[int, int]]:
    """The cart, its lines, a new order number and how many orders are open, in one statement.

    The lock makes a second checkout wait, and then find empty what the first one took: it must be filled again before
    it can be ordered, by a statement that sees the first order. So the counts cannot be outrun by asking at once. The
    cart is locked before its lines (PostgreSQL locks in the order named), as whoever fills it does.
    """
    lines = list(
        CartLine.objects.filter(cart__customer_id=customer_id)
        .select_related("cart")
        # A number is used up by a refused checkout too: gaps are harmless, another round trip is not.
        .annotate(
            number=RawSQL(f"nextval('{NUMBER_SEQUENCE}')", []),
            open_orders=RawSQL(
                _OPEN_ORDERS, [Status.PENDING.value, Method.COD.value, [status.value for status in LIVE], customer_id]
            ),
        )
        .select_for_update(of=CART_THEN_LINES)
        .order_by("pk")
    )
    if not lines:
        raise CartEmpty("Your cart is empty.")
    wanted = [Wanted(line.product_id, line.qty, line.consent, line.substitute_up_to_paise) for line in lines]
    unpaid, cash = lines[0].open_orders
    return lines[0].cart, f"T-{lines[0].number}", wanted, (unpaid, cash)


def _source_elsewhere(
    place: Serviceability,
    stores: Sequence[Store],
    cart: Cart,
    wanted: Sequence[Wanted],
    size: tuple[int, int],
    *,
    now: datetime,
) -> Serviceability:
    """The cart's store can't serve this address now: another one may, if it has everything."""
    basket = {line.product_id: line.qty for line in wanted}
    free: dict[int, dict[int, int]] = {}
    for store in stores:
        listed = goods.shelf_rows(store_id=store.pk, product_ids=basket)
        counts = stock_counts.free(store_id=store.pk, product_ids=list(basket))
        free[store.pk] = {product_id: counts.get(product_id, 0) for product_id in listed}
    return source(
        point=place.point, now=now, prefers_store_id=cart.store_id, units=size, stores=stores, basket=basket, free=free
    )


def _refuse_unless_served(place: Serviceability) -> None:
    if not place.reason:
        return
    if place.reason == NOT_YET_HERE:
        raise NotServed("We don't deliver to this address yet. Choose another address.", reason=place.reason)
    if place.reason == Reason.MISSING_ITEMS:
        raise NotServed(
            together([place.sentence, say("Open the shop for this address and look for what it has instead.")]),
            reason=place.reason,
        )
    raise StoreClosed(place.sentence, reason=place.reason, opens_at=place.opens_at)


def _refuse_bad_lines(wanted: Sequence[Wanted], rows: Mapping[int, ShelfRow]) -> None:
    gone = [line.product_id for line in wanted if line.product_id not in rows]
    if gone:
        raise NotOnShelf("Something in your cart is no longer sold. Take it out and try again.", product_ids=gone)
    for line in wanted:
        row = rows[line.product_id]
        if line.qty > row.max_per_order:
            raise TooManyUnits(
                say("{name}: at most {most} per order.", name=row.name, most=row.max_per_order),
                sku=row.sku,
                max=row.max_per_order,
            )


def _refuse_unless_agreed(plan: _Plan, *, fingerprint: str) -> None:
    policy: FeeRules = goods.fee_policy(plan.store)
    if plan.bill.items_paise < policy.minimum_order_paise:
        missing = policy.minimum_order_paise - plan.bill.items_paise
        raise BelowMinimum(
            say(
                "Add {more} more: orders start at {least}.",
                more=rupees(missing),
                least=rupees(policy.minimum_order_paise),
            ),
            minimum_paise=policy.minimum_order_paise,
            missing_paise=missing,
        )
    if fingerprint != plan.bill.fingerprint():
        raise _changed(plan, plan.bill)


def _refuse_way_to_pay(plan: _Plan, order: Order) -> None:
    """What the wallet left to pay can't be paid in this way."""
    limit_paise = goods.fee_policy(plan.store).cod_limit_paise
    if order.cash_due_paise > limit_paise:
        raise CashLimit(
            say("Cash is possible up to {limit}. Please pay this order by UPI or card.", limit=rupees(limit_paise)),
            limit_paise=limit_paise,
        )
    if order.payment_method == Method.COD and "leave_at_door" in order.instructions:
        raise CashNeedsHand("Cash can't be left at the door. Pay by UPI or card, or take the bags yourself.")
    if order.payment_method != Method.WALLET:
        _refuse_too_many_open(plan, method=Method(order.payment_method))


def _pay_from_wallet(order: Order, *, shown_paise: int | None, now: datetime) -> None:
    order.wallet_paise = money.take_from_wallet(
        customer_id=order.customer_id,
        ref=order.pk,
        most_paise=order.total_paise,
        memo=f"Order {order.number}",
        shown_paise=shown_paise,
        now=now,
    )
    if order.wallet_paise and not order.to_pay_paise:
        order.payment_method, order.pay_by = Method.WALLET.value, None


def _changed(plan: _Plan, bill: Bill, *, because: str = "") -> BillChanged:
    return BillChanged(
        together(
            [because, say("The bill is now {total}. Please look at it once more.", total=rupees(bill.total_paise))]
        ),
        bill=bill_json(bill),
        lines=[
            {"sku": plan.rows[line.product_id].sku, "qty": line.qty, "unit_price_paise": line.unit_price_paise}
            for line in bill.lines
        ],
        store=plan.store.code,
    )


def _reserve(plan: _Plan, order: Order, *, now: datetime) -> None:
    """Count what the order uses of promotions, before the stock is locked. Raises BillChanged when one just ran out."""
    customer_id = order.customer_id
    try:
        promotions.reserve(ref=order.pk, customer_id=customer_id, uses=plan.offered.uses, now=now)
    except PromotionGone as gone:
        metrics.count("checkout_refused_total", reason="promotion-gone")
        bill, _ = price(
            plan.wanted,
            plan.rows,
            store=plan.store,
            metres=plan.place.distance_metres,
            tip_paise=plan.tip_paise,
            buyer=plan.buyer,
        )
        raise _changed(plan, bill, because=gone.detail) from None


def _refuse_too_many_open(plan: _Plan, *, method: Method) -> None:
    unpaid, cash = plan.open_orders
    if method == Method.COD:
        count, most = cash, settings.ORDER_MOST_OPEN_CASH
        sentence = say(
            "{n} cash orders are on their way to you. Pay this one by UPI or card, or wait for one of them.", n=count
        )
    else:
        count, most = unpaid, settings.ORDER_MOST_OPEN_UNPAID
        sentence = say("{n} of your orders wait for payment. Pay or cancel one of them first.", n=count)
    if most and count >= most:
        metrics.count("checkout_refused_total", reason="too-many-open-orders")
        raise TooManyOpenOrders(sentence, open=count, max=most)


def _checked(instructions: Sequence[str]) -> list[str]:
    chips = list(dict.fromkeys(instructions))
    unknown = [chip for chip in chips if chip not in INSTRUCTIONS]
    if unknown:
        raise Invalid(f"Unknown delivery instruction: {unknown[0][:40]}.", known=list(INSTRUCTIONS))
    return chips


def _hold(plan: _Plan, order: Order, *, until: datetime | None, actor: str, now: datetime) -> None:
    basket = {line.product_id: line.qty for line in sorted(plan.wanted, key=lambda line: line.product_id)}
    try:
        stock.hold(ref=order.pk, store_id=plan.store.pk, basket=basket, until=until, actor=actor, now=now)
    except OutOfStock as refusal:
        short: dict[int, int] = refusal.extra["short"]
        items = [
            {"sku": plan.rows[pk].sku, "name": plan.rows[pk].name, "wanted": basket[pk], "available": left}
            for pk, left in short.items()
        ]
        metrics.count("checkout_refused_total", reason="out-of-stock")
        first = items[0]
        left = (
            say("Only {n} left of {name}", n=first["available"], name=first["name"])
            if first["available"]
            else say("{name} just sold out", name=first["name"])
        )
        words = (
            say("{left} and {n} more. Change your cart and try again.", left=left, n=len(items) - 1)
            if len(items) > 1
            else say("{left}. Change your cart and try again.", left=left)
        )
        raise OutOfStock(words, short=short, items=items) from None


def _draft(plan: _Plan, *, customer_id: int, method: Method, instructions: list[str], now: datetime) -> Order:
    bill, address, slot = plan.bill, plan.address, plan.slot
    return Order(
        number=plan.number,
        customer_id=customer_id,
        store=plan.store,
        status=Status.PENDING,
        address_text=_address_text(address),
        lat=address.lat,
        lng=address.lng,
        door_instructions=address.door_instructions,
        instructions=instructions,
        contact_name=address.user.name,
        contact_phone=address.user.phone,
        distance_metres=plan.place.distance_metres,
        items_paise=bill.items_paise,
        delivery_paise=bill.delivery_paise,
        handling_paise=bill.handling_paise,
        small_cart_paise=bill.small_cart_paise,
        surge_paise=bill.surge_paise,
        tip_paise=bill.tip_paise,
        discount_paise=bill.discount_paise,
        tax_paise=bill.tax_paise,
        total_paise=bill.total_paise,
        fee_gst_bp=bill.fee_gst_bp,
        promotions=[{"id": one.rule.id, **one.as_dict()} for one in bill.promotions.applied] or None,
        cashback_paise=bill.cashback_paise,
        supplier_state=plan.store.city.state_code,
        place_of_supply=state_of_pincode(address.pincode) or plan.store.city.state_code,
        payment_method=method.value,
        is_gift=plan.cart.is_gift,
        gift_note=plan.cart.gift_note,
        gift_from=plan.cart.gift_from,
        slot=slot,
        release_at=None if plan.later is None else plan.later.release_at,
        promised_from=None if slot is None else slot.starts_at,
        promised_by=None if slot is None else slot.ends_at,
        placed_at=now,
        status_at=now,
        pay_by=None if method == Method.COD else now + pay_window(),
        door_otp=f"{secrets.randbelow(10_000):04d}",
    )


def _lines(order: Order, plan: _Plan) -> list[OrderLine]:
    billed = {line.product_id: line for line in plan.bill.lines}
    lines = []
    for wanted in plan.wanted:
        row, bill = plan.rows[wanted.product_id], billed[wanted.product_id]
        lines.append(
            OrderLine(
                order=order,
                product_id=wanted.product_id,
                sku=row.sku,
                name=row.name,
                pack=row.pack,
                image=row.image,
                qty=wanted.qty,
                unit_price_paise=bill.unit_price_paise,
                price_source=bill.source,
                mrp_paise=bill.mrp_paise,
                gst_bp=bill.gst_bp,
                hsn=row.hsn,
                discount_paise=bill.discount_paise,
                tax_paise=bill.tax_paise,
                consent=wanted.consent,
                substitute_up_to_paise=wanted.substitute_up_to_paise,
            )
        )
    return lines


def _promise(order: Order, plan: _Plan, quote: promise.Quote, inputs: dict[str, object], *, now: datetime) -> Promise:
    assert order.promised_by is not None
    if plan.later is not None:
        return Promise(
            order=order,
            version=VERSION,
            made_at=now,
            p50_at=plan.later.p50_at,
            promised_by=order.promised_by,
            inputs=plan.later.inputs,
        )
    why = [verdict.as_json() for verdict in plan.place.why]
    return Promise(
        order=order,
        version=quote.version,
        made_at=now,
        p50_at=quote.middle_at(now),
        promised_by=order.promised_by,
        inputs={**inputs, "sourcing": why},
    )


def _address_text(address: Address) -> str:
    parts = [address.line1, address.line2, address.landmark, address.pincode]
    return ", ".join(part for part in parts if part)[:500]

"""Everything that is decided before the first write: cart, address, store, prices, bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.expressions import RawSQL

from accounts.models import Address
from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from catalog.models import Store
from catalog.pricing import Bill
from catalog.queries import ShelfRow
from orders.errors import CartEmpty, NoSuchAddress
from orders.models import Cart, CartLine, Slot
from orders.queries import trusting
from orders.queries.carts import Wanted, price
from orders.queries.offers import Buyer, Offered
from orders.queries.places import MOST_STORES_ASKED, Serviceability, place_for_slot, sellable, source
from orders.queries.slots import Schedule, schedule_for, slot_of
from orders.queries.trusting import Trust
from orders.services.cart import MOST_TIP_PAISE
from orders.services.checkout.refusing import refuse_bad_lines, refuse_unless_served, slot_gone

NUMBER_SEQUENCE = "orders_order_number"
CART_THEN_LINES = ("cart", "self")


@dataclass(frozen=True, slots=True)
class Plan:
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
    trust: Trust
    """Open orders, and how far the customer is trusted with cash."""
    slot: Slot | None = None
    later: Schedule | None = None
    """When an order for the slot is worked on."""

    @property
    def units(self) -> int:
        return sum(line.qty for line in self.wanted)


def plan_of(
    *,
    customer_id: int,
    address_id: UUID,
    tip_paise: int | None,
    method: str,
    slot_id: int | None,
    use_wallet: bool,
    now: datetime,
) -> Plan:
    if tip_paise is not None and not 0 <= tip_paise <= MOST_TIP_PAISE:
        raise Invalid("This tip is not possible.")
    cart, number, wanted, trust = _locked_cart(customer_id, now=now)
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
            raise slot_gone(near, now=now)
        place = planned
    else:
        place = source(point=address.point, now=now, prefers_store_id=cart.store_id, units=size, stores=stores)
    if slot is None and place.store is not None and place.store.pk != cart.store_id:
        place = _source_elsewhere(place, stores, cart, wanted, size, now=now)
    refuse_unless_served(place)
    assert place.store is not None
    rows = goods.shelf_rows(store_id=place.store.pk, product_ids=[line.product_id for line in wanted])
    refuse_bad_lines(wanted, rows, store_id=place.store.pk)
    buyer = Buyer(now, customer_id, cart.coupon_code, method, slot is not None, use_wallet)
    tip = cart.tip_paise if tip_paise is None else tip_paise
    bill, given = price(wanted, rows, store=place.store, metres=place.distance_metres, tip_paise=tip, buyer=buyer)
    later = None
    if slot is not None:
        later = schedule_for(slot, place.store, to=address.point, lines=size[0], units=size[1], now=now)
    return Plan(cart, number, wanted, rows, address, place, place.store, bill, given, tip, buyer, trust, slot, later)


def _locked_cart(customer_id: int, *, now: datetime) -> tuple[Cart, str, list[Wanted], Trust]:
    """The cart, its lines, a new order number and what is known about the customer, in one statement.

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
            trust=trusting.facts(customer_id, now=now),
        )
        .select_for_update(of=CART_THEN_LINES)
        .order_by("pk")
    )
    if not lines:
        raise CartEmpty("Your cart is empty.")
    wanted = [Wanted(line.product_id, line.qty, line.consent, line.substitute_up_to_paise) for line in lines]
    return lines[0].cart, f"T-{lines[0].number}", wanted, trusting.read(lines[0].trust, now=now)


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
    near = [store for rank, store in enumerate(stores) if rank < MOST_STORES_ASKED or store.pk == cart.store_id]
    basket = {line.product_id: line.qty for line in wanted}
    free = sellable(near, product_ids=list(basket))
    return source(
        point=place.point, now=now, prefers_store_id=cart.store_id, units=size, stores=near, basket=basket, free=free
    )

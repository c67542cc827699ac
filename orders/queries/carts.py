"""What is in a cart, what it costs, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Address
from blinkit.kernel.errors import SignInNeeded
from blinkit.kernel.geo import Point
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from catalog import queries as goods
from catalog.models import Store
from catalog.pricing import Bill, BillInput, LineInput, make_bill
from catalog.pricing.tiers import Charged, Tier, next_tier, source_of
from catalog.queries import ShelfRow
from catalog.ways import way_metres
from inventory import queries as stock
from orders.models import Cart, CartLine, Consent
from orders.queries.carrying import too_much
from orders.queries.offers import Buyer, Offered, offered
from orders.queries.places import fees_json
from orders.queries.quotes import remember
from payments.models import Method
from payments.queries import wallet_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as the customer asked for it."""

    product_id: int
    qty: int
    consent: str = Consent.REFUND.value
    substitute_up_to_paise: int = 0


WANTED = ("product_id", "qty", "consent", "substitute_up_to_paise")
"""A cart line's columns, in the order of Wanted's fields."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to settle before this cart can be ordered. `code` is for programs, `sentence` for people."""

    code: str
    sentence: str
    product_id: int | None = None
    sku: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "sentence": self.sentence, "sku": self.sku or None}


@dataclass(frozen=True, slots=True)
class CartLineView:
    """A line with today's price and what is free. Not billed when the shelf does not list it (`row` None)."""

    product_id: int
    qty: int
    consent: str
    row: ShelfRow | None
    free: int
    problem: Problem | None = None
    substitute_up_to_paise: int = 0
    cost: Charged | None = None
    nudge: Tier | None = None

    @property
    def unit_paise(self) -> int:
        """What one unit costs in this line, in this quantity and for this buyer."""
        return self.cost.paise if self.cost is not None else 0 if self.row is None else self.row.price_paise

    @property
    def gross_paise(self) -> int:
        return self.unit_paise * self.qty

    @property
    def saved_paise(self) -> int:
        return 0 if self.row is None else (self.row.mrp_paise - self.unit_paise) * self.qty

    def as_dict(self) -> dict[str, Any]:
        row = self.row
        out: dict[str, Any] = {"sku": None, "name": "No longer sold here"} if row is None else row.as_dict()
        out["qty"] = self.qty
        out["consent"] = self.consent
        out["substitute_up_to_paise"] = self.substitute_up_to_paise
        out["unit_price_paise"] = self.unit_paise
        out["gross_paise"] = self.gross_paise
        out["tier"] = None if self.cost is None or self.cost.tier is None else self.cost.tier.as_dict()
        out["nudge"] = None if self.nudge is None else self.nudge.as_dict()
        out["available_qty"] = 0 if row is None else max(0, min(self.free, row.max_per_order))
        out["problem"] = None if self.problem is None else self.problem.as_dict()
        return out


@dataclass(frozen=True, slots=True)
class CartView:
    """A priced cart. `bill.fingerprint()` is what checkout compares. `cart` is None for a cart nobody has begun."""

    cart: Cart | None
    store: Store | None
    lines: tuple[CartLineView, ...]
    bill: Bill
    problems: tuple[Problem, ...] = ()
    tip_paise: int = 0
    distance_metres: int = 0
    fees: dict[str, Any] = field(default_factory=dict)
    offered: Offered = Offered()  # noqa: RUF009

    @property
    def units(self) -> int:
        return sum(line.qty for line in self.lines)

    @property
    def fingerprint(self) -> str:
        return self.bill.fingerprint()

    @property
    def gone_ids(self) -> list[int]:
        """Products its store no longer sells."""
        return [line.product_id for line in self.lines if line.row is None]

    @property
    def can_check_out(self) -> bool:
        return bool(self.lines) and not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": None if self.cart is None else self.cart.pk,
            "store": None if self.store is None else store_json(self.store),
            "lines": [line.as_dict() for line in self.lines],
            "units": self.units,
            "bill": bill_json(self.bill),
            "problems": [problem.as_dict() for problem in self.problems],
            "can_check_out": self.can_check_out,
            "ways": None,  # told by GET cart/ only, to somebody who has signed in
            "tip_paise": self.tip_paise,
            "gift": gift_json(self.cart),
            "coupon": self.offered.coupon,
            "promotions": self.offered.as_dict(),
            "fees": self.fees or None,
            "currency": "INR",
        }


EMPTY_BILL = Bill((), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
EMPTY = CartView(cart=None, store=None, lines=(), bill=EMPTY_BILL)


def bill_json(bill: Bill) -> dict[str, Any]:
    """The bill as the API shows it: each part a figure of its own, with why a fee is there."""
    return {
        "items_paise": bill.items_paise,
        "delivery_paise": bill.delivery_paise,
        "handling_paise": bill.handling_paise,
        "small_cart_paise": bill.small_cart_paise,
        "surge_paise": bill.surge_paise,
        "tip_paise": bill.tip_paise,
        "discount_paise": bill.discount_paise,
        "tax_paise": bill.tax_paise,
        "total_paise": bill.total_paise,
        "saved_paise": bill.saved_paise,
        "cashback_paise": bill.cashback_paise,
        "why": bill.fees_why,
        "fingerprint": bill.fingerprint(),
        "currency": "INR",
    }


def store_json(store: Store) -> dict[str, Any]:
    """A cart's store. One that was switched off keeps its carts: checkout finds another one that has the items."""
    return {"code": store.code, "name": store.name, "is_active": store.is_active}


def gift_json(of: Any) -> dict[str, Any] | None:
    """The gift of a cart or an order; None when it is none."""
    return {"note": of.gift_note, "from_name": of.gift_from} if of is not None and of.is_gift else None


def cart_view(
    *,
    customer_id: int | None = None,
    guest_token: UUID | None = None,
    to: Point | None = None,
    method: str = "",
    later: bool = False,
    use_wallet: bool = False,
    now: datetime | None = None,
) -> CartView:
    """The cart of a customer or guest, priced now for a delivery to `to` (default: the customer's default address).

    With a way to pay (`method`) its own promotions count as well, unless the wallet is to pay first (`use_wallet`) and
    pays all; for a slot (`later`) the busy hour of now does not.
    """
    owner = {"customer_id": customer_id} if customer_id is not None else {"guest_token": guest_token}
    if owner.get("customer_id") is None and guest_token is None:
        raise SignInNeeded("Sign in, or send the token of a guest's cart.")
    cart = Cart.objects.filter(**owner).first()
    if cart is None:
        return EMPTY
    lines = CartLine.objects.filter(cart=cart).values_list(*WANTED)
    wanted, store = [Wanted(*line) for line in lines], goods.store_by_id(cart.store_id)
    return view_of(cart, wanted, store=store, to=to, method=method, later=later, use_wallet=use_wallet, now=now)


def view_of(
    cart: Cart,
    wanted: Sequence[Wanted],
    *,
    store: Store,
    to: Point | None = None,
    rows: Mapping[int, ShelfRow] | None = None,
    method: str = "",
    later: bool = False,
    use_wallet: bool = False,
    now: datetime | None = None,
) -> CartView:
    """Price these lines at this store. Two or three statements; `rows` saves one where the caller has them."""
    ids = [line.product_id for line in wanted]
    if rows is None:
        rows = goods.shelf_rows(store_id=store.pk, product_ids=ids)
    free = stock.free(store_id=store.pk, product_ids=ids) if ids else {}
    if to is None and cart.customer_id is not None:
        to = default_place(cart.customer_id)
    metres = 0 if to is None else way_metres(store, to)
    policy = goods.fee_policy(store)
    buyer = Buyer(now or timezone.now(), cart.customer_id, cart.coupon_code, method, later, use_wallet)
    bill, given = price(wanted, rows, store=store, metres=metres, tip_paise=cart.tip_paise, buyer=buyer)
    remember(bill)
    lines = tuple(
        _line(line, rows.get(line.product_id), free.get(line.product_id, 0), given.costs.get(line.product_id))
        for line in wanted
    )
    problems = [line.problem for line in lines if line.problem is not None]
    missing_paise = policy.minimum_order_paise - bill.items_paise
    if wanted and missing_paise > 0:
        least = rupees(policy.minimum_order_paise)
        sentence = say("Add {more} more: orders start at {least}.", more=rupees(missing_paise), least=least)
        problems.append(Problem("below-minimum", sentence))
    if (heavy := too_much(wanted, rows, store=store)) is not None:
        problems.append(Problem("too-much-to-carry", heavy.sentence))
    return CartView(
        cart=cart,
        store=store,
        lines=lines,
        bill=bill,
        problems=tuple(problems),
        tip_paise=cart.tip_paise,
        distance_metres=metres,
        fees=fees_json(policy),
        offered=given,
    )


def price(
    wanted: Sequence[Wanted],
    rows: Mapping[int, ShelfRow],
    *,
    store: Store,
    metres: int,
    tip_paise: int,
    buyer: Buyer,
) -> tuple[Bill, Offered]:
    """The one way a basket is priced, for the cart and at checkout. Lines the shelf does not list cost nothing.

    Where the wallet would pay all of it, an offer for another way to pay does not count: nothing is paid that way.
    """
    bill, given = _priced(wanted, rows, store=store, metres=metres, tip_paise=tip_paise, buyer=buyer)
    if buyer.use_wallet and given.asks_for_a_way and buyer.customer_id is not None:
        balance_paise = wallet_of(buyer.customer_id, now=buyer.now).balance_paise
        if 0 < bill.total_paise <= balance_paise:
            by_wallet = replace(buyer, method=Method.WALLET.value)
            return _priced(wanted, rows, store=store, metres=metres, tip_paise=tip_paise, buyer=by_wallet)
    return bill, given


def _priced(
    wanted: Sequence[Wanted],
    rows: Mapping[int, ShelfRow],
    *,
    store: Store,
    metres: int,
    tip_paise: int,
    buyer: Buyer,
) -> tuple[Bill, Offered]:
    given = offered({line.product_id: line.qty for line in wanted}, rows, store=store, buyer=buyer)
    billed = [
        LineInput(
            product_id=line.product_id,
            qty=line.qty,
            unit_price_paise=given.costs[line.product_id].paise,
            mrp_paise=row.mrp_paise,
            gst_bp=row.gst_bp,
            base_paise=row.price_paise,
            source=source_of(row.price_source, given.costs[line.product_id].tier),
        )
        for line in wanted
        if (row := rows.get(line.product_id)) is not None
    ]
    surge_paise, surge_why = (0, "") if buyer.later else goods.current_surge(store, now=buyer.now)
    bill = make_bill(
        BillInput(
            lines=billed,
            policy=goods.fee_policy(store),
            distance_metres=metres,
            surge_paise=surge_paise,
            surge_why=surge_why,
            tip_paise=tip_paise,
            promotions=given.decision,
        )
    )
    return bill, given


def default_place(customer_id: int) -> Point | None:
    """Where the customer's default address is."""
    found = (
        Address.objects.filter(user_id=customer_id, is_default=True, deleted_at=None).values_list("lat", "lng").first()
    )
    return None if found is None else Point(*found)


def _line(wanted: Wanted, row: ShelfRow | None, free: int, cost: Charged | None) -> CartLineView:
    problem: Problem | None = None
    if row is None:
        problem = Problem("not-on-shelf", "This item is no longer sold here: take it out.", wanted.product_id)
    elif free < wanted.qty:
        words = (
            say("{name}: Only {n} left.", name=row.name, n=free)
            if free > 0
            else say("{name}: Sold out.", name=row.name)
        )
        problem = Problem("out-of-stock", words, wanted.product_id, row.sku)
    elif wanted.qty > row.max_per_order:
        words = say("{name}: at most {most} per order.", name=row.name, most=row.max_per_order)
        problem = Problem("too-many-units", words, wanted.product_id, row.sku)
    nudge: Tier | None = None
    if row is not None and cost is not None and row.tiers_json:
        most = min(free, row.max_per_order)
        nudge = next_tier(row.tiers, qty=wanted.qty, paid_paise=cost.paise, most=most)
    cap_paise = wanted.substitute_up_to_paise
    return CartLineView(wanted.product_id, wanted.qty, wanted.consent, row, free, problem, cap_paise, cost, nudge)

"""Filling a cart. One open cart per customer or guest; the server prices it, clients only say what and how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from blinkit.kernel.errors import Invalid, SignInNeeded
from blinkit.kernel.geo import Point
from blinkit.kernel.ids import uuid7
from blinkit.kernel.said import say
from catalog import queries as goods
from catalog.queries import ShelfRow
from catalog.services import normal_code
from inventory import queries as stock
from inventory.errors import OutOfStock
from orders.errors import CartEmpty, NotOnShelf, TooManyUnits
from orders.models import Cart, CartLine, Consent
from orders.queries.carts import EMPTY, WANTED, CartView, Wanted, view_of
from orders.services.mover import joining

MOST_LINES = 60
MOST_UNITS_PER_LINE = 99
MOST_TIP_PAISE = 100_000
MOST_SUBSTITUTE_UP_TO_PAISE = 100_000
LONGEST_GIFT_NOTE = 200
LONGEST_GIFT_FROM = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A line as an app sends it: by SKU."""

    sku: str
    qty: int
    consent: str = Consent.REFUND.value
    substitute_up_to_paise: int = 0


@joining
def open_cart(*, store_id: int, now: datetime, customer_id: int | None = None, guest_token: UUID | None = None) -> Cart:
    """The owner's cart at this store, made when there is none. An open cart moves to the store, lines and all."""
    return _upsert(customer_id=customer_id, guest_token=guest_token, store_id=store_id, tip_paise=None, now=now)


@joining
def replace_lines(
    *,
    store_code: str,
    lines: Sequence[Asked],
    now: datetime,
    tip_paise: int = 0,
    customer_id: int | None = None,
    guest_token: UUID | None = None,
    to: Point | None = None,
) -> CartView:
    """The whole cart as an app holds it, priced. What was in it before is gone; no lines empties it.

    A SKU the shelf does not list is refused (NotOnShelf), as are more units than one order may have (TooManyUnits);
    sold-out goods may stand in a cart and show as problems.
    """
    if len(lines) > MOST_LINES:
        raise Invalid(say("A cart holds at most {most} different items.", most=MOST_LINES))
    if not 0 <= tip_paise <= MOST_TIP_PAISE:
        raise Invalid("This tip is not possible.")
    store = goods.store_by_code(store_code)
    by_sku = goods.shelf_rows_by_sku(store_id=store.pk, skus=[line.sku for line in lines])
    wanted: dict[int, Wanted] = {}
    for line in lines:
        row = by_sku.get(line.sku)
        if row is None:
            raise NotOnShelf("This item is not sold here (any more).", sku=line.sku)
        before = wanted[row.product_id].qty if row.product_id in wanted else 0
        _refuse_too_many(row, before + line.qty)
        wanted[row.product_id] = Wanted(
            row.product_id, before + line.qty, Consent(line.consent).value, _checked_cap(line.substitute_up_to_paise)
        )
    cart = _upsert(customer_id=customer_id, guest_token=guest_token, store_id=store.pk, tip_paise=tip_paise, now=now)
    _write_lines(cart, list(wanted.values()), now=now)
    rows = {row.product_id: row for row in by_sku.values()}
    return view_of(cart, list(wanted.values()), store=store, to=to, rows=rows, now=now)


@transaction.atomic
def set_line(
    *,
    qty: int,
    now: datetime,
    store_code: str = "",
    store_id: int | None = None,
    sku: str = "",
    product_id: int | None = None,
    consent: str = "",
    substitute_up_to_paise: int | None = None,
    customer_id: int | None = None,
    guest_token: UUID | None = None,
    to: Point | None = None,
) -> CartView:
    """Set how many of one product are in the cart (0 takes it out); says the whole cart again.

    The product by SKU or id, the store by code or id; without a store the cart's own. Raises NotOnShelf, TooManyUnits.
    """
    cart = _find(customer_id=customer_id, guest_token=guest_token)
    if cart is not None:
        cart = Cart.objects.select_for_update().get(pk=cart.pk)
    if not store_code and store_id is None:
        if cart is None:
            raise Invalid("Choose a store first: send the code that serviceability gave.")
        store_id = cart.store_id
    store = goods.store_by_code(store_code) if store_code else goods.store_by_id(store_id or 0)
    row = _row_of(store.pk, sku, product_id)
    if qty < 0:
        raise Invalid("A quantity is never negative.")
    if qty:
        if row is None:
            raise NotOnShelf("This item is not sold here (any more).", sku=sku)
        _refuse_too_many(row, qty)
    elif cart is None:
        return EMPTY
    if cart is None or cart.store_id != store.pk:
        cart = _upsert(customer_id=customer_id, guest_token=guest_token, store_id=store.pk, tip_paise=None, now=now)
    lines = CartLine.objects.filter(cart=cart)
    product_id = row.product_id if row is not None else product_id
    if qty and product_id:
        _put(cart, product_id, qty, consent, substitute_up_to_paise, now=now)
    elif product_id:
        lines.filter(product_id=product_id).delete()
    else:
        lines.filter(product__sku=sku).delete()
    wanted = [Wanted(*line) for line in lines.values_list(*WANTED)]
    return view_of(cart, wanted, store=store, to=to, now=now)


@transaction.atomic
def swap_line(
    *,
    sku: str,
    instead: str,
    now: datetime,
    customer_id: int | None = None,
    guest_token: UUID | None = None,
    to: Point | None = None,
) -> CartView:
    """Take something similar for what is not there of one line: the line keeps the units its store has, the missing
    ones come as the other product (as many as there are of it, and as one order may have). What to do when it can't be
    found goes along.

    Raises CartEmpty without the line (taken by another tap already, too: nothing is taken twice), NotOnShelf for what
    this store does not sell, OutOfStock when nothing of the other product is left.
    """
    found = _find(customer_id=customer_id, guest_token=guest_token)
    if found is None:
        raise CartEmpty("This item is not in your cart any more.")
    cart = Cart.objects.select_for_update().get(pk=found.pk)
    line = CartLine.objects.filter(cart=cart, product__sku=sku).first()
    if line is None:
        raise CartEmpty("This item is not in your cart any more.")
    store = goods.store_by_id(cart.store_id)
    rows = goods.shelf_rows_by_sku(store_id=store.pk, skus=[sku, instead])
    other = rows.get(instead)
    if other is None or instead == sku:
        raise NotOnShelf("This item is not sold here (any more).", sku=instead)
    free = stock.free(store_id=store.pk, product_ids=[line.product_id, other.product_id])
    there = min(line.qty, max(0, free.get(line.product_id, 0))) if sku in rows else 0
    lines = CartLine.objects.filter(cart=cart)
    had = lines.filter(product_id=other.product_id).values_list("qty", flat=True).first() or 0
    most = min(other.max_per_order, MOST_UNITS_PER_LINE, max(0, free.get(other.product_id, 0)))
    qty = min(had + line.qty - there, most)
    if qty <= had and there < line.qty:
        raise OutOfStock(say("{name} just sold out.", name=other.name), short={other.product_id: most})
    if there < line.qty:
        lines.filter(product_id=line.product_id).update(qty=there) if there else line.delete()
        taken = {"qty": qty, "consent": line.consent, "substitute_up_to_paise": line.substitute_up_to_paise}
        if had:
            lines.filter(product_id=other.product_id).update(qty=qty)
        else:
            CartLine.objects.create(cart=cart, product_id=other.product_id, added_at=now, **taken)
    wanted = [Wanted(*row) for row in lines.values_list(*WANTED)]
    return view_of(cart, wanted, store=store, to=to, now=now)


@joining
def set_tip(*, tip_paise: int, customer_id: int | None = None, guest_token: UUID | None = None) -> None:
    """The rider's tip for the next order. Raises Invalid outside 0 to ₹1,000."""
    if not 0 <= tip_paise <= MOST_TIP_PAISE:
        raise Invalid("This tip is not possible.")
    cart = _find(customer_id=customer_id, guest_token=guest_token)
    if cart is not None:
        Cart.objects.filter(pk=cart.pk).update(tip_paise=tip_paise)


@joining
def set_gift(
    *,
    is_gift: bool,
    note: str = "",
    from_name: str = "",
    customer_id: int | None = None,
    guest_token: UUID | None = None,
) -> None:
    """Whether the next order is a gift, the words on its card and who it is from. What goes with the bags then shows no
    prices. Raises Invalid for more than 200 characters (60 of the name), CartEmpty when there is no cart yet."""
    note, from_name = note.strip(), " ".join(from_name.split())
    if "\x00" in note + from_name:
        raise Invalid("This is not a text.")
    if len(note) > LONGEST_GIFT_NOTE:
        raise Invalid(f"A gift note has at most {LONGEST_GIFT_NOTE} characters; this one has {len(note)}.")
    if len(from_name) > LONGEST_GIFT_FROM:
        raise Invalid(f"The name on a gift has at most {LONGEST_GIFT_FROM} characters.")
    cart = _find(customer_id=customer_id, guest_token=guest_token)
    if cart is None:
        raise CartEmpty("Put something into your cart first.")
    Cart.objects.filter(pk=cart.pk).update(
        is_gift=is_gift, gift_note=note if is_gift else "", gift_from=from_name if is_gift else ""
    )


@joining
def set_coupon(
    *,
    code: str,
    now: datetime,
    customer_id: int | None = None,
    guest_token: UUID | None = None,
    to: Point | None = None,
) -> CartView:
    """Put a coupon code on the cart ("" takes it off); says the whole cart again, with whether the code counts and why.

    A code that opens nothing stays where it is typed, in the answer's `coupon`, and not on the cart. Raises Invalid
    for what can't be a code, CartEmpty when there is no cart yet.
    """
    cart = _find(customer_id=customer_id, guest_token=guest_token)
    if cart is None:
        raise CartEmpty("Put something into your cart first.")
    before, cart.coupon_code = cart.coupon_code, normal_code(code) if code.strip() else ""
    lines = CartLine.objects.filter(cart=cart).values_list(*WANTED)
    store = goods.store_by_id(cart.store_id)
    view = view_of(cart, [Wanted(*line) for line in lines], store=store, to=to, now=now)
    coupon = view.offered.coupon
    if coupon is not None and not coupon["exists"]:
        cart.coupon_code = before
    elif cart.coupon_code != before:
        Cart.objects.filter(pk=cart.pk).update(coupon_code=cart.coupon_code)
    return view


@joining
def empty_cart(*, customer_id: int | None = None, guest_token: UUID | None = None) -> None:
    """Take everything out. Silent when there is no cart."""
    cart = _find(customer_id=customer_id, guest_token=guest_token)
    if cart is not None:
        # The cart before its lines: this update is its lock.
        Cart.objects.filter(pk=cart.pk).update(tip_paise=0, coupon_code="", is_gift=False, gift_note="", gift_from="")
        CartLine.objects.filter(cart=cart).delete()


@transaction.atomic
def adopt_guest_cart(*, guest_token: UUID, customer_id: int, now: datetime | None = None) -> Cart | None:
    """After signing in: the guest's cart becomes the customer's. Silent when there is none (any more).

    What the guest chose last wins: quantities of the guest's lines replace the customer's for the same product, other
    lines of the customer stay when they were at the same store.
    """
    guest = Cart.objects.select_for_update().filter(guest_token=guest_token).first()
    if guest is None:
        return _find(customer_id=customer_id, guest_token=None)
    own = Cart.objects.select_for_update().filter(customer_id=customer_id).first()
    if own is None:
        guest.customer_id, guest.guest_token = customer_id, None
        guest.save(update_fields=["customer", "guest_token"])
        return guest
    theirs = list(guest.lines.all())
    if theirs:
        if own.store_id != guest.store_id:
            own.lines.all().delete()
            own.store_id = guest.store_id
        kept = {line.product_id for line in theirs}
        own.lines.filter(product_id__in=kept).delete()
        CartLine.objects.filter(cart=guest).update(cart=own)
        own.coupon_code = guest.coupon_code or own.coupon_code
        changed = ["store", "coupon_code", "updated_at"]
        if guest.is_gift:
            own.is_gift, own.gift_note, own.gift_from = True, guest.gift_note, guest.gift_from
            changed += ["is_gift", "gift_note", "gift_from"]
        own.updated_at = now or timezone.now()
        own.save(update_fields=changed)
    guest.delete()
    return own


def _find(*, customer_id: int | None, guest_token: UUID | None) -> Cart | None:
    if customer_id is not None:
        return Cart.objects.filter(customer_id=customer_id).first()
    if guest_token is None:
        raise SignInNeeded("Sign in, or send the token of a guest's cart.")
    return Cart.objects.filter(guest_token=guest_token).first()


def _row_of(store_id: int, sku: str, product_id: int | None) -> ShelfRow | None:
    if sku:
        return goods.shelf_rows_by_sku(store_id=store_id, skus=[sku]).get(sku)
    rows: Mapping[int, ShelfRow] = goods.shelf_rows(store_id=store_id, product_ids=[product_id or 0])
    return rows.get(product_id or 0)


def _put(
    cart: Cart, product_id: int, qty: int, consent: str, substitute_up_to_paise: int | None, *, now: datetime
) -> None:
    """So many of it, in its line or a new one. What is not said of a substitute stays as it was."""
    changes: dict[str, Any] = {"qty": qty}
    if consent:
        changes["consent"] = Consent(consent).value
    if substitute_up_to_paise is not None:
        changes["substitute_up_to_paise"] = _checked_cap(substitute_up_to_paise)
    lines = CartLine.objects.filter(cart=cart)
    if not lines.filter(product_id=product_id).update(**changes):
        if lines.count() >= MOST_LINES:
            raise Invalid(say("A cart holds at most {most} different items.", most=MOST_LINES))
        CartLine.objects.create(cart=cart, product_id=product_id, added_at=now, **changes)


def _refuse_too_many(row: ShelfRow, qty: int) -> None:
    if qty < 1:
        raise Invalid("A line needs a quantity of at least one.")
    most = min(row.max_per_order, MOST_UNITS_PER_LINE)
    if qty > most:
        raise TooManyUnits(say("{name}: at most {most} per order.", name=row.name, most=most), sku=row.sku, max=most)


def _checked_cap(paise: int) -> int:
    if not 0 <= paise <= MOST_SUBSTITUTE_UP_TO_PAISE:
        raise Invalid("A substitute may be up to ₹1,000 dearer, no more.")
    return paise


def _upsert(
    *, customer_id: int | None, guest_token: UUID | None, store_id: int, tip_paise: int | None, now: datetime
) -> Cart:
    """The owner's cart, locked, in one statement. `tip_paise` None leaves the tip as it is."""
    if customer_id is None and guest_token is None:
        raise SignInNeeded("Sign in, or send the token of a guest's cart.")
    owner = "customer_id" if customer_id is not None else "guest_token"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_cart AS c (id, {owner}, store_id, tip_paise, updated_at)"
            " VALUES (%(id)s, %(owner)s, %(store)s, coalesce(%(tip)s, 0), %(now)s)"
            f" ON CONFLICT ({owner}) DO UPDATE SET store_id = EXCLUDED.store_id,"
            " tip_paise = coalesce(%(tip)s, c.tip_paise), updated_at = EXCLUDED.updated_at"
            " RETURNING id, tip_paise, coupon_code, is_gift, gift_note, gift_from",
            {
                "id": uuid7(),
                "owner": customer_id if customer_id is not None else guest_token,
                "store": store_id,
                "tip": tip_paise,
                "now": now,
            },
        )
        pk, tip, code, is_gift, gift_note, gift_from = cursor.fetchone()
    return Cart(
        id=pk,
        customer_id=customer_id,
        guest_token=None if customer_id is not None else guest_token,
        store_id=store_id,
        tip_paise=tip,
        coupon_code=code,
        is_gift=is_gift,
        gift_note=gift_note,
        gift_from=gift_from,
        updated_at=now,
    )


def _write_lines(cart: Cart, wanted: Sequence[Wanted], *, now: datetime) -> None:
    """Make the cart's lines exactly these, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM orders_cartline WHERE cart_id = %(cart)s AND product_id <> ALL(%(products)s))"
            " INSERT INTO orders_cartline (cart_id, product_id, qty, consent, substitute_up_to_paise, added_at)"
            " SELECT %(cart)s, w.product_id, w.qty, w.consent, w.cap, %(now)s"
            " FROM unnest(%(products)s::bigint[], %(qty)s::int[], %(consents)s::text[], %(caps)s::int[])"
            " AS w(product_id, qty, consent, cap)"
            " ON CONFLICT (cart_id, product_id) DO UPDATE SET qty = EXCLUDED.qty, consent = EXCLUDED.consent,"
            " substitute_up_to_paise = EXCLUDED.substitute_up_to_paise",
            {
                "cart": cart.pk,
                "products": [line.product_id for line in wanted],
                "qty": [line.qty for line in wanted],
                "consents": [line.consent for line in wanted],
                "caps": [line.substitute_up_to_paise for line in wanted],
                "now": now,
            },
        )

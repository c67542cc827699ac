"""Goods come in: what is expected, one delivery line by line, what is to be put away, what differed."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, NotAllowed, Refusal
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.words import said
from catalog.models import Product, Store
from fulfillment import access
from fulfillment.web.parts import Feedback, act, is_htmx, nonce_of, number_of, screen, show, uuid_of
from inventory import inbound_queries as arriving
from inventory import putaway as places
from inventory.errors import ShortDated
from inventory.gs1 import Label
from inventory.models import GoodsReceipt
from inventory.services import inbound

LONGEST_CODE = 128
"""GS1 codes say more than a number."""


@screen
def expected(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    purchases, transfers, opened = arriving.expected(store_id=store.pk)
    busy = {receipt.purchase_id or receipt.transfer_id for receipt in opened}
    context = {
        "purchases": [order for order in purchases if order.pk not in busy],
        "transfers": [transfer for transfer in transfers if transfer.pk not in busy],
        "opened": opened,
        "today": _today(store),
        "new_id": uuid4(),
        "live_url": f"/ws/stores/{store.code}/",
        **_around(store, "deliveries"),
    }
    name = "fulfillment/inbound.html#now" if is_htmx(request) else "fulfillment/inbound.html"
    return show(request, name, store, context)


@act("floor-inbound")
def open_one(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    receipt = inbound.open_receipt(
        store_id=store.pk,
        purchase_id=uuid_of(request, "purchase"),
        transfer_id=uuid_of(request, "transfer"),
        receipt_id=uuid_of(request, "receipt"),
        actor=_who(request),
        now=timezone.now(),
    )
    return redirect("floor-receipt", code, receipt.pk)


@screen
def receipt(request: HttpRequest, code: str, receipt_id: UUID) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    one = arriving.receipt_of(receipt_id=receipt_id, store_id=store.pk)
    scanned = request.GET.get("code", "")[:LONGEST_CODE]
    return _understood(request, store, one, scanned) if scanned else _panel(request, store, one)


@act("floor-inbound")
def scan(request: HttpRequest, code: str, receipt_id: UUID) -> HttpResponse:
    """A code was read: the form for what it is. Nothing is written."""
    store = access.store_to_work_in(request.user, code)
    one = arriving.receipt_of(receipt_id=receipt_id, store_id=store.pk)
    return _understood(request, store, one, request.POST.get("code", "")[:LONGEST_CODE])


@act("floor-inbound")
def line(request: HttpRequest, code: str, receipt_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    one = arriving.receipt_of(receipt_id=receipt_id, store_id=store.pk)
    product = Product.objects.select_related("category").filter(sku=request.POST.get("sku", "")[:40]).first()
    if product is None:
        raise Invalid("Scan the product first.")
    typed = {name: request.POST.get(name, "").strip()[:40] for name in ("qty", "damaged", "lot", "day", "degrees")}
    if_short = request.POST.get("if_short", "")
    try:
        if if_short == inbound.KEEP and not access.standing(request.user, store)[1]:
            raise Invalid("Only the store's manager can take in what is too short-dated.")
        entered = inbound.enter_line(
            receipt_id=one.pk,
            product_id=product.pk,
            qty=number_of(request, "qty"),
            damaged=number_of(request, "damaged"),
            lot=typed["lot"],
            expires_on=typed_day(typed["day"], today=_today(store)),
            temperature_c=_degrees(typed["degrees"]),
            if_short=if_short,
            nonce=nonce_of(request),
            actor=_who(request),
            now=timezone.now(),
        )
    except ShortDated as refusal:
        entry = _entry(product, typed) | {"too_short": True}
        return _panel(request, store, one, feedback=Feedback("refused", said(refusal.detail)), entry=entry)
    except Refusal as refusal:
        feedback = Feedback("refused", said(refusal.detail))
        return _panel(request, store, one, feedback=feedback, entry=_entry(product, typed))
    if entered.refused:
        text = _("Not taken in: %(why)s. Set it apart for the driver.") % {"why": _(entered.get_refused_why_display())}
        return _panel(request, store, one, feedback=Feedback("wrong", text))
    if entered.stays_blocked:
        return _panel(request, store, one, feedback=Feedback("note", _("Taken in, but off sale: keep it apart.")))
    return _panel(request, store, one, feedback=Feedback("right", f"{entered.qty} ×"))


@act("floor-inbound")
def take_back(request: HttpRequest, code: str, receipt_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    one = arriving.receipt_of(receipt_id=receipt_id, store_id=store.pk)
    try:
        inbound.take_line_back(receipt_id=one.pk, line_id=number_of(request, "line"), now=timezone.now())
    except Refusal as refusal:
        return _panel(request, store, one, feedback=Feedback("refused", said(refusal.detail)))
    return _panel(request, store, one, feedback=Feedback("note", _("Taken back.")))


@act("floor-inbound")
def close(request: HttpRequest, code: str, receipt_id: UUID) -> HttpResponse:
    store, now = access.store_to_work_in(request.user, code), timezone.now()
    one = arriving.receipt_of(receipt_id=receipt_id, store_id=store.pk)
    try:
        if request.POST.get("act") == "give_up":
            inbound.give_up(receipt_id=one.pk, actor=_who(request), now=now)
            return redirect("floor-inbound", code)
        more = request.POST.get("more") == "yes"
        inbound.close(receipt_id=one.pk, more_to_come=more, actor=_who(request), now=now)
        messages.success(request, _("Received. It can be sold now: put it away next."))
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("floor-receipt", code, receipt_id)


# -- to its place ------------------------------------------------------------------------------------------------------


@screen
def putaway(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    return _shelves(request, store, chosen=request.GET.get("item", ""))


@act("floor-putaway")
def put_away(request: HttpRequest, code: str) -> HttpResponse:
    """A bin was scanned: the item in hand lies there. A product was scanned: it is in hand now."""
    store = access.store_to_work_in(request.user, code)
    scanned, item = request.POST.get("code", "").strip()[:LONGEST_CODE], request.POST.get("item", "")
    product = arriving.product_by(scanned, today=_today(store))
    if product is not None:
        rows = arriving.to_put_away(store_id=store.pk)
        found = next((row for row in rows if row.batch.stock.product_id == product.pk), None)
        if found is None:
            return _shelves(request, store, item, Feedback("wrong", _("Nothing of this is to be put away.")))
        return _shelves(request, store, str(found.pk))
    try:
        done = inbound.put_away(
            putaway_id=number_of(request, "item"), store_id=store.pk, bin_code=scanned, actor=_who(request),
            now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        return _shelves(request, store, item, Feedback("wrong", said(refusal.detail)))
    return _shelves(request, store, "", Feedback("right", done.bin.code if done.bin else ""))


# -- what differed -----------------------------------------------------------------------------------------------------


@screen
def differences(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    if not access.standing(request.user, store)[1] and access.READERS.isdisjoint(roles_of(request.user)):
        raise NotAllowed("Only the store's manager can see that.")
    context = {
        "open_rows": arriving.differences(store_id=store.pk),
        "settled": arriving.differences(store_id=store.pk, settled=True)[:20],
        **_around(store, "differences"),
    }
    return show(request, "fulfillment/differences.html", store, context)


@act("floor-differences")
def settle(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_manage(request.user, code)
    inbound.settle(
        discrepancy_id=number_of(request, "row"), store_id=store.pk, settlement=request.POST.get("how", ""),
        actor=_who(request), now=timezone.now(),
    )  # fmt: skip
    messages.success(request, _("Settled."))
    return redirect("floor-differences", code)


# -- inside ------------------------------------------------------------------------------------------------------------


def typed_day(text: str, *, today: date) -> date | None:
    """A day as it is typed from a pack: DDMMYY, DDMMYYYY, MMYY (the month's last day), with or without / . - between,
    or YYYY-MM-DD. None when nothing is typed. Raises Invalid."""
    if not text.strip():
        return None
    iso = re.fullmatch(r"\s*(\d{4})-(\d\d)-(\d\d)\s*", text, re.ASCII)
    digits = "".join(reversed(iso.groups())) if iso else re.sub(r"[\s/.\-]", "", text)
    if not re.fullmatch(r"\d{4}|\d{6}|\d{8}", digits, re.ASCII):
        raise Invalid("Type the day as DDMMYY, for example 311226.")
    first, month, year = ("", digits[:2], digits[2:]) if len(digits) == 4 else (digits[:2], digits[2:4], digits[4:])
    full = int(year) + (today.year // 100 * 100 if len(year) == 2 else 0)
    try:
        return date(full, int(month), int(first) if first else monthrange(full, int(month))[1])
    except ValueError:
        raise Invalid("There is no such day. Type it as DDMMYY, for example 311226.") from None


def _panel(
    request: HttpRequest,
    store: Store,
    one: GoodsReceipt,
    *,
    feedback: Feedback | None = None,
    entry: dict[str, Any] | None = None,
    choices: list[Product] | None = None,
) -> HttpResponse:
    one.refresh_from_db(fields=["state"])
    rows = arriving.progress(one)
    if entry is not None:
        entry["row"] = next((row for row in rows if row.product.pk == entry["product"].pk), None)
    context = {
        "receipt": one,
        "rows": rows,
        "entry": entry,
        "choices": choices or [],
        "came": sum(row.came for row in rows),
        "wanted": sum(row.expected or 0 for row in rows) if one.purchase_id or one.transfer_id else None,
        "missing": sum(row.short for row in rows),
        "over": sum(row.over for row in rows),
        "damaged": sum(row.damaged for row in rows),
        "refused": sum(row.refused for row in rows),
        "today": _today(store),
        "feedback": feedback,
        "nonce": uuid4().hex,
        **_around(store, "deliveries"),
    }
    name = "fulfillment/receipt.html#panel" if is_htmx(request) else "fulfillment/receipt.html"
    return show(request, name, store, context)


def _understood(request: HttpRequest, store: Store, one: GoodsReceipt, scanned: str) -> HttpResponse:
    seen = arriving.understand(scanned, receipt=one, today=_today(store))
    if len(seen.products) == 1:
        return _panel(request, store, one, entry=_entry(seen.products[0], {}, seen.label))
    if seen.products:
        return _panel(request, store, one, choices=seen.products)
    return _panel(request, store, one, feedback=Feedback("wrong", _("This code is not in the catalogue.")))


def _entry(product: Product, typed: dict[str, str], label: Label | None = None) -> dict[str, Any]:
    """What the form for one line shows: what was typed, else what the label said."""
    label = label or Label()
    limit = inbound.warmest_c(product.zone)
    entry: dict[str, Any] = {
        "product": product,
        "qty": label.units or 1,
        "damaged": 0,
        "lot": label.lot,
        "day": label.expires_on.isoformat() if label.expires_on else "",
        "degrees": "",
        "limit": limit,
        "from_c": "-18" if product.zone == "frozen" else "4",
    }
    return entry | typed


def _shelves(request: HttpRequest, store: Store, chosen: str, feedback: Feedback | None = None) -> HttpResponse:
    rows = arriving.to_put_away(store_id=store.pk)
    current = next((row for row in rows if str(row.pk) == chosen), rows[0] if rows else None)
    context = {
        "rows": rows,
        "current": current,
        "why": places.WHY.get(current.why, "") if current else "",
        "feedback": feedback,
        **_around(store, "putaway", left=len(rows)),
    }
    name = "fulfillment/putaway.html#panel" if is_htmx(request) else "fulfillment/putaway.html"
    return show(request, name, store, context)


def _around(store: Store, part: str, *, left: int | None = None) -> dict[str, Any]:
    waiting = arriving.to_put_away_count(store_id=store.pk) if left is None else left
    return {"here": "inbound", "part": part, "to_put_away": waiting}


def _degrees(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", ".").replace("−", "-")) if text else None
    except InvalidOperation:
        raise Invalid("Type the temperature as a number, for example 3.5.") from None
    if value is not None and not value.is_finite():
        raise Invalid("Type the temperature as a number, for example 3.5.")
    return value


def _today(store: Store) -> date:
    now: datetime = timezone.now()
    return now.astimezone(ZoneInfo(store.city.timezone)).date()


def _who(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"

"""Units between two stores: asked for, sent, received."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.words import said
from catalog.models import Product, Store
from fulfillment import access, queries
from fulfillment.web.parts import act, number_of, screen, show, uuid_of
from inventory import inbound_queries as arriving
from inventory.services import transfers as services


@screen
def transfers(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    rows = arriving.transfers(store_id=store.pk, now=timezone.now())
    context = {
        "incoming": [row for row in rows if row.to_store_id == store.pk],
        "outgoing": [row for row in rows if row.from_store_id == store.pk],
        "others": Store.objects.filter(is_active=True, city_id=store.city_id).exclude(pk=store.pk).order_by("name"),
        "new_id": uuid4(),
        "here": "inbound",
        "part": "transfers",
        "to_put_away": arriving.to_put_away_count(store_id=store.pk),
    }
    return show(request, "fulfillment/transfers.html", store, context)


@act("floor-transfers")
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Ask another store for units, or send it some: the manager's act either way."""
    store = access.store_to_manage(request.user, code)
    other = Store.objects.filter(code=request.POST.get("other", "")[:16], is_active=True).first()
    if other is None:
        raise Invalid("Choose the other store.")
    ends = (store.pk, other.pk) if request.POST.get("way") == "out" else (other.pk, store.pk)
    made = services.request_transfer(
        transfer_id=uuid_of(request, "transfer") or uuid4(), from_store_id=ends[0], to_store_id=ends[1],
        note=request.POST.get("note", ""), actor=f"user:{request.user.pk}", now=timezone.now(),
    )  # fmt: skip
    return redirect("floor-transfer", code, made.pk)


@screen
def transfer(request: HttpRequest, code: str, transfer_id: UUID) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    one = arriving.transfer_of(transfer_id=transfer_id, store_id=store.pk)
    lines = list(one.lines.select_related("product__category").order_by("pk"))
    free = arriving.sendable(store_id=one.from_store_id, product_ids=[line.product_id for line in lines])
    words = request.GET.get("q", "").strip()[:80]
    here = {line.product_id for line in lines}
    found = queries.stock_rows(store_id=one.from_store_id, words=words, limit=8) if words else []
    context = {
        "transfer": one,
        "lines": [
            {"line": line, "free": max(0, free.get(line.product_id, 0)),
             "going": max(0, min(line.asked, free.get(line.product_id, 0)))}
            for line in lines
        ],
        "lots": arriving.lots_of(one),
        "words": words,
        "found": [row for row in found if row.product_id not in here],
        "sends": one.from_store_id == store.pk,
        "here": "inbound",
        "part": "transfers",
        "to_put_away": arriving.to_put_away_count(store_id=store.pk),
    }  # fmt: skip
    return show(request, "fulfillment/transfer.html", store, context)


@act("floor-transfers")
def ask(request: HttpRequest, code: str, transfer_id: UUID) -> HttpResponse:
    """So many units of one product (0: none any more)."""
    store = access.store_to_manage(request.user, code)
    one = arriving.transfer_of(transfer_id=transfer_id, store_id=store.pk)
    product = Product.objects.filter(sku=request.POST.get("sku", "")[:40]).first()
    try:
        if product is None:
            raise Invalid("There is no such product.")
        services.ask_for(transfer_id=one.pk, product_id=product.pk, units=number_of(request, "units", default=-1))
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("floor-transfer", code, transfer_id)


@act("floor-transfers")
def send(request: HttpRequest, code: str, transfer_id: UUID) -> HttpResponse:
    """The sending store's people put the units into the van."""
    store, now = access.store_to_work_in(request.user, code), timezone.now()
    one = arriving.transfer_of(transfer_id=transfer_id, store_id=store.pk)
    try:
        if one.from_store_id != store.pk:
            raise Invalid("Only the store that sends can do that.")
        units = {line.product_id: number_of(request, f"units_{line.pk}") for line in one.lines.all()}
        services.dispatch(transfer_id=one.pk, units=units, actor=f"user:{request.user.pk}", now=now)
        messages.success(request, _("On its way. The other store counts it when it arrives."))
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("floor-transfer", code, transfer_id)


@act("floor-transfers")
def cancel(request: HttpRequest, code: str, transfer_id: UUID) -> HttpResponse:
    store = access.store_to_manage(request.user, code)
    one = arriving.transfer_of(transfer_id=transfer_id, store_id=store.pk)
    try:
        services.cancel_transfer(transfer_id=one.pk, actor=f"user:{request.user.pk}", now=timezone.now())
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("floor-transfer", code, transfer_id)

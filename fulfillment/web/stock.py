"""The manager's stock page: look up, count, receive."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from blinkit.kernel.errors import Invalid, NotFound, Refusal
from blinkit.kernel.words import said as words_of
from catalog.models import Product
from fulfillment import access, queries
from fulfillment.web.parts import act, is_htmx, number_of, screen, show
from inventory import services as inventory
from inventory import shelf

REASONS = ("Cycle count", "Damaged", "Expired", "Found again", "Wrong earlier")


@screen
def stock(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    words = request.GET.get("q", "").strip()[:80]
    rows = queries.stock_rows(store_id=store.pk, words=words)
    may_work, may_manage = access.standing(request.user, store)
    blind = shelf.being_counted(stock_ids=[row.pk for row in rows]) if may_work and not may_manage else set()
    context = {"rows": rows, "blind": blind, "words": words, "reasons": REASONS, "here": "stock"}
    name = "fulfillment/stock.html#rows" if is_htmx(request) else "fulfillment/stock.html"
    return show(request, name, store, context)


@act("floor-stock")
def change(request: HttpRequest, code: str, sku: str) -> HttpResponse:
    store = access.store_to_manage(request.user, code)
    product = Product.objects.filter(sku=sku).first()
    if product is None:
        raise NotFound("There is no such product.")
    units = number_of(request, "units", default=-1)
    actor, now = f"user:{request.user.pk}", timezone.now()
    reason = request.POST.get("reason", "").strip()[:120]
    back = f"{reverse('floor-stock', args=[code])}?{urlencode({'q': request.POST.get('q', '')[:80]})}"
    try:
        if units < 0:
            raise Invalid("Type a whole number of units.")
        if not reason:
            raise Invalid("Say why: the stock ledger keeps it.")
        if request.POST.get("act") == "receive":
            lines = [(product.pk, units, request.POST.get("bin", "").strip()[:12] or None)]
            inventory.receive(store_id=store.pk, lines=lines, reason=reason, actor=actor, now=now)
            said = ngettext("%(n)s unit received.", "%(n)s units received.", units) % {"n": units}
        elif (
            stock_id := inventory.needs_second_person(store_id=store.pk, product_id=product.pk, counted=units)
        ) is not None:
            task = inventory.ask_for_count(stock_id=stock_id, actor=actor, now=now)
            messages.warning(
                request, _("So far off the book two people count. Count its lots here first; then somebody else does.")
            )
            return redirect("floor-count", code, task.pk)
        else:
            difference = inventory.count(
                store_id=store.pk, product_id=product.pk, counted=units, reason=reason, actor=actor, now=now
            )
            said = _("Counted: %(n)s, %(d)+d against the book.") % {"n": units, "d": difference}
        messages.success(request, f"{product.name}: {said}")
    except Refusal as refusal:
        messages.error(request, words_of(refusal.detail))
    return redirect(back)

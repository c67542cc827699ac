"""Recalls: find a lot, take it off sale everywhere, see who has it, tell them."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.permissions import roles_of
from catalog.importing.sheets import harmless
from catalog.models import Product
from dashboard.events import RecallListExported
from dashboard.queries.recalls import held_back, recall_desk, recalls
from dashboard.web.parts import act, actor_of, is_htmx, screen, show
from inventory import recall_queries
from inventory import services as stock
from inventory.models import Recall
from orders import services as orders


@screen
def search(request: HttpRequest) -> HttpResponse:
    """A lot number, SKU or barcode; below it what must not leave, and the recalls there are."""
    words = request.GET.get("q", "").strip()[:40]
    lots = recall_queries.find_lots(words)
    open_lots = [it for it in lots if it.recall_id is None]
    choices = {(it.product_id, it.product, it.lot) for it in open_lots}
    choices |= {(it.product_id, it.product, "") for it in open_lots if it.sku == words}  # the whole product
    context = {
        "here": "recalls",
        "words": words,
        "lots": lots,
        "choices": sorted(choices),
        "held_back": held_back(),
        "recalls": recalls(),
    }
    return show(request, "dashboard/recalls.html#found" if is_htmx(request) else "dashboard/recalls.html", context)


@act("ops-recalls")
def begin(request: HttpRequest) -> HttpResponse:
    """Take a lot off sale everywhere. The first time it shows what that means; `sure` does it."""
    given = request.POST.get("product", "")
    known = given.isascii() and given.isdigit() and len(given) < 12
    product = Product.objects.filter(pk=int(given)).first() if known else None
    lot = request.POST.get("lot", "").strip()[:40]
    reason = request.POST.get("reason", "").strip()
    if product is None:
        raise NotFound("There is no such product.")
    if not reason:
        raise Invalid("Say why it is recalled: stores and orders show it.")
    if request.POST.get("sure") != "yes":
        draft = Recall(product=product, lot=lot, reason=reason)
        context = {"here": "recalls", "it": recall_desk(recall=draft, with_phones=False)}
        return show(request, "dashboard/recall_sure.html", context)
    made = stock.recall(product_id=product.pk, lot=lot, reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("It is off sale in every store."))
    return redirect("ops-recall", made.pk)


@screen
def recall(request: HttpRequest, recall_id: int) -> HttpResponse:
    phones = may_see_phones(request)
    context = {"here": "recalls", "it": recall_desk(recall=_found(recall_id), with_phones=phones), "phones": phones}
    return show(request, "dashboard/recall.html", context)


@act("ops-recall")
def tell(request: HttpRequest, recall_id: int) -> HttpResponse:
    """Each customer whose order left with it, once."""
    if request.POST.get("sure") != "yes":
        raise Invalid("Tick that you mean it: these messages cannot be taken back.")
    count = orders.tell_recalled(recall_id=recall_id, actor=actor_of(request), now=timezone.now())
    said = ngettext("%(n)s customer is told.", "%(n)s customers are told.", count) % {"n": count}
    messages.success(request, said)
    return redirect("ops-recall", recall_id)


@act("ops-recall")
def end(request: HttpRequest, recall_id: int) -> HttpResponse:
    """It may be sold again, with a reason."""
    if request.POST.get("sure") != "yes":
        raise Invalid("Tick that you mean it: it goes back on sale in every store.")
    reason = request.POST.get("reason", "")
    stock.end_recall(recall_id=recall_id, reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The recall has ended."))
    return redirect("ops-recall", recall_id)


@act("ops-recall")
def export(request: HttpRequest, recall_id: int) -> HttpResponse:
    """Who received it, as a file. A POST, because it is written down who took it."""
    found, phones = _found(recall_id), may_see_phones(request)
    desk = recall_desk(recall=found, with_phones=phones)
    events.record(
        RecallListExported(recall_id=recall_id, orders=len(desk.orders), with_phones=phones),
        subject=f"recall:{recall_id}",
        actor=actor_of(request),
    )
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="recall-{recall_id}.csv"', "Cache-Control": "no-store",
        },
    )  # fmt: skip
    table = csv.writer(response)
    table.writerow(["order", "store", "status", "lots", "units", "left", "placed_at", "customer", "phone", "told_at"])
    for it in desk.orders:
        row = [
            it.number, it.store_code, it.status, it.lots, it.units, "yes" if it.left else "no",
            it.placed_at.isoformat(), it.customer, it.phone, it.told_at.isoformat() if it.told_at else "",
        ]  # fmt: skip
        table.writerow([harmless(cell) if isinstance(cell, str) and cell != it.phone else cell for cell in row])
    return response


def may_see_phones(request: HttpRequest) -> bool:
    """Administrators, and those of operations who were given the permission."""
    return "admin" in roles_of(request.user) or request.user.has_perm("inventory.see_recall_phones")


def _found(recall_id: int) -> Recall:
    found = Recall.objects.select_related("product").filter(pk=recall_id).first()
    if found is None:
        raise NotFound("There is no such recall.")
    return found

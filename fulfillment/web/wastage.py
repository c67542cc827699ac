"""Wastage on the floor: what to pull now, what is thrown away and why, what waits for the manager."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, NotFound
from fulfillment import access, queries
from fulfillment.web.parts import act, is_htmx, number_of, screen, show
from inventory import services as inventory
from inventory import shelf
from inventory.counts import Wastage, WasteReason, WasteState
from orders.services.photos import private, redrawn

REPORT_DAYS = 28


@screen
def wastage(request: HttpRequest, code: str) -> HttpResponse:
    store, now = access.store_to_see(request.user, code), timezone.now()
    may_work, may_manage = access.standing(request.user, store)
    words = request.GET.get("q", "").strip()[:80]
    rows = queries.stock_rows(store_id=store.pk, words=words) if words else []
    report = shelf.waste_by_reason(store_id=store.pk, since=now - timedelta(days=REPORT_DAYS), until=now)
    context = {
        "here": "stock",
        "room": "wastage",
        "words": words,
        "found": shelf.lots_of(store_id=store.pk, product_ids=[row.product_id for row in rows]) if rows else [],
        "pull": shelf.to_pull(store_id=store.pk),
        "mark_down": shelf.to_mark_down(store_id=store.pk, now=now),
        "waiting": shelf.waste_to_approve(store_id=store.pk) if may_manage else [],
        "report": report if may_manage or not may_work else [],  # operations look at it, too
        "reasons": WasteReason.values,
        "days": REPORT_DAYS,
        "nonce": str(uuid4()),
        "usual": {"expired": "expired", "short": "short", "quarantined": "recall"},
    }
    name = "fulfillment/wastage.html#rows" if is_htmx(request) else "fulfillment/wastage.html"
    return show(request, name, store, context)


@act("floor-wastage")
def waste(request: HttpRequest, code: str) -> HttpResponse:
    store, now = access.store_to_work_in(request.user, code), timezone.now()
    photo = request.FILES.get("photo")
    done = inventory.ask_waste(
        store_id=store.pk, batch_id=number_of(request, "batch"), qty=number_of(request, "units"),
        reason=request.POST.get("reason", ""), by=int(request.user.pk or 0), now=now,
        nonce=f"floor:{request.POST.get('nonce', '')[:60]}" if request.POST.get("nonce") else f"floor:{uuid4()}",
        note=request.POST.get("note", ""), photo=_kept(photo, store.code) if photo else "",
    )  # fmt: skip
    if done.state == WasteState.WAITING:
        messages.info(request, _("Put aside. A manager approves it."))
    else:
        messages.success(request, _("Written off: %(n)s.") % {"n": done.qty})
    back = request.POST.get("q", "")[:80]
    return redirect(f"{reverse('floor-wastage', args=[code])}?{urlencode({'q': back}) if back else ''}".rstrip("?"))


def _kept(photo: object, store_code: str) -> str:
    """The photo drawn anew and kept privately under its content's name, so the same one twice is kept once."""
    body, _size = redrawn(photo)  # type: ignore[arg-type]  # an uploaded file is a File
    name = f"wastage/{store_code}/{hashlib.blake2b(body, digest_size=16).hexdigest()}.jpg"
    if not private().exists(name):
        private().save(name, ContentFile(body))
    return name


@screen
def photo(request: HttpRequest, code: str, waste_id: UUID) -> HttpResponse:
    """The photo of a wastage, for whoever may look at this store's floor."""
    store = access.store_to_see(request.user, code)
    name = Wastage.objects.filter(pk=waste_id, stock__store=store).values_list("photo", flat=True).first()
    if not name or not private().exists(name):
        raise NotFound("There is no such photo.")
    with private().open(name) as file:
        answer = HttpResponse(file.read(), content_type="image/jpeg")
    answer["Content-Disposition"] = "inline"
    return answer


@act("floor-wastage")
def decide(request: HttpRequest, code: str, waste_id: UUID) -> HttpResponse:
    """The manager approves what somebody else wants to throw away, or has it put back."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    if not Wastage.objects.filter(pk=waste_id, stock__store=store).exists():
        raise NotFound("There is no such wastage in this store.")
    wanted, me = request.POST.get("act", ""), int(request.user.pk or 0)
    if wanted == "approve":
        inventory.approve_waste(waste_id=waste_id, by=me, now=now)
        messages.success(request, _("Written off."))
    elif wanted == "refuse":
        inventory.refuse_waste(waste_id=waste_id, by=me, now=now)
        messages.success(request, _("Not written off: put it back on the shelf."))
    else:
        raise Invalid("Choose what to do with it.")
    return redirect("floor-wastage", code)

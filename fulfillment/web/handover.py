"""The handover shelf: whose bags stand where, and scanning them out for a rider whose phone is dead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import NotAllowed, NotFound, Refusal
from blinkit.kernel.words import said
from catalog.models import Store
from fulfillment import access, services
from fulfillment.errors import UnknownBag
from fulfillment.models import Bag
from fulfillment.web.packing import kind_words
from fulfillment.web.parts import act, is_htmx, me, nonce_of, screen, show, uuid_of
from orders.models import Order
from orders.queries.handover import scans_of, waiting_for_riders
from orders.states import Status

SHOWN = 60


@screen
def handover(request: HttpRequest, code: str) -> HttpResponse:
    """What stands on the shelf, those with a rider first; `?order=` is the one somebody waits for."""
    store = access.store_to_see(request.user, code)
    return _shelf(request, store, chosen=_uuid(request.GET.get("order", "")))


@act("floor-handover")
def scan(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    chosen = uuid_of(request, "order")
    try:
        handed = services.hand_over(
            store_id=store.pk,
            worker_id=me(request),
            code=request.POST.get("code", "")[:40],
            nonce=nonce_of(request),
            order_id=chosen,
            now=timezone.now(),
        )
    except NotAllowed:
        raise
    except (Refusal, UnknownBag) as refusal:
        if isinstance(refusal, NotFound) and not isinstance(refusal, UnknownBag):
            raise
        return _answer(request, store, chosen, "wrong", said(refusal.detail))
    if handed.complete:
        words = _("All %(m)s bags of %(number)s are with the rider") % {"m": handed.of, "number": handed.order_number}
        return _answer(request, store, None, "right", words)
    words = _("Bag %(n)s of %(m)s") % {"n": handed.number, "m": handed.of} if handed.number else _("The right place")
    return _answer(request, store, handed.order_id, "right", words)


def _answer(request: HttpRequest, store: Store, chosen: UUID | None, kind: str, words: str) -> HttpResponse:
    if is_htmx(request):
        return _shelf(request, store, chosen=chosen, feedback={"kind": kind, "text": words})
    (messages.success if kind == "right" else messages.error)(request, words)
    url = reverse("floor-handover", args=[store.code])
    return redirect(f"{url}?order={chosen}" if chosen else url)


def _shelf(
    request: HttpRequest, store: Store, *, chosen: UUID | None, feedback: dict[str, str] | None = None
) -> HttpResponse:
    orders = list(waiting_for_riders(store.pk)[:SHOWN])
    scans = scans_of([order.pk for order in orders])
    bags: dict[UUID, list[Bag]] = {order.pk: [] for order in orders}
    for bag in Bag.objects.filter(task__order_id__in=list(bags)).select_related("task").order_by("pk"):
        bags[bag.task.order_id].append(bag)
    cards = [_card(order, bags[order.pk], scans[order.pk]) for order in orders]
    context = {
        "cards": cards,
        "chosen": next((card for card in cards if card["order"].pk == chosen), None),
        "feedback": feedback,
        "here": "handover",
        "live_url": f"/ws/stores/{store.code}/",
    }
    name = "fulfillment/handover.html#shelf" if is_htmx(request) else "fulfillment/handover.html"
    return show(request, name, store, context)


def _card(order: Order, bags: list[Bag], scans: dict[str, Any]) -> dict[str, Any]:
    shown = [
        {
            "code": bag.code,
            "number": number,
            "words": kind_words(bag.kind),
            "kind": bag.kind,
            "slot": bag.slot or order.shelf_slot,
            "scan": scans.get(bag.code),
        }
        for number, bag in enumerate(bags, start=1)
    ]
    return {
        "order": order,
        "bags": shown,
        "out": sum(1 for bag in shown if bag["scan"]),
        "ready": order.status == Status.ASSIGNED_TO_PARTNER,
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

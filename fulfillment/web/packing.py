"""Bags, labels and the slot of an order that is picked."""

from __future__ import annotations

from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from blinkit.kernel.errors import Refusal
from fulfillment import access, pickroute, queries, services
from fulfillment.models import Bag, PickLine, TaskState
from fulfillment.web.parts import act, is_htmx, number_of, screen, show
from orders.words import door_chips

SHOWN_AFTER_PACKING = (TaskState.PACKED, TaskState.HANDED_OVER)


@screen
def pack(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """How many bags; once packed: the slot, and the labels to print."""
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if task.state in SHOWN_AFTER_PACKING:
        context = {
            "task": task,
            "order": task.order,
            "bags": list(task.bags.order_by("pk")),
            "chips": door_chips(task.order.instructions),
            "here": "pick",
            "live_url": f"/ws/stores/{store.code}/",
        }
        template = "fulfillment/packed.html"
        return show(request, f"{template}#now" if is_htmx(request) else template, store, context)
    if is_htmx(request):  # taken off the shelf meanwhile: the whole page is another one
        return HttpResponse(headers={"HX-Refresh": "true"})
    lines = queries.lines_of(task)
    if task.state != TaskState.PICKED:
        return redirect("floor-pick", code, task.pk)
    suggested = services.suggested_bags(lines)
    found = [line for line in lines if line.picked_qty]
    zones = [
        {
            "zone": zone,
            "count": suggested.get(zone, 0),
            "lines": sum(1 for line in found if _bag_of(line) == zone),
            "grams": sum(line.product.weight_g * line.picked_qty for line in found if _bag_of(line) == zone),
        }
        for zone in ("ambient", "chilled", "frozen")
    ]
    context = {
        "task": task,
        "order": task.order,
        "lines": lines,
        "found": len(found),
        "chips": door_chips(task.order.instructions),
        "zones": [zone for zone in zones if zone["lines"]],
        "most": services.MOST_BAGS,
        "mine": task.picker_id == request.user.pk,
        "here": "pick",
    }
    return show(request, "fulfillment/pack.html", store, context)


@act("floor-queue")
def close_bags(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    bags = {zone: number_of(request, f"bags_{zone}") for zone in pickroute.ZONE_ORDER}
    try:
        services.pack(
            task_id=task.pk,
            picker_id=_me(request),
            bags={zone: count for zone, count in bags.items() if count},
            now=timezone.now(),
        )
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    return redirect("floor-pack", code, task.pk)


@screen
def labels(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """One label per bag, to print: QR code, code in words, bag n of m, order and slot."""
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    bags = [
        {"bag": bag, "qr": _qr(bag), "number": number} for number, bag in enumerate(task.bags.order_by("pk"), start=1)
    ]
    context = {"task": task, "order": task.order, "bags": bags, "chips": door_chips(task.order.instructions)}
    return show(request, "fulfillment/labels.html", store, context)


# -- inside --------------------------------------------------------------------------------------------------------


def _qr(bag: Bag) -> SafeString:
    return mark_safe(segno.make(bag.code, error="m", micro=False).svg_inline(scale=5, border=2))


def _bag_of(line: PickLine) -> str:
    return line.zone if line.zone in ("chilled", "frozen") else "ambient"


def _me(request: HttpRequest) -> int:
    return int(request.user.pk)  # type: ignore[arg-type]  # the decorator lets only signed-in people in

"""One line at a time: where it lies, what it is, how many; then the bags, the labels and the slot."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Refusal
from catalog.models import Product, Store
from fulfillment import access, pickroute, queries, services
from fulfillment.errors import EnoughOfIt, UnknownBarcode, WrongItem
from fulfillment.models import Bag, PickLine, PickTask, TaskState
from fulfillment.web.parts import act, is_htmx, number_of, screen, show
from orders.words import door_chips

SHOWN_AFTER_PACKING = (TaskState.PACKED, TaskState.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the last scan did, for eyes and ears. `kind`: right, wrong, note or refused."""

    kind: str
    text: str


@screen
def pick(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if task.state in SHOWN_AFTER_PACKING:
        return redirect("floor-pack", code, task.pk)
    return _panel(request, store, task)


@act("floor-queue")
def scan(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    try:
        outcome = services.scan(
            task_id=task.pk,
            picker_id=_me(request),
            barcode=request.POST.get("code", "")[:64],
            nonce=_nonce(request),
            now=timezone.now(),
        )
    except (WrongItem, UnknownBarcode, EnoughOfIt) as wrong:
        services.note_refused(picker_id=_me(request), store_id=store.pk, now=timezone.now())
        return _answer(request, store, task, Feedback("wrong", wrong.detail))
    words = _("Got it") if outcome.line_done else _("%(n)s of %(all)s") % {"n": outcome.picked_qty, "all": outcome.qty}
    return _answer(request, store, task, Feedback("right", _("All found") if outcome.task_done else words))


@act("floor-queue")
def short(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    try:
        services.short(
            task_id=task.pk,
            picker_id=_me(request),
            line_id=number_of(request, "line"),
            qty=number_of(request, "qty"),
            nonce=_nonce(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, Feedback("refused", refusal.detail))
    return _answer(request, store, task, Feedback("note", _("Noted as not found. The customer is told and pays less.")))


@act("floor-queue")
def substitute(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    try:
        services.substitute(
            task_id=task.pk,
            picker_id=_me(request),
            line_id=number_of(request, "line"),
            sku=request.POST.get("sku", "")[:40],
            qty=number_of(request, "qty"),
            nonce=_nonce(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, Feedback("refused", refusal.detail))
    return _answer(request, store, task, Feedback("note", _("Swapped: fetch and scan it next. The customer is told.")))


@act("floor-queue")
def undo(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    try:
        services.put_back(
            task_id=task.pk,
            picker_id=_me(request),
            line_id=number_of(request, "line"),
            nonce=_nonce(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, Feedback("refused", refusal.detail))
    return _answer(request, store, task, Feedback("note", _("One unit is out of the tote again.")))


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


def _panel(request: HttpRequest, store: Store, task: PickTask, feedback: Feedback | None = None) -> HttpResponse:
    walk = queries.walk_of(queries.lines_of(task))
    current = walk.current
    context = {
        "task": task,
        "order": task.order,
        "walk": walk,
        "line": current,
        "left": current.qty - current.picked_qty - current.short_qty if current else 0,
        "instead": queries.instead_of(current, store_id=store.pk) if current else [],
        "undo_line": _last_scanned(walk),
        "demo_wrong": _another(task) if current and settings.DEMO_MODE else "",
        "mine": task.picker_id == request.user.pk and task.state in (TaskState.PICKING, TaskState.PICKED),
        "nonces": [uuid4().hex for _ in range(6)],
        "feedback": feedback,
        "here": "pick",
        "live_url": f"/ws/stores/{store.code}/",
    }
    name = "fulfillment/pick.html#panel" if is_htmx(request) else "fulfillment/pick.html"
    return show(request, name, store, context)


def _answer(request: HttpRequest, store: Store, task: PickTask, feedback: Feedback) -> HttpResponse:
    task.refresh_from_db(fields=["state", "picker"])
    if is_htmx(request):
        return _panel(request, store, task, feedback)
    if feedback.kind in ("wrong", "refused"):
        messages.error(request, feedback.text)
    elif feedback.kind == "note":
        messages.info(request, feedback.text)
    if task.state == TaskState.CANCELLED:
        return redirect("floor-queue", store.code)
    return redirect("floor-pack" if task.state == TaskState.PICKED else "floor-pick", store.code, task.pk)


def _last_scanned(walk: queries.Walk) -> PickLine | None:
    """What "Undo" takes out: of the line in work, else of the one finished last."""
    if walk.current is not None and walk.current.picked_qty:
        return walk.current
    done = [(line.done_at, line.walk, line) for line in walk.lines if line.picked_qty and line.done_at]
    return max(done)[2] if done else None


def _another(task: PickTask) -> str:
    """A code that is not on this list, for the demo scanner."""
    others = Product.objects.exclude(pk__in=task.lines.values("product")).exclude(barcode=None).order_by("pk")
    return others.values_list("barcode", flat=True).first() or ""


def _qr(bag: Bag) -> SafeString:
    return mark_safe(segno.make(bag.code, error="m", micro=False).svg_inline(scale=5, border=2))


def _bag_of(line: PickLine) -> str:
    return line.zone if line.zone in ("chilled", "frozen") else "ambient"


def _nonce(request: HttpRequest) -> str:
    """What the form or the device made up for this tap; a tap without one counts for itself."""
    return request.POST.get("nonce", "")[:64] or uuid4().hex


def _me(request: HttpRequest) -> int:
    return int(request.user.pk)  # type: ignore[arg-type]  # the decorator lets only signed-in people in

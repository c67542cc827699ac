"""One line at a time: where it lies, what it is, how many."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Refusal
from catalog.models import Product, Store
from fulfillment import access, queries, services
from fulfillment.errors import EnoughOfIt, UnknownBarcode, WrongItem
from fulfillment.models import PickLine, PickTask, TaskState
from fulfillment.web.parts import act, is_htmx, number_of, screen, show

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


def _nonce(request: HttpRequest) -> str:
    """What the form or the device made up for this tap; a tap without one counts for itself."""
    return request.POST.get("nonce", "")[:64] or uuid4().hex


def _me(request: HttpRequest) -> int:
    return int(request.user.pk)  # type: ignore[arg-type]  # the decorator lets only signed-in people in

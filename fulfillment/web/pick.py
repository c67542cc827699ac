"""The pick screen: the page that carries a picker's walk (static/js/pick.js leads through it, also without a network),
and plain forms for one order at a time where there is no script."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Refusal
from blinkit.kernel.words import said
from catalog.models import Product, Store
from fulfillment import access, queries, scancodes, services
from fulfillment import walk as walks
from fulfillment.models import PickLine, PickTask, TaskState
from fulfillment.web.parts import act, is_htmx, me, nonce_of, number_of, screen, show
from fulfillment.web.pick_words import feedback_words, next_words

AFTER_PACKING = (TaskState.PACKED, TaskState.HANDED_OVER)
NO_LINE = 2**31 - 1
"""In an address whose line the script fills in."""
NO_TASK = UUID(int=0)


@screen
def walk(request: HttpRequest, code: str) -> HttpResponse:
    """Everything this picker has in hand. `?task=` names the order shown where there is no script."""
    store = access.store_to_work_in(request.user, code)
    now = timezone.now()
    seen = walks.of(picker_id=me(request), store_id=store.pk, now=now)
    tasks = [tote["task"] for tote in seen["totes"]]
    shown = _asked(request)
    task_id = shown if shown in tasks else tasks[0] if tasks else None
    context: dict[str, Any] = {
        "facts": {
            "me": me(request),
            "store": store.code,
            "timezone": store.city.timezone,
            "hindi": get_language() == "hi",
            "walk": seen,
            "words": feedback_words(),
            "next": next_words(),
            "wrong_code": _another(tasks) if settings.DEMO_MODE and tasks else "",
            "urls": {
                "walk": f"/api/v1/floor/stores/{store.code}/walk/",
                "instead": f"/api/v1/floor/tasks/{NO_TASK}/lines/{NO_LINE}/substitutes/",
                "pack": reverse("floor-pack", args=[store.code, NO_TASK]),
                "sign_in": "/sign-in/",
                "sprite": static("icons/lucide.svg"),
            },
            "no": {"task": str(NO_TASK), "line": NO_LINE},
        },
        "totes": seen["totes"],
        "here": "pick",
        "live_url": f"/ws/stores/{store.code}/mine/",
    }
    if task_id is not None:
        context |= _panel_of(request, queries.task_of(task_id=task_id, store_id=store.pk))
    return show(request, "fulfillment/walk.html", store, context)


@screen
def pick(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """One order as it is: to look at. Whoever has it in hand is on the walk."""
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if (moved_on := task.state in AFTER_PACKING) or _is_mine(request, task):
        if is_htmx(request):  # the whole page is another one now
            return HttpResponse(headers={"HX-Refresh": "true"})
        return redirect("floor-pack", code, task.pk) if moved_on else _to_walk(code, task)
    context = _panel_of(request, task) | {"here": "pick", "live_url": f"/ws/stores/{store.code}/"}
    name = "fulfillment/pick.html#now" if is_htmx(request) else "fulfillment/pick.html"
    return show(request, name, store, context)


# -- without a script ----------------------------------------------------------------------------------------------


@act("floor-queue")
def scan(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store, task = _task_to_work_on(request, code, task_id)
    tote = request.POST.get("tote", "")
    grams = number_of(request, "grams")
    try:
        services.scan(
            task_id=task.pk,
            picker_id=me(request),
            barcode=request.POST.get("code", "")[:128],
            tote=scancodes.tote_of(tote) if tote in ("A", "B", "C", "D") else None,
            grams=grams or None,
            nonce=nonce_of(request),
            now=timezone.now(),
        )
    except services.REFUSED_SCANS as wrong:
        services.note_refused(picker_id=me(request), store_id=store.pk, now=timezone.now())
        return _answer(request, store, task, refused=said(wrong.detail))
    except Refusal as refusal:
        return _answer(request, store, task, refused=said(refusal.detail))
    return _answer(request, store, task)


@act("floor-queue")
def short(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store, task = _task_to_work_on(request, code, task_id)
    try:
        services.short(
            task_id=task.pk,
            picker_id=me(request),
            line_id=number_of(request, "line"),
            qty=number_of(request, "qty"),
            nonce=nonce_of(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, refused=said(refusal.detail))
    return _answer(request, store, task, note=_("Noted as not found. The customer is told and pays less."))


@act("floor-queue")
def substitute(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store, task = _task_to_work_on(request, code, task_id)
    try:
        services.substitute(
            task_id=task.pk,
            picker_id=me(request),
            line_id=number_of(request, "line"),
            sku=request.POST.get("sku", "")[:40],
            qty=number_of(request, "qty"),
            nonce=nonce_of(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, refused=said(refusal.detail))
    return _answer(request, store, task, note=_("Swapped: fetch and scan it next. The customer is told."))


@act("floor-queue")
def undo(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store, task = _task_to_work_on(request, code, task_id)
    try:
        services.put_back(
            task_id=task.pk,
            picker_id=me(request),
            line_id=number_of(request, "line"),
            nonce=nonce_of(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _answer(request, store, task, refused=said(refusal.detail))
    return _answer(request, store, task, note=_("One unit is out of the tote again."))


# -- inside --------------------------------------------------------------------------------------------------------


def _task_to_work_on(request: HttpRequest, code: str, task_id: UUID) -> tuple[Store, PickTask]:
    store = access.store_to_work_in(request.user, code)
    return store, queries.task_of(task_id=task_id, store_id=store.pk)


def _panel_of(request: HttpRequest, task: PickTask) -> dict[str, Any]:
    lines = queries.walk_of(queries.lines_of(task))
    current = lines.current
    return {
        "task": task,
        "order": task.order,
        "walk": lines,
        "line": current,
        "left": current.qty - current.picked_qty - current.short_qty if current else 0,
        "instead": queries.instead_of(current, store_id=task.store_id) if current else [],
        "undo_line": _last_scanned(lines),
        "mine": _is_mine(request, task),
        "tote": scancodes.letter(task.tote),
        "nonces": [nonce_of(request) for _ in range(4)],
    }


def _answer(request: HttpRequest, store: Store, task: PickTask, *, refused: str = "", note: str = "") -> HttpResponse:
    task.refresh_from_db(fields=["state", "picker"])
    if refused:
        messages.error(request, refused)
    elif note:
        messages.info(request, note)
    if task.state == TaskState.CANCELLED:
        return redirect("floor-queue", store.code)
    if task.state == TaskState.PICKED:
        return redirect("floor-pack", store.code, task.pk)
    return _to_walk(store.code, task)


def _to_walk(code: str, task: PickTask) -> HttpResponse:
    return redirect(f"{reverse('floor-walk', args=[code])}?task={task.pk}")


def _asked(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("task", ""))
    except ValueError:
        return None


def _is_mine(request: HttpRequest, task: PickTask) -> bool:
    return task.picker_id == request.user.pk and task.state in (TaskState.PICKING, TaskState.PICKED)


def _last_scanned(walk: queries.Walk) -> PickLine | None:
    """What "Undo" takes out: of the line in work, else of the one finished last."""
    if walk.current is not None and walk.current.picked_qty:
        return walk.current
    done = [(line.done_at, line.walk, line) for line in walk.lines if line.picked_qty and line.done_at]
    return max(done)[2] if done else None


def _another(tasks: list[UUID]) -> str:
    """A code that is on none of these lists, for the demo scanner."""
    wanted = PickLine.objects.filter(task__in=tasks).values("product")
    others = Product.objects.exclude(pk__in=wanted).exclude(barcode=None).order_by("pk")
    return others.values_list("barcode", flat=True).first() or ""

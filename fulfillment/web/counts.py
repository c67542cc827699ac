"""Cycle counts on the floor: the list in the order of the walk, a blind sheet per product, the manager's decisions."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from blinkit.kernel.errors import Invalid
from blinkit.kernel.words import said
from fulfillment import access, queries, returns
from fulfillment.web.parts import act, is_htmx, screen, show
from inventory import services as inventory
from inventory import shelf
from inventory.counts import CountState

MOST_UNITS = 99_999


@screen
def counts(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    _may_work, may_manage = access.standing(request.user, store)
    now = timezone.now()
    missing = shelf.held_missing(store_id=store.pk, now=now) if may_manage else []
    context = {
        "here": "stock",
        "room": "counts",
        "live_url": f"/ws/stores/{store.code}/",
        "tasks": shelf.to_count(store_id=store.pk, not_by=int(request.user.pk or 0)),
        "review": shelf.to_approve(store_id=store.pk) if may_manage else [],
        "missing": [(task, queries.numbers_of(order_ids=task.left_refs)) for task in missing],
    }
    name = "fulfillment/counts.html#now" if is_htmx(request) else "fulfillment/counts.html"
    return show(request, name, store, context)


@act("floor-counts")
def find(request: HttpRequest, code: str) -> HttpResponse:
    """A product was scanned: to its sheet, made when nobody has asked for it yet."""
    store = access.store_to_work_in(request.user, code)
    words = request.POST.get("code", "").strip()[:64]
    found = shelf.product_by_code(store_id=store.pk, code=words)
    if found is None:
        raise Invalid("No product of this store has this code.")
    task = inventory.ask_for_count(stock_id=found.stock_id, actor=f"user:{request.user.pk}", now=timezone.now())
    return redirect("floor-count", code, task.pk)


@screen
def sheet(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """What there is to count: places and lots, never how many there should be."""
    store = access.store_to_work_in(request.user, code)
    task = shelf.count_of(task_id=task_id, store_id=store.pk)
    context = {
        "here": "stock",
        "room": "counts",
        "task": task,
        "product": task.stock.product,
        "lots": shelf.lots_to_count(stock_id=task.stock_id),
        "nonce": str(uuid4()),
        "waits": task.state in (CountState.OPEN, CountState.RECOUNT),
    }
    return show(request, "fulfillment/count.html", store, context)


@act("floor-counts")
def count(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    task = shelf.count_of(task_id=task_id, store_id=store.pk)
    try:
        lots = _lots(request)
        done = inventory.count_blind(
            task_id=task.pk, by=int(request.user.pk or 0), nonce=request.POST.get("nonce", "")[:64], lots=lots,
            away=returns.in_bags(store_id=store.pk, product_id=task.stock.product_id), now=timezone.now(),
        )  # fmt: skip
    except Invalid as refusal:
        messages.error(request, said(refusal.detail))
        return redirect("floor-count", code, task_id)
    messages.success(request, f"{task.stock.product.name}: {_told(CountState(done.state))}")
    return redirect("floor-counts", code)


def _lots(request: HttpRequest) -> dict[int, int]:
    """{batch id: units} of the sheet; units of no known lot under 0. Raises Invalid when a figure is missing."""
    names = [name for name in request.POST if name.startswith("lot-") and name[4:].isascii() and name[4:].isdigit()]
    lots = {int(name[4:12]): _units(request.POST[name]) for name in names[:100]}
    other = request.POST.get("other", "").strip()
    if other or not lots:
        lots[0] = _units(other)
    return lots


def _told(state: CountState) -> str:
    """What the counter hears: never how far off it was."""
    if state == CountState.RECOUNT:
        return _("Counted. Somebody else counts it once more.")
    if state == CountState.REVIEW:
        return _("Counted. A manager looks at it.")
    return _("Counted. Thank you.")


def _units(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and int(text[:7]) <= MOST_UNITS and len(text) < 7):
        raise Invalid("Count every lot: 0 when there is none.")
    return int(text)


@act("floor-counts")
def decide(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """The manager approves a count, or has it counted anew."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    task = shelf.count_of(task_id=task_id, store_id=store.pk)
    wanted, me = request.POST.get("act", ""), int(request.user.pk or 0)
    if wanted == "again":
        inventory.count_again(task_id=task.pk, by=me)
        messages.success(request, _("It is counted anew."))
    elif wanted == "approve":
        done = inventory.approve_count(task_id=task.pk, by=me, now=now)
        messages.success(request, _("In the book: %(d)+d.") % {"d": done.difference})
        if done.left_units:
            held = ngettext("%(n)s unit is held by orders.", "%(n)s units are held by orders.", done.left_units)
            messages.warning(request, held % {"n": done.left_units})
    else:
        raise Invalid("Choose what to do with this count.")
    return redirect("floor-counts", code)

"""The queue of a store, shifts, and the manager's acts on it."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from catalog import services as stores
from catalog.models import Store, StoreMode
from fulfillment import access, pickroute, queries, queueing, services, staff
from fulfillment.errors import OtherStore
from fulfillment.models import MOST_TOTES, PickTask
from fulfillment.services.shifts import USUAL_BREAK_M
from fulfillment.web.parts import act, back_of, is_htmx, me, number_of, screen, show

PAUSES_M = (10, 20, 30, 60, 120)


@screen
def home(request: HttpRequest) -> HttpResponse:
    """To the floor of the store this person works in."""
    store = access.own_store(request.user)
    if store is None and access.READERS & request.user.roles:  # type: ignore[union-attr]
        store = Store.objects.filter(is_active=True).order_by("code").first()
    if store is None:
        raise OtherStore("You are not on the list of any store yet. Ask your manager to add you.")
    return redirect("floor-queue", store.code)


@screen
def queue(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    now = timezone.now()
    board = queries.board(store_id=store.pk, now=now)
    may_work, may_manage = access.standing(request.user, store)
    own = [card for card in board.in_work if card.picker_id == request.user.pk]
    mine = own[0] if own else None
    busy = {card.picker_id for card in board.in_work}
    on_shift = any(picker.user_id == request.user.pk for picker in board.pickers)
    context = {
        "live_url": f"/ws/stores/{store.code}/",
        "here": "queue",
        "board": board,
        "later": queries.later(store_id=store.pk),
        "mine": mine,
        "mine_count": len(own),
        "on_shift": on_shift,
        "coming": _coming(board, now=now, store_id=store.pk) if on_shift and not mine else None,
        "tote_choices": range(1, MOST_TOTES + 1) if on_shift else [],
        "my_totes": queries.totes_of(picker_id=me(request)) if on_shift else 1,
        "mode": goods.current_mode(store, now=now).value,
        "pauses": PAUSES_M,
        "pause_reasons": pause_reasons(),
        "breaks": (15, 30),
        "me": staff.mine(user_id=me(request), store=store, now=now) if may_work else None,
        "decline_reasons": decline_reasons(),
        "free_pickers": [it for it in board.pickers if it.user_id not in busy and it.break_since is None],
        "coming_back": queries.coming_back(store_id=store.pk, now=now) if may_manage else [],
    }
    name = "fulfillment/queue.html#now" if is_htmx(request) else "fulfillment/queue.html"
    return show(request, name, store, context)


@act("floor-queue")
def shift(request: HttpRequest, code: str) -> HttpResponse:
    store, now = access.store_to_work_in(request.user, code), timezone.now()
    if request.POST.get("act") == "end":
        services.end_shift(picker_id=me(request), now=now)
        messages.success(request, _("Your shift is over. See you soon."))
    elif request.POST.get("act") == "break":
        minutes = number_of(request, "minutes", default=USUAL_BREAK_M)
        services.start_break(picker_id=me(request), store_id=store.pk, minutes=minutes, now=now)
    elif request.POST.get("act") == "back":
        services.end_break(picker_id=me(request), store_id=store.pk, now=now)
    else:
        services.start_shift(picker_id=me(request), store_id=store.pk, now=now)
    return redirect("floor-queue", code)


@act("floor-queue")
def next_order(request: HttpRequest, code: str) -> HttpResponse:
    store, now = access.store_to_work_in(request.user, code), timezone.now()
    task = services.next_task(store_id=store.pk, picker_id=me(request), now=now)
    if task is None:
        messages.info(request, _("Nothing is waiting. A new order shows up here by itself."))
        return redirect("floor-queue", code)
    if why := queries.why_together(order_id=task.order_id, since=now):
        together = {"n": len(why["tasks"]), "m": why["metres"], "alone": why["metres_alone"], "s": why["saved_s"]}
        messages.info(request, _("%(n)s orders on one walk: %(m)s m instead of %(alone)s m, %(s)s s saved.") % together)
    return redirect("floor-walk", code)


@act("floor-queue")
def on_task(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """The manager's acts on one task: take it, pin it, pass it on, back into the queue, to another store."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    task: PickTask = queries.task_of(task_id=task_id, store_id=store.pk)
    wanted, actor = request.POST.get("act", ""), f"user:{me(request)}"
    if wanted == "start":
        services.start(task_id=task.pk, picker_id=me(request), now=now)
        return redirect("floor-walk", code)
    if wanted in ("pin", "unpin"):
        services.pin(task_id=task.pk, pinned=wanted == "pin", actor=actor, now=now)
    elif wanted == "decline":
        order = services.decline(
            task_id=task.pk, store_id=store.pk, reason=request.POST.get("reason", ""), actor=actor, now=now
        )
        if order.store_id != store.pk:
            messages.success(request, _("%(store)s does it.") % {"store": order.store.name})
        else:
            messages.success(request, _("No other store has everything: the customer gets all of their money back."))
    elif wanted == "give_back":
        services.give_back(task_id=task.pk, actor=actor, now=now)
    elif wanted == "split":
        zones = [zone for zone in request.POST.getlist("zones") if zone in pickroute.ZONE_ORDER]
        services.split(task_id=task.pk, helper_id=number_of(request, "helper"), zones=zones, actor=actor, now=now)
        messages.success(request, _("They pick it together now."))
    elif wanted == "join":
        services.join_again(task_id=task.pk, actor=actor, now=now)
    elif wanted == "reassign":
        services.reassign(task_id=task.pk, picker_id=number_of(request, "picker"), actor=actor, now=now)
        messages.success(request, _("Passed on."))
    else:
        raise Invalid("Choose what to do with this order.")
    return redirect(back_of(request, "floor-queue"), code)


@act("floor-queue")
def came_back(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """Bags that came back are received, or a cancelled order's bags are unpacked."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    actor = f"user:{me(request)}"
    if request.POST.get("kind") == "cancelled":
        services.clear_slot(task_id=task.pk, actor=actor, now=now)
        messages.success(request, _("The place on the shelf is free."))
    else:
        services.receive_back(task_id=task.pk, store_id=store.pk, verdicts=None, by=me(request), now=now)
        messages.success(request, _("Received. Put what is good back into its bins."))
    return redirect("floor-queue", code)


@act("floor-queue")
def set_mode(request: HttpRequest, code: str) -> HttpResponse:
    """Pause the store, mark a rush, or open it again."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    mode = request.POST.get("mode", "")
    until = None if mode == StoreMode.OPEN else now + timedelta(minutes=number_of(request, "minutes"))
    reason = (request.POST.get("own", "").strip() or request.POST.get("reason", "").strip())[:160]
    stores.set_store_mode(
        store_id=store.pk, mode=mode, reason=reason, until=until, actor=f"user:{me(request)}", now=now
    )
    return redirect(back_of(request, "floor-queue"), code)


def _coming(board: queries.Board, *, now: datetime, store_id: int) -> queries.Card | None:
    """What "Start next" would begin with, were nobody quicker."""
    ranked = queueing.ranked(services.waiting(store_id=store_id, now=now))
    cards: dict[Hashable, queries.Card] = {card.id: card for card in board.waiting}
    return next((cards[it.id] for it in ranked if it.id in cards), None)


def decline_reasons() -> list[str]:
    return [_("No power or network"), _("Nobody to pick"), _("Items are not on the shelf"), _("Too much to do")]


def pause_reasons() -> list[str]:
    return [_("Too many orders at once"), _("No power or network"), _("Nobody to pick"), _("Trouble in the cold room")]

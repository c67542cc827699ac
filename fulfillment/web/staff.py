"""The people of a floor: who is here, who is planned, what the next hour asks of them, and the manager's limit."""

from __future__ import annotations

from datetime import date, time, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, NotAllowed
from catalog import queries as goods
from catalog import services as stores
from fulfillment import access, services
from fulfillment import staff as reads
from fulfillment.web.parts import act, is_htmx, number_of, screen, show
from fulfillment.web.queue import pause_reasons
from orders import queries as orders

LIMITS_M = (30, 60, 120, 240)
PAUSES_M = (10, 20, 30, 60, 120)


@screen
def staff(request: HttpRequest, code: str) -> HttpResponse:
    """For managers of this store, operations and administrators."""
    store, now = access.store_to_see(request.user, code), timezone.now()
    _may_work, may_manage = access.standing(request.user, store)
    if not may_manage and access.READERS.isdisjoint(request.user.roles):  # type: ignore[union-attr]
        raise NotAllowed("This is for the store's manager.")
    most = goods.most_open_orders(store, now=now)
    context = {
        "live_url": f"/ws/stores/{store.code}/",
        "here": "staff",
        "staff": reads.staff_of(store, now=now),
        "mode": goods.current_mode(store, now=now).value,
        "why_long": orders.why_long(store, now=now),
        "limit": most if most < store.max_open_orders else None,
        "limits": LIMITS_M,
        "pauses": PAUSES_M,
        "pause_reasons": pause_reasons(),
    }
    name = "fulfillment/staff.html#now" if is_htmx(request) else "fulfillment/staff.html"
    return show(request, name, store, context)


@act("floor-staff")
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Plan somebody: a preset ("06:00-14:00") or two times, on a day or on its weekday every week."""
    store = access.store_to_manage(request.user, code)
    begins, _dash, ends = request.POST.get("preset", "").partition("-")
    day = _day(request.POST.get("day", ""))
    weekly = request.POST.get("weekly") == "1"
    services.plan_shift(
        store_id=store.pk,
        user_id=number_of(request, "person"),
        from_time=_time(begins or request.POST.get("from", "")),
        to_time=_time(ends or request.POST.get("to", "")),
        day=None if weekly else day,
        weekday=day.weekday() if weekly else None,
        now=timezone.now(),
    )
    return redirect("floor-staff", code)


@act("floor-staff")
def unplan(request: HttpRequest, code: str, plan_id: int) -> HttpResponse:
    store = access.store_to_manage(request.user, code)
    services.unplan_shift(plan_id=plan_id, store_id=store.pk, now=timezone.now())
    return redirect("floor-staff", code)


@act("floor-staff")
def limit(request: HttpRequest, code: str) -> HttpResponse:
    """At most so many open orders for a while, or as many as usual again."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    if request.POST.get("act") == "end":
        stores.set_store_limit(store_id=store.pk, most=None, actor=f"user:{request.user.pk}", now=now)
        messages.success(request, _("As many orders as usual again."))
    else:
        stores.set_store_limit(
            store_id=store.pk,
            most=number_of(request, "most"),
            reason=request.POST.get("reason", "").strip()[:160],
            until=now + timedelta(minutes=number_of(request, "minutes")),
            actor=f"user:{request.user.pk}",
            now=now,
        )
    return redirect("floor-staff", code)


def _time(text: str) -> time:
    try:
        typed = time.fromisoformat(text.strip()[:5])
    except ValueError:
        typed = None
    if typed is None or typed.tzinfo is not None:
        raise Invalid("Say from when to when.")
    return typed


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise Invalid("Choose a day.") from None

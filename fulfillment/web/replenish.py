"""The manager's page of what is low, what is gone and what should be ordered; and goods that came back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from blinkit.kernel.errors import NotAllowed
from fulfillment import access, returns, services
from fulfillment.web.parts import act, number_of, screen, show
from inventory import services as inventory
from inventory import shelf
from inventory.counts import WasteReason

BAR_DAYS = 7
"""A full bar is a week of cover."""


@screen
def replenish(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    _may_work, may_manage = access.standing(request.user, store)
    if not may_manage and access.READERS.isdisjoint(request.user.roles):  # type: ignore[union-attr]
        raise NotAllowed("This page is for the store's manager.")
    policy = inventory.policy_of(store.pk)
    context = {
        "here": "stock",
        "room": "replenish",
        "rows": shelf.suggestions(store_id=store.pk),
        "low": shelf.low(store_id=store.pk),
        "gone": shelf.sold_out(store_id=store.pk, now=timezone.now()),
        "bar_days": BAR_DAYS,
        "lead_days": policy.lead_time_h / 24,
        "target_days": policy.lead_time_h / 24 + policy.cover_days,
    }
    return show(request, "fulfillment/replenish.html", store, context)


@act("floor-replenish")
def order(request: HttpRequest, code: str) -> HttpResponse:
    """The manager orders the chosen suggestions, or does not want them."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    chosen = [int(text) for text in request.POST.getlist("pick")[:500] if text.isascii() and text.isdigit()]
    asked = {"suggestion_ids": chosen, "store_id": store.pk, "by": int(request.user.pk or 0), "now": now}
    if request.POST.get("act") == "dismiss":
        n = inventory.dismiss(**asked)  # type: ignore[arg-type]
        messages.success(request, ngettext("%(n)s taken off the list.", "%(n)s taken off the list.", n) % {"n": n})
    else:
        n = len(inventory.accept(**asked))  # type: ignore[arg-type]
        messages.success(request, ngettext("%(n)s product ordered.", "%(n)s products ordered.", n) % {"n": n})
    return redirect("floor-replenish", code)


@screen
def back(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """What an undelivered order's bags hold, and what the rule says about each."""
    store = access.store_to_manage(request.user, code)
    found = returns.came_back(task_id=task_id, store_id=store.pk, now=timezone.now())
    context = {"here": "queue", "back": found, "reasons": WasteReason.values}
    return show(request, "fulfillment/returned.html", store, context)


@act("floor-queue")
def receive_back(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """The manager has looked at every line: back on sale, or thrown away."""
    store, now = access.store_to_manage(request.user, code), timezone.now()
    found = returns.came_back(task_id=task_id, store_id=store.pk, now=now)
    verdicts = {
        line.product.pk: services.Verdict(
            number_of(request, f"waste-{line.product.pk}"), request.POST.get(f"why-{line.product.pk}", "")
        )
        for line in found.lines
    }
    wasted = services.receive_back(
        task_id=task_id, store_id=store.pk, verdicts=verdicts, by=int(request.user.pk or 0), now=now
    )
    said = _("Received. Put what is good back into its bins.")
    if wasted:
        said += " " + ngettext("%(n)s unit is thrown away.", "%(n)s units are thrown away.", wasted) % {"n": wasted}
    messages.success(request, said)
    return redirect("floor-queue", code)

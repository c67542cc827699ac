"""Bags of an undelivered order are taken from the rider, one scan each; what is in them is looked at afterwards."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from fulfillment import access, queries
from fulfillment.web.parts import act, me
from orders import services as orders


@act("floor-queue")
def bag_in(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """Whoever works in the store; without a code all bags that are left. With the last one the rider is free."""
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    scanned = orders.bag_back(
        order_id=task.order_id,
        store_id=store.pk,
        code="" if request.POST.get("all") else request.POST.get("code", "").strip()[:40] or "?",
        actor=f"user:{me(request)}",
        now=timezone.now(),
    )
    if scanned.missing:
        messages.success(request, _("Bag %(n)s of %(m)s is back.") % {"n": scanned.number, "m": scanned.of})
    else:
        messages.success(request, _("All bags are back, the rider is free. Look at what is in them."))
    return redirect("floor-queue", code)

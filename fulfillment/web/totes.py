"""The totes of a trolley: how many somebody takes on a walk, and the labels that tell them apart."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from fulfillment import access, scancodes, services
from fulfillment.models import MOST_TOTES
from fulfillment.web.parts import act, me, number_of, qr, screen, show


@act("floor-queue")
def choose(request: HttpRequest, code: str) -> HttpResponse:
    """So many totes this person takes on a walk, from now on."""
    store = access.store_to_work_in(request.user, code)
    picker_id = me(request)
    services.set_totes(picker_id=picker_id, store_id=store.pk, totes=number_of(request, "totes"))
    return redirect("floor-queue", code)


@screen
def labels(request: HttpRequest, code: str) -> HttpResponse:
    """What is stuck on the totes, to print: a shape, a letter, and the code that says into which one."""
    store = access.store_to_see(request.user, code)
    totes = [
        {
            "letter": scancodes.letter(n),
            "code": scancodes.tote_code(n),
            "qr": qr(scancodes.tote_code(n), scale=6, error="h"),
        }
        for n in range(1, MOST_TOTES + 1)
    ]
    return show(request, "fulfillment/tote_labels.html", store, {"totes": totes, "here": "pick"})

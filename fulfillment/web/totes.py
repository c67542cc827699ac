"""The totes of a trolley: how many somebody takes on a walk, and the labels that tell them apart."""

from __future__ import annotations

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import mark_safe

from fulfillment import access, scancodes, services
from fulfillment.models import MOST_TOTES
from fulfillment.web.parts import act, number_of, screen, show


@act("floor-queue")
def choose(request: HttpRequest, code: str) -> HttpResponse:
    """So many totes this person takes on a walk, from now on."""
    store = access.store_to_work_in(request.user, code)
    picker_id = int(request.user.pk)  # type: ignore[arg-type]  # the decorator lets only signed-in people in
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
            "qr": mark_safe(segno.make(scancodes.tote_code(n), error="h", micro=False).svg_inline(scale=6, border=2)),
        }
        for n in range(1, MOST_TOTES + 1)
    ]
    return show(request, "fulfillment/tote_labels.html", store, {"totes": totes, "here": "pick"})

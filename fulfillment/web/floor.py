"""The manager's live floor, and the page from which every room of the store is one tap away."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog import queries as goods
from fulfillment import access, watch
from fulfillment.web.parts import is_htmx, screen, show
from fulfillment.web.queue import PAUSES_M, decline_reasons, pause_reasons


@screen
def live(request: HttpRequest, code: str) -> HttpResponse:
    store, now = access.store_to_oversee(request.user, code), timezone.now()
    floor = watch.floor_now(store=store, now=now)
    context = {
        "live_url": f"/ws/stores/{store.code}/",
        "here": "floor",
        "now_floor": floor,
        "board": floor.board,
        "mode": goods.current_mode(store, now=now).value,
        "pauses": PAUSES_M,
        "pause_reasons": pause_reasons(),
        "decline_reasons": decline_reasons(),
        "free_pickers": floor.free_pickers,
        "on_shift": any(tile.user_id == request.user.pk for tile in floor.tiles),
        "mine": any(tile.user_id == request.user.pk and tile.tasks for tile in floor.tiles),
    }
    return show(request, "fulfillment/floor.html#now" if is_htmx(request) else "fulfillment/floor.html", store, context)


@screen
def more(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    return show(request, "fulfillment/more.html", store, {"here": "more"})

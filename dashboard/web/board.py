"""The live board, the riders behind its dots, and a store's mode."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from catalog import services as stores
from catalog.models import StoreMode
from dashboard import queries
from dashboard.queries.board import forget_board
from dashboard.web.parts import act, actor_of, is_htmx, screen, show
from orders import queries as orders

LASTS_M = (10, 20, 30, 60, 120)

MOST_MINUTES = 24 * 60


@screen
def board(request: HttpRequest) -> HttpResponse:
    """The whole page, or only what moves when the page reads itself again."""
    found = queries.board_lately()
    context = {"live_url": "/ws/ops/", "here": "board", "board": found, "facts": found.as_json()}
    return show(request, "dashboard/board.html#now" if is_htmx(request) else "dashboard/board.html", context)


@screen
def riders(request: HttpRequest) -> HttpResponse:
    found = queries.board_lately()
    store, state = request.GET.get("store", ""), request.GET.get("state", "")
    wanted = [r for r in found.riders if store in ("", r.store_code) and state in ("", r.state, "trouble")]
    shown = sorted((r for r in wanted if state != "trouble" or r.trouble), key=lambda r: not r.trouble)
    context = {
        "live_url": "/ws/ops/",
        "here": "riders",
        "riders": shown,
        "stores": found.stores,
        "store": store,
        "state": state,
    }
    return show(request, "dashboard/riders.html#now" if is_htmx(request) else "dashboard/riders.html", context)


@screen
def store(request: HttpRequest, code: str) -> HttpResponse:
    """Pause, rush or open a store."""
    row, now = goods.store_by_code(code), timezone.now()
    most = goods.most_open_orders(row, now=now)
    context = {
        "store": row,
        "mode": goods.current_mode(row, now=now).value,
        "why_long": orders.why_long(row, now=now),
        "limit": most if most < row.max_open_orders else None,
        "lasts": LASTS_M,
        "here": "board",
    }
    return show(request, "dashboard/store.html", context)


@act("ops-store")
def set_mode(request: HttpRequest, code: str) -> HttpResponse:
    row, now = goods.store_by_code(code), timezone.now()
    mode = request.POST.get("mode", "")
    try:
        lasts = int(request.POST.get("minutes", "0") or 0)
    except ValueError:
        raise Invalid("Say for how many minutes.") from None
    if not 0 <= lasts <= MOST_MINUTES:
        raise Invalid("Say for how many minutes.")
    stores.set_store_mode(
        store_id=row.pk,
        mode=mode,
        reason=request.POST.get("reason", ""),
        until=None if mode == StoreMode.OPEN else now + timedelta(minutes=lasts),
        actor=actor_of(request),
        now=now,
    )
    forget_board()
    messages.success(request, _("%(store)s: %(mode)s.") % {"store": row.name, "mode": StoreMode(mode).label})
    return redirect("ops-board")

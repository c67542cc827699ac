"""The customer's wallet: what is in it, what of it ends when, what came and went."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.web.shopper import Shopper, customer_of
from payments import queries as money
from payments.models import Entry
from payments.words import entry_words, source_words

PER_PAGE = 30


@never_cache
@login_required
@require_safe
def wallet(request: HttpRequest) -> HttpResponse:
    """Older entries by `?before=<id>`."""
    shopper = Shopper(request)
    customer_id = customer_of(request)
    view = money.wallet_of(customer_id, now=shopper.now)
    before = request.GET.get("before", "")
    entries = money.wallet_entries(customer_id)
    if before.isascii() and before.isdigit() and len(before) < 19:
        entries = entries.filter(pk__lt=int(before))
    page = list(entries[: PER_PAGE + 1])
    context = {
        "heading": _("Wallet"),
        "back": reverse("shop-account"),
        "searchable": "desktop",
        "balance_paise": view.balance_paise,
        "endings": [{"paise": end.paise, "at": end.at, "from": source_words(end.source)} for end in view.endings],
        "entries": [_entry(entry) for entry in page[:PER_PAGE]],
        "older": page[PER_PAGE - 1].pk if len(page) > PER_PAGE else None,
    }
    return shopper.render("shop/wallet.html", context)


def _entry(entry: Entry) -> dict[str, Any]:
    transfer = entry.transfer
    words, about = entry_words(transfer.kind, transfer.memo)
    is_order = transfer.ref is not None and transfer.memo.startswith("Order ")
    return {
        "words": words,
        "about": about,
        "at": transfer.at,
        "paise": -entry.amount_paise,
        "url": reverse("shop-order", args=[transfer.ref]) if is_order else "",
    }

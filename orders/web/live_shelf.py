"""What the live shelf reads again: products as they are now, and the parts of a page that show the cart."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.queries.shelves import store_id_of
from orders.queries.watched import MOST_AT_ONCE, watched_skus
from orders.web.shopper import Shopper


@never_cache
@require_safe
def shelf_now(request: HttpRequest, store_code: str) -> JsonResponse:
    """`?skus=A,B`: the same as the socket tells, for whoever missed something or has no socket. Two statements."""
    skus = [sku for sku in request.GET.get("skus", "").split(",") if sku][:MOST_AT_ONCE]
    store_id = store_id_of(store_code)
    found = watched_skus(store_id=store_id, skus=skus) if skus else []
    return JsonResponse({"items": [row.as_dict() for row in found]})


@never_cache
@require_safe
def cart_parts(request: HttpRequest) -> HttpResponse:
    """The cart beside a page, its bar and its button, priced anew."""
    return Shopper(request).render("shop/_cart_parts.html")

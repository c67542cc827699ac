"""What others charge: open to everybody, with a limit of its own. Cities by slug; without one, the first we know."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from blinkit.kernel import metrics, pictures
from blinkit.kernel.api import dumps, parsed, sparse
from blinkit.kernel.errors import Invalid
from blinkit.kernel.limits import Standing, client_address, is_exempt, stand
from blinkit.kernel.schema import text, whole
from blinkit.kernel.words import said
from catalog import market_queries as market
from catalog import versions
from catalog.api import shapes
from catalog.baskets import BasketAnswer, BasketAsk, Order, WantedLine, plan
from catalog.market_queries.deals import ORDERS
from catalog.search.folding import words

MAX_AGE_S = 5
MOST_KEPT = 500
MOST_SKUS = 5
MOST_DAYS = 90
DEFAULT_DAYS = 30
UNCHANGED = OpenApiResponse(description="Not changed since the ETag you sent.")
NO_CITY = OpenApiResponse(description="We know no prices in such a city.")
CITY = text("city", longest=50, description="Slug; without it the first city with prices.")
CATEGORY = text("category", longest=50, description="Slug.")
PLATFORM = text("platform", longest=50, description="Slug.")
CURSOR = text("cursor", longest=200, description="`next_cursor` of the page before.")
LIMIT = whole("limit", least=1, most=50, default=20)
_kept: OrderedDict[tuple[str, str], tuple[float, bytes]] = OrderedDict()
"""Answers of this process by the market's version and the address: (good until, body)."""


class MarketThrottle(BaseThrottle):
    """Per address; what the market is asked leaves the rest of the API alone."""

    standing: Standing | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        address, limit = client_address(request._request), settings.MARKET_REQUESTS_PER_MINUTE
        if not limit or is_exempt(address):
            return True
        self.standing = stand("market", address, limit=limit, per_s=60)
        request._request.rate_standing = self.standing  # type: ignore[attr-defined]
        if not self.standing.allowed:
            metrics.count("limits_refused_total", budget="market")
        return self.standing.allowed

    def wait(self) -> float | None:
        return None if self.standing is None else float(self.standing.reset_s)


class MarketView(APIView):
    """Nobody is asked who they are: a stale token does not close it, and cached answers name nobody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (MarketThrottle,)


def answered(request: Request, read: Callable[[], dict[str, Any]]) -> HttpResponse:
    """JSON that anybody may keep for a moment; 304 when the caller has the same already.

    While the market's version stands, an answer is read once in MARKET_ANSWERS_KEPT_S: what depends on the clock (an
    offer that ends, a price that has become old) is late by no more than that. Without Redis nothing is kept.
    """
    version = versions.read("market") if settings.MARKET_ANSWERS_KEPT_S else ""
    key = (version, request.get_full_path())
    until, body = _kept.get(key, (0.0, b"")) if version else (0.0, b"")
    if time.monotonic() >= until:
        body = dumps(sparse(request, read()))
        if version:
            _kept[key] = (time.monotonic() + settings.MARKET_ANSWERS_KEPT_S, body)
            _kept.move_to_end(key)
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    same = etag in request.headers.get("If-None-Match", "")
    response = HttpResponse(status=304) if same else HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    return response


def word(request: Request, name: str, *, longest: int) -> str:
    found = request.query_params.get(name, "").strip()
    if len(found) > longest or "\x00" in found:
        raise Invalid(f"{name}: at most {longest} characters.", errors={name: [f"At most {longest} characters."]})
    return found


def number(request: Request, name: str, *, least: int, most: int, default: int) -> int:
    raw = request.query_params.get(name, "")
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 8 and least <= int(raw) <= most):
        raise Invalid(f"{name}: a whole number from {least} to {most}.", errors={name: [f"From {least} to {most}."]})
    return int(raw)


def listed(it: market.Listed) -> dict[str, Any]:
    found = asdict(it)
    found.pop("hue")
    return found


def product(it: market.ProductPrices) -> dict[str, Any]:
    return {
        **{name: getattr(it, name) for name in ("sku", "name", "name_hi", "pack", "image", "mrp_paise")},
        "images": pictures.sizes_dict(it.image),
        "same": [listed(one) for one in it.same],
        "others": [listed(one) for one in it.others],
    }


class CompareView(MarketView):
    @extend_schema(
        operation_id="market_compare",
        summary="A product or a category on all platforms",
        tags=["market"],
        parameters=[
            OpenApiParameter(
                "sku",
                {"type": "array", "maxItems": MOST_SKUS, "items": {"type": "string", "maxLength": 40}},
                description="Products to compare. Without any: how dear each platform is by category.",
            ),
            CATEGORY,
            CITY,
        ],
        responses={200: shapes.CompareOut, 304: UNCHANGED, 404: NO_CITY},
    )
    def get(self, request: Request) -> HttpResponse:
        """Products by their matches, or categories by the median index over the products several platforms have."""
        skus = list(dict.fromkeys(request.query_params.getlist("sku")))
        if len(skus) > MOST_SKUS or any(len(sku) > 40 or "\x00" in sku for sku in skus):
            raise Invalid(f"sku: at most {MOST_SKUS}.", errors={"sku": [f"At most {MOST_SKUS}."]})
        category = word(request, "category", longest=50)

        def read() -> dict[str, Any]:
            city = market.market_city(word(request, "city", longest=50))
            now = timezone.now()
            found = [market.product_prices(sku, city_id=city.id, now=now) for sku in skus]
            indexes = [] if skus else market.category_indexes(city.id, category=category)
            return {
                "city": city.slug,
                "products": [product(it) for it in found],
                "categories": [asdict(it) for it in indexes],
            }

        return answered(request, read)


class MarketSearchView(MarketView):
    @extend_schema(
        operation_id="market_search",
        summary="Search what platforms list",
        tags=["market"],
        parameters=[text("q", longest=80), PLATFORM, CATEGORY, CITY, CURSOR, LIMIT],
        responses={200: shapes.FoundPage, 304: UNCHANGED, 404: NO_CITY},
    )
    def get(self, request: Request) -> HttpResponse:
        """Each thing once, with its cheapest listing on each platform."""
        q, cursor = word(request, "q", longest=80), word(request, "cursor", longest=200)
        limit = number(request, "limit", least=1, most=50, default=20)

        def read() -> dict[str, Any]:
            city = market.market_city(word(request, "city", longest=50))
            found, after = market.search(
                q, city_id=city.id, now=timezone.now(), platform=word(request, "platform", longest=50),
                category=word(request, "category", longest=50), cursor=cursor, limit=limit,
            )  # fmt: skip
            names = ("key", "sku", "name", "name_hi", "pack", "image")
            items = [
                {
                    **{name: getattr(it, name) for name in names},
                    "images": pictures.sizes_dict(it.image),
                    "listings": [listed(one) for one in it.listings],
                }
                for it in found
            ]
            return {"city": city.slug, "items": items, "next_cursor": after}

        return answered(request, read)


class ProductPricesView(MarketView):
    @extend_schema(
        operation_id="market_product_prices",
        summary="A product's prices, now and before",
        tags=["market"],
        parameters=[CITY, whole("days", least=1, most=MOST_DAYS, default=DEFAULT_DAYS)],
        responses={200: shapes.PricesOut, 304: UNCHANGED},
    )
    def get(self, request: Request, sku: str) -> HttpResponse:
        """Its matches on every platform, what compares with it by the unit, and each match's steps and daily lows."""
        days = number(request, "days", least=1, most=MOST_DAYS, default=DEFAULT_DAYS)

        def read() -> dict[str, Any]:
            city, now = market.market_city(word(request, "city", longest=50)), timezone.now()
            found = market.product_prices(sku, city_id=city.id, now=now)
            since = now - timedelta(days=days)
            history = market.history([it.id for it in found.same], since=since, until=now) if found.same else []
            series = [
                {
                    **{
                        name: getattr(it, name)
                        for name in ("listing_id", "platform", "platform_name", "is_ours", "name", "pack")
                    },
                    "steps": [{"at": at, "price_paise": paise, "available": there} for at, paise, there in it.steps],
                    "daily_low": [
                        {"day": day, "low_paise": low}
                        for day, low in it.daily_low(since=since, until=now, zone=settings.TIME_ZONE)
                    ],
                }
                for it in history
            ]
            return {**product(found), "city": city.slug, "history": series}

        return answered(request, read)


class DealsView(MarketView):
    @extend_schema(
        operation_id="market_deals",
        summary="Deals and offers alive",
        tags=["market"],
        parameters=[
            OpenApiParameter(
                "order", OpenApiTypes.STR, enum=list(ORDERS), description="`ending`: flash sales, what ends first."
            ),
            whole("discount", least=1, most=99, default=1, description="At least so many per cent below the MRP."),
            PLATFORM, CATEGORY, CITY, CURSOR, LIMIT,
        ],
        responses={200: shapes.DealPage, 304: UNCHANGED, 404: NO_CITY},
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        """Listings below their MRP; with the first page the coupons, bank offers, bundles and flash sales alive."""
        order, cursor = word(request, "order", longest=20) or ORDERS[0], word(request, "cursor", longest=200)
        if order not in ORDERS:
            raise Invalid(f"order: {' or '.join(ORDERS)}.", errors={"order": [f"{' or '.join(ORDERS)}."]})
        least = number(request, "discount", least=1, most=99, default=1)
        limit = number(request, "limit", least=1, most=50, default=20)

        def read() -> dict[str, Any]:
            city, now = market.market_city(word(request, "city", longest=50)), timezone.now()
            platform = word(request, "platform", longest=50)
            found, after = market.deals(
                city.id, now=now, order=order, least_bp=least * 100, platform=platform,
                category=word(request, "category", longest=50), cursor=cursor, limit=limit,
            )  # fmt: skip
            offers = [] if cursor else [asdict(it) for it in market.offers_alive(city.id, now=now, platform=platform)]
            for offer in offers:
                offer.pop("hue")
            items = [{"listing": listed(it.listing), "ends_at": it.ends_at} for it in found]
            return {"city": city.slug, "items": items, "offers": offers, "next_cursor": after}

        return answered(request, read)


class PlatformsView(MarketView):
    @extend_schema(
        operation_id="market_platforms",
        summary="Platforms, their fees and how fresh their prices are",
        tags=["market"],
        parameters=[CITY],
        responses={200: shapes.PlatformList, 304: UNCHANGED, 404: NO_CITY},
    )
    def get(self, request: Request) -> HttpResponse:
        def read() -> dict[str, Any]:
            city = market.market_city(word(request, "city", longest=50))
            rows = [asdict(it) for it in market.platforms(city.id, now=timezone.now())]
            for row in rows:
                del row["id"], row["hue"]
            return {"city": city.slug, "platforms": rows}

        return answered(request, read)


class BasketsView(MarketView):
    @extend_schema(
        operation_id="market_basket_compare",
        summary="A whole shopping list on every platform",
        tags=["market"],
        request=shapes.BasketBody,
        responses={200: shapes.BasketOut, 404: NO_CITY},
    )
    def post(self, request: Request) -> Response:
        """With fees, minimums and offers; the best split between platforms; and what fits a budget. Writes nothing."""
        body = parsed(shapes.BasketBody(data=request.data))
        lines = [
            WantedLine(
                line["item"], *_base(line["amount"], line["measure"]), pieces=line["pieces"], sku=line["sku"],
            )
            for line in body["lines"]
        ]  # fmt: skip
        asked = BasketAsk(
            lines, body["budget_paise"], body["category"], tuple(body["platforms"]),
            frozenset(" ".join(words(bank)) for bank in body["banks"]), body["most_orders"],
        )  # fmt: skip
        found = plan(asked, city=body["city"], now=timezone.now())
        return Response(basket(found), headers={"Cache-Control": "no-store"})


def _base(amount: float | None, measure: str) -> tuple[float | None, str]:
    """In g, ml or pieces."""
    if amount is None:
        return None, ""
    by, into = {"kg": (1000, "g"), "l": (1000, "ml")}.get(measure, (1, measure))
    return amount * by, into


def basket(found: BasketAnswer) -> dict[str, Any]:
    """As JSON; sentences also in the reader's language."""

    def order(it: Order) -> dict[str, Any]:
        bill = {name: getattr(it.bill, name) for name in map(str, shapes.BasketBillOut().fields)}
        taken = [
            {
                "line": one.line, "paise": one.paise, "amount": one.amount, "measure": one.measure,
                "parts": [{"listing": listed(p.listing), "pieces": p.pieces, "paise": p.paise} for p in one.parts],
            }
            for one in it.taken
        ]  # fmt: skip
        plain = {
            name: getattr(it, name)
            for name in (
                "platform", "platform_name", "is_ours", "missing", "eta_low_minutes", "eta_high_minutes", "seen_at",
                "is_stale", "knows_terms",
            )
        }  # fmt: skip
        offers = {name: [asdict(one) for one in getattr(it, name)] for name in ("offers", "with_bank")}
        return {**plain, **offers, "taken": taken, "bill": bill}

    split = found.split and {
        "orders": [order(it) for it in found.split.orders],
        "missing": found.split.missing,
        "total_paise": found.split.total_paise,
        "is_exact": found.split.is_exact,
        "saves_paise": found.split.saves_paise,
    }
    return {
        "city": found.city,
        "at": found.at,
        "lines": [
            {name: getattr(it, name) for name in ("number", "said", "amount", "measure", "is_assumed")}
            for it in found.lines
        ],
        "orders": [order(it) for it in found.orders],
        "split": split,
        "budget_paise": found.budget_paise,
        "left_paise": found.left_paise,
        "left_out": [{"line": it.line, "why": str(it.why), "why_local": said(it.why)} for it in found.left_out],
        "steps": [{"name": it.name, "text": str(it.text), "text_local": said(it.text)} for it in found.steps],
        "seen_at": found.seen_at,
        "is_stale": found.is_stale,
    }

"""Who delivers here, and what is on that store's shelf. Open to everybody; nothing here knows who asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.phones import normalise
from blinkit.kernel import pictures
from blinkit.kernel.api import parsed
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.limits import check_limit, client_address, is_exempt
from blinkit.kernel.schema import place, text, whole
from catalog import queries as goods
from catalog import services as catalog_services
from catalog.facets import SORTS
from catalog.traits import MARKS, MEASURES, TAGS
from orders import filters, queries
from orders.api import shapes
from orders.api.parts import cacheable, flag_of, limit_of, point_of, text_of
from orders.filters import MOST_PAISE, MOST_VALUES
from orders.queries.shelves import MOST_PER_PAGE
from orders.services.showing import note_shown

SHELF_MAX_AGE_S = 10
CATEGORIES_MAX_AGE_S = 120
SUGGEST_MAX_AGE_S = 60
DEFAULT_PER_PAGE = 40
LONGEST_SEARCH = 80

LONGEST_SLUG, LONGEST_CURSOR = 50, 90


def _some_of(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "array", "maxItems": MOST_VALUES, "items": {"type": "string", "enum": list(names)}}


LIMIT = whole("limit", least=1, most=MOST_PER_PAGE, default=DEFAULT_PER_PAGE)
FILTERS = [
    OpenApiParameter(
        "brand",
        {"type": "array", "maxItems": MOST_VALUES, "items": {"type": "string", "maxLength": 90}},
        description="Slugs of brands: any of them.",
    ),
    OpenApiParameter("mark", _some_of(MARKS), description="Any of them."),
    OpenApiParameter("tag", _some_of(TAGS), description="All of them."),
    whole("price_from", least=0, most=MOST_PAISE, description="Paise, inclusive."),
    whole("price_to", least=0, most=MOST_PAISE, description="Paise, inclusive."),
    whole("discount", least=0, most=99, description="At least so many per cent below the MRP."),
    OpenApiParameter("unit", OpenApiTypes.STR, enum=list(MEASURES), description="Measured in."),
    whole("unit_price_to", least=0, most=MOST_PAISE, description="Paise per kg, litre or piece at most."),
    OpenApiParameter(
        "sort", OpenApiTypes.STR, enum=list(SORTS), description="`rank` when left out: a search has its own order."
    ),
    OpenApiParameter("facets", OpenApiTypes.BOOL, description="1: also count what could be chosen."),
]
UNCHANGED = OpenApiResponse(description="Not changed since the ETag you sent.")


class OpenView(APIView):
    """No authentication is tried: a stale token does not close the shop, and cached answers name nobody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class ServiceabilityView(OpenView):
    @extend_schema(
        operation_id="serviceability",
        summary="Who delivers here",
        tags=["shop"],
        parameters=place(required=True),
        responses={200: shapes.ServiceabilityOut, 304: UNCHANGED},
    )
    def get(self, request: Request) -> HttpResponse:
        """The store, the arrival range in minutes for a usual basket, and the fees; or why not, in a sentence."""
        point = point_of(request)
        if point is None:
            raise Invalid("Send lat and lng as decimal degrees.", errors={"lat": ["Needed."], "lng": ["Needed."]})
        now = timezone.now()
        answer = queries.serviceability(point=point, now=now)
        if answer.store is None:
            catalog_services.note_unmet(point=point, now=now)
        note_shown(answer, page="api", now=now)  # nobody is asked who they are here
        return cacheable(request, answer.as_dict(), max_age_s=5)


class WaitlistView(OpenView):
    @extend_schema(
        operation_id="waitlist_join",
        summary="Tell me when you deliver here",
        tags=["shop"],
        request=shapes.WaitlistBody,
        responses={201: OpenApiResponse(description="Noted. A second time for a phone replaces the place.")},
    )
    def post(self, request: Request) -> Response:
        """Once per phone; the latest place counts."""
        body = parsed(shapes.WaitlistBody(data=request.data))
        address = client_address(request._request)
        if not is_exempt(address):
            check_limit("waitlist", address, limit=10, per_s=3600)
        catalog_services.join_waitlist(
            phone=normalise(body["phone"]), point=Point(body["lat"], body["lng"]), note=body["note"], now=timezone.now()
        )
        return Response(status=status.HTTP_201_CREATED)


class StoresView(OpenView):
    @extend_schema(
        operation_id="stores",
        summary="Where we are",
        tags=["shop"],
        responses={200: shapes.StoreList, 304: UNCHANGED},
    )
    def get(self, request: Request) -> HttpResponse:
        """Every active store with the area it serves: the map of where we are."""
        now = timezone.now()
        items = [
            {
                "code": store.code,
                "name": store.name,
                "lat": store.lat,
                "lng": store.lng,
                "city": store.city.name,
                "area": store.area,
                "mode": goods.current_mode(store, now=now).value,
                "open": goods.is_open(store, now=now),
            }
            for store in goods.active_stores()
        ]
        return cacheable(request, {"items": items}, max_age_s=60)


class CategoriesView(OpenView):
    @extend_schema(
        operation_id="store_categories",
        summary="Categories of a store",
        tags=["shop"],
        responses={200: shapes.CategoryList, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """The tree in shelf order, only what this store has something listed in."""
        store_id = queries.store_id_of(code)
        items = [node.as_dict() for node in goods.category_tree(store_id=store_id)]
        return cacheable(request, {"items": items}, max_age_s=CATEGORIES_MAX_AGE_S)


class ProductsView(OpenView):
    @extend_schema(
        operation_id="store_products",
        summary="A page of a store's shelf",
        tags=["shop"],
        parameters=[
            text("category", longest=LONGEST_SLUG, description="Slug; with everything beneath it."),
            text("cursor", longest=LONGEST_CURSOR, description="`next_cursor` of the page before."),
            LIMIT,
            *FILTERS,
        ],
        responses={200: shapes.CardPage, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """Best first, with price and availability. Packs of one thing are one card. A cursor belongs to its `sort`."""
        chosen = filters.read(request.query_params, paise_per=1, strict=True)
        page = queries.shelf(
            store_code=code,
            category_slug=text_of(request, "category", longest=LONGEST_SLUG) or None,
            cursor=text_of(request, "cursor", longest=LONGEST_CURSOR),
            limit=limit_of(request, default=DEFAULT_PER_PAGE, most=MOST_PER_PAGE),
            wanted=chosen.wanted,
            sort=chosen.sort,
            with_facets=flag_of(request, "facets"),
        )
        return cacheable(request, page.as_dict(), max_age_s=SHELF_MAX_AGE_S)


class SearchView(OpenView):
    @extend_schema(
        operation_id="store_search",
        summary="Search a store's shelf",
        tags=["shop"],
        parameters=[text("q", longest=LONGEST_SEARCH, description="What is wanted."), LIMIT, *FILTERS],
        responses={200: shapes.SearchResult, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """English, Hindi, Hinglish, misspelt; sold-out products come last. Packs of one thing are one card, the pack
        asked for in front; filters choose among the best hits."""
        chosen = filters.read(request.query_params, paise_per=1, strict=True)
        q = text_of(request, "q", longest=LONGEST_SEARCH)
        limit = limit_of(request, default=DEFAULT_PER_PAGE, most=MOST_PER_PAGE)
        found = queries.find(
            store_code=code,
            q=q,
            limit=limit,
            wanted=chosen.wanted,
            sort=chosen.sort,
            with_facets=flag_of(request, "facets"),
        )
        data: dict[str, Any] = {
            "items": [card.as_dict() for card in found.cards],
            "q": q,
            "meant": found.meant or None,
            "instead": found.instead,
            "near": found.near,
        }
        if found.facets is not None:
            data["facets"] = found.facets.as_dict()
        return cacheable(request, data, max_age_s=SHELF_MAX_AGE_S)


class SuggestView(OpenView):
    @extend_schema(
        operation_id="store_suggest",
        summary="What to offer while somebody types",
        tags=["shop"],
        parameters=[text("q", longest=LONGEST_SEARCH, description="As typed so far; may be empty.")],
        responses={200: shapes.SuggestionList, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """Searches others made, categories, brands and products of this store that begin so. At most eleven."""
        q = text_of(request, "q", longest=LONGEST_SEARCH)
        items = [
            {
                "kind": offer.kind,
                "text": offer.text,
                "text_hi": offer.text_hi,
                "category": offer.key if offer.kind == "category" else None,
                "sku": offer.key if offer.kind == "product" else None,
                "price_paise": offer.price_paise,
                "mrp_paise": offer.mrp_paise,
                "pack": offer.pack,
                "image": offer.image,
                "images": pictures.sizes_dict(offer.image),
            }
            for offer in queries.suggestions(store_code=code, q=q)
        ]
        return cacheable(request, {"items": items, "q": q}, max_age_s=SUGGEST_MAX_AGE_S)


class ProductView(OpenView):
    @extend_schema(
        operation_id="store_product",
        summary="One product of a store's shelf",
        tags=["shop"],
        responses={200: shapes.ProductOut, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str, sku: str) -> HttpResponse:
        detail, card = queries.product(store_code=code, sku=sku)
        data = {**card.as_dict(), **detail.as_dict()}
        return cacheable(request, data, max_age_s=SHELF_MAX_AGE_S)

"""Suggestions for everybody; buy again, favourites, lists and restock alerts for whoever is signed in.

Somebody else's list is not found, whoever asks. Writes by SKU are PUT and DELETE: repeating them is harmless.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as S
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.schema import ImagesOut, text, whole
from blinkit.kernel.words import with_local
from catalog import services as catalog_services
from catalog.services.wishes import MOST_UNITS
from catalog.wanted import SOURCES
from orders import queries, services
from orders.api import shapes
from orders.api.carts import GUEST
from orders.api.parts import cacheable, customer_id_of, limit_of, owner_of, text_of
from orders.api.shop import UNCHANGED, OpenView

DEFAULT_SHOWN = 12
MOST_SHOWN = 40
MAX_AGE_S = 30
GONE = OpenApiResponse(description="Done, now or before.")


class SuggestedCard(shapes.Card):
    # DRF keeps an argument of this name for itself; here it is what the answer says.
    source = S.ChoiceField(  # type: ignore[assignment]
        choices=[(name, name) for name in SOURCES],
        help_text="`orders`: learned; `staff`: set by us; `category`: a rule of thumb; `popular`: best sellers.",
    )


class SuggestedCards(S.Serializer[Any]):
    items = SuggestedCard(many=True)


class BoughtCard(shapes.Card):
    times = S.IntegerField(help_text="In how many delivered orders.")
    last_at = S.DateTimeField()


class BoughtCards(S.Serializer[Any]):
    items = BoughtCard(many=True)


class Cards(S.Serializer[Any]):
    items = shapes.Card(many=True)


class WatchOut(S.Serializer[Any]):
    sku = S.CharField()
    seen_paise = shapes.Money(help_text="The price to beat.")


class Watches(S.Serializer[Any]):
    items = WatchOut(many=True)


class Skus(S.Serializer[Any]):
    items = S.ListField(child=S.CharField(), help_text="SKUs, the newest first.")


class ListBody(S.Serializer[Any]):
    name = S.CharField(max_length=60)


class ListItemBody(S.Serializer[Any]):
    qty = S.IntegerField(min_value=0, max_value=MOST_UNITS, default=1, help_text="0 takes it off.")


class ToCartBody(S.Serializer[Any]):
    store = S.CharField(max_length=16, help_text="The store code that serviceability gave.")


class ListCardOut(S.Serializer[Any]):
    id = S.UUIDField()
    name = S.CharField()
    items = S.IntegerField(help_text="How many.")
    created_at = S.DateTimeField()


class ListCards(S.Serializer[Any]):
    items = ListCardOut(many=True)


class ListLineOut(S.Serializer[Any]):
    sku = S.CharField()
    name = S.CharField()
    pack = S.CharField()
    image = S.CharField()
    images = ImagesOut(allow_null=True)
    qty = S.IntegerField()
    card = shapes.Card(allow_null=True, help_text="Of the store you named; null when it does not sell it.")


class ShoppingListOut(S.Serializer[Any]):
    id = S.UUIDField()
    name = S.CharField()
    created_at = S.DateTimeField()
    items = ListLineOut(many=True)


class LeftOutOut(S.Serializer[Any]):
    sku = S.CharField()
    name = S.CharField()
    wanted = S.IntegerField()
    qty = S.IntegerField(help_text="How many are in the cart because of the list.")
    reason = S.CharField(help_text="not-on-shelf, sold-out, few-left, too-many-units or cart-full.")


class ListAddedOut(S.Serializer[Any]):
    cart = shapes.CartOut()
    left_out = LeftOutOut(many=True)


LIMIT = whole("limit", least=1, most=MOST_SHOWN, default=DEFAULT_SHOWN)
STORE = text("store", longest=16, description="A store code: its cards come along.")


def _limit(request: Request) -> int:
    return limit_of(request, default=DEFAULT_SHOWN, most=MOST_SHOWN)


def _mine(data: Any, **more: Any) -> Response:
    return Response(data, headers={"Cache-Control": "no-store"}, **more)


def _items(found: Any) -> dict[str, Any]:
    return {"items": [it.as_dict() for it in found]}


# -- suggestions --------------------------------------------------------------------------------------------------


class GoesWithView(OpenView):
    @extend_schema(
        operation_id="product_goes_with",
        summary="What goes with a product",
        tags=["shop"],
        parameters=[LIMIT],
        responses={200: SuggestedCards, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str, sku: str) -> HttpResponse:
        """Never sold out. `source` says whether it was learned from orders or is a rule of thumb."""
        found = queries.goes_with(store_code=code, sku=sku, limit=_limit(request))
        return cacheable(request, _items(found), max_age_s=MAX_AGE_S)


class SimilarView(OpenView):
    @extend_schema(
        operation_id="product_similar",
        summary="What may stand in for a product",
        tags=["shop"],
        parameters=[LIMIT],
        responses={200: SuggestedCards, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str, sku: str) -> HttpResponse:
        """Of the same category, most like first, never sold out."""
        found = queries.similar(store_code=code, sku=sku, limit=_limit(request))
        return cacheable(request, _items(found), max_age_s=MAX_AGE_S)


class CartGoesWithView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_goes_with",
        summary="What goes with the cart",
        tags=["cart"],
        parameters=[GUEST, LIMIT],
        responses=SuggestedCards,
    )
    def get(self, request: Request) -> Response:
        """Nothing that is in it already. Empty for an empty cart."""
        return _mine(_items(queries.goes_with_cart(**owner_of(request), limit=_limit(request))))


class BuyAgainView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="buy_again",
        summary="What I bought before",
        tags=["wanting"],
        parameters=[LIMIT],
        responses=BoughtCards,
    )
    def get(self, request: Request, code: str) -> Response:
        """Often and lately first, sold-out last; only what this store sells."""
        found = queries.buy_again(
            customer_id=customer_id_of(request), store_code=code, now=timezone.now(), limit=_limit(request)
        )
        return _mine(_items(found))


# -- favourites and restock alerts --------------------------------------------------------------------------------


class FavouritesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="favourites", summary="My favourites here", tags=["wanting"], responses=Cards)
    def get(self, request: Request, code: str) -> Response:
        """Those this store sells, the newest first."""
        return _mine(_items(queries.favourites(customer_id=customer_id_of(request), store_code=code)))


class FavouriteView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="favourite_add", summary="Mark a favourite", tags=["wanting"], request=None, responses={204: GONE}
    )
    def put(self, request: Request, sku: str) -> Response:
        """At the store of the cart, if there is one, its price is watched from now on."""
        who = customer_id_of(request)
        store_id = queries.store_of_cart(customer_id=who)
        catalog_services.add_favourite(customer_id=who, sku=sku, now=timezone.now(), store_id=store_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="favourite_remove", summary="No favourite any more", tags=["wanting"], responses={204: GONE}
    )
    def delete(self, request: Request, sku: str) -> Response:
        catalog_services.remove_favourite(customer_id=customer_id_of(request), sku=sku)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestockAlertsView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="restock_alerts", summary="What I wait for here", tags=["wanting"], responses=Skus)
    def get(self, request: Request, code: str) -> Response:
        return _mine({"items": queries.restock_waiting(customer_id=customer_id_of(request), store_code=code)})


class RestockAlertView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="restock_alert_add",
        summary="Tell me when it is back",
        tags=["wanting"],
        request=None,
        responses={204: GONE},
    )
    def put(self, request: Request, code: str, sku: str) -> Response:
        """Told once, within a minute of its return."""
        catalog_services.ask_for_restock(
            customer_id=customer_id_of(request), store_id=queries.store_id_of(code), sku=sku, now=timezone.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="restock_alert_remove", summary="Wait no longer", tags=["wanting"], responses={204: GONE}
    )
    def delete(self, request: Request, code: str, sku: str) -> Response:
        catalog_services.forget_restock(
            customer_id=customer_id_of(request), store_id=queries.store_id_of(code), sku=sku
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class PriceWatchesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="price_watches", summary="Prices I watch here", tags=["wanting"], responses=Watches)
    def get(self, request: Request, code: str) -> Response:
        """With the price each was seen at. A favourite is watched from the price it was marked at."""
        seen = queries.prices_watched(customer_id=customer_id_of(request), store_code=code)
        return _mine({"items": [{"sku": sku, "seen_paise": paise} for sku, paise in seen.items()]})


class PriceWatchView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="price_watch_add",
        summary="Tell me when it is cheaper",
        tags=["wanting"],
        request=None,
        responses={204: GONE},
    )
    def put(self, request: Request, code: str, sku: str) -> Response:
        """Told once, when it costs noticeably less here than now. Asked again, today's price is the one to beat."""
        catalog_services.watch_price(
            customer_id=customer_id_of(request), store_id=queries.store_id_of(code), sku=sku, now=timezone.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="price_watch_remove", summary="Watch no longer", tags=["wanting"], responses={204: GONE}
    )
    def delete(self, request: Request, code: str, sku: str) -> Response:
        catalog_services.forget_cheaper(
            customer_id=customer_id_of(request), store_id=queries.store_id_of(code), sku=sku
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


# -- shopping lists -----------------------------------------------------------------------------------------------


class ListsView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="shopping_lists", summary="My shopping lists", tags=["wanting"], responses=ListCards)
    def get(self, request: Request) -> Response:
        """By name."""
        return _mine(_items(queries.lists_of(customer_id=customer_id_of(request))))

    @extend_schema(
        operation_id="shopping_list_create",
        summary="Begin a shopping list",
        tags=["wanting"],
        request=ListBody,
        responses={201: ShoppingListOut},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """409 `list-name-taken` when there is one of this name."""
        body = parsed(ListBody(data=request.data))
        customer_id = customer_id_of(request)
        made = catalog_services.save_list(customer_id=customer_id, name=body["name"], now=timezone.now())
        view = queries.list_view(customer_id=customer_id, list_id=made.pk)
        headers = {"Location": f"{request.path}{made.pk}/"}
        return Response(view.as_dict(), status=status.HTTP_201_CREATED, headers=headers)


class ListView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="shopping_list",
        summary="One of my shopping lists",
        tags=["wanting"],
        parameters=[STORE],
        responses=ShoppingListOut,
    )
    def get(self, request: Request, list_id: UUID) -> Response:
        return _list(request, list_id)

    @extend_schema(
        operation_id="shopping_list_rename",
        summary="Rename my shopping list",
        tags=["wanting"],
        request=ListBody,
        responses=ShoppingListOut,
    )
    def put(self, request: Request, list_id: UUID) -> Response:
        body = parsed(ListBody(data=request.data))
        catalog_services.save_list(
            customer_id=customer_id_of(request), list_id=list_id, name=body["name"], now=timezone.now()
        )
        return _list(request, list_id)

    @extend_schema(
        operation_id="shopping_list_delete",
        summary="Throw my shopping list away",
        tags=["wanting"],
        responses={204: GONE},
    )
    def delete(self, request: Request, list_id: UUID) -> Response:
        catalog_services.delete_list(customer_id=customer_id_of(request), list_id=list_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ListItemView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="shopping_list_set_item",
        summary="Set one item of my list",
        tags=["wanting"],
        request=ListItemBody,
        responses=ShoppingListOut,
    )
    def put(self, request: Request, list_id: UUID, sku: str) -> Response:
        """How many; answers with the whole list."""
        body = parsed(ListItemBody(data=request.data))
        catalog_services.set_list_item(
            customer_id=customer_id_of(request), list_id=list_id, sku=sku, qty=body["qty"], now=timezone.now()
        )
        return _list(request, list_id)


class ListToCartView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="shopping_list_to_cart",
        summary="Add my list to the cart",
        tags=["wanting"],
        request=ToCartBody,
        responses=ListAddedOut,
    )
    @idempotent
    def post(self, request: Request, list_id: UUID) -> Response:
        """The cart then holds at least what the list says; `left_out` is what this store could not give in full."""
        body = parsed(ToCartBody(data=request.data))
        added = services.add_list_to_cart(
            customer_id=customer_id_of(request), list_id=list_id, store_code=body["store"], now=timezone.now()
        )
        return _mine(with_local(added.as_dict()))


def _list(request: Request, list_id: UUID) -> Response:
    store = text_of(request, "store", longest=16)
    view = queries.list_view(customer_id=customer_id_of(request), list_id=list_id, store_code=store)
    return _mine(view.as_dict())


wanting_urls: list[Any] = [
    path("stores/<str:code>/products/<str:sku>/goes-with/", GoesWithView.as_view(), name="api-goes-with"),
    path("stores/<str:code>/products/<str:sku>/similar/", SimilarView.as_view(), name="api-similar"),
    path("cart/goes-with/", CartGoesWithView.as_view(), name="api-cart-goes-with"),
    path("stores/<str:code>/buy-again/", BuyAgainView.as_view(), name="api-buy-again"),
    path("stores/<str:code>/favourites/", FavouritesView.as_view(), name="api-favourites"),
    path("favourites/<str:sku>/", FavouriteView.as_view(), name="api-favourite"),
    path("stores/<str:code>/restock-alerts/", RestockAlertsView.as_view(), name="api-restock-alerts"),
    path("stores/<str:code>/restock-alerts/<str:sku>/", RestockAlertView.as_view(), name="api-restock-alert"),
    path("stores/<str:code>/price-watches/", PriceWatchesView.as_view(), name="api-price-watches"),
    path("stores/<str:code>/price-watches/<str:sku>/", PriceWatchView.as_view(), name="api-price-watch"),
    path("lists/", ListsView.as_view(), name="api-lists"),
    path("lists/<uuid:list_id>/", ListView.as_view(), name="api-list"),
    path("lists/<uuid:list_id>/items/<str:sku>/", ListItemView.as_view(), name="api-list-item"),
    path("lists/<uuid:list_id>/to-cart/", ListToCartView.as_view(), name="api-list-to-cart"),
]

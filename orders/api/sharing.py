"""Sharing a list by a signed link, and everything that was bought before, page by page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as S
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.schema import text, whole
from catalog import wanted
from orders import queries
from orders.api.parts import customer_id_of, limit_of, text_of
from orders.api.wanting import STORE, BoughtCard, ShoppingListOut
from orders.queries.bought import PER_PAGE, bought_page
from orders.services import sharing

LONGEST_CURSOR, MOST_PER_PAGE = 120, 100


class ShareOut(S.Serializer[Any]):
    token = S.CharField()
    url = S.CharField(help_text="A page anybody can read.")


class BoughtPageOut(S.Serializer[Any]):
    items = BoughtCard(many=True)
    next_cursor = S.CharField(help_text="Empty on the last page.")
    elsewhere = S.IntegerField(help_text="Bought before, not sold at this store.")


class ListShareView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="shopping_list_share",
        summary="A link to my list",
        tags=["wanting"],
        request=None,
        responses=ShareOut,
    )
    def post(self, request: Request, list_id: UUID) -> Response:
        """Who has it can read the list and copy it, for 30 days. It does not say whose list it is."""
        token = sharing.share_token(customer_id=customer_id_of(request), list_id=list_id)
        url = request.build_absolute_uri(reverse("shop-shared-list", args=[token]))
        return Response({"token": token, "url": url}, headers={"Cache-Control": "no-store"})


class SharedListView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="shared_list",
        summary="A list somebody shared",
        tags=["wanting"],
        parameters=[STORE],
        responses=ShoppingListOut,
    )
    def get(self, request: Request, token: str) -> Response:
        list_id = sharing.shared_list_id(token)
        store = text_of(request, "store", longest=16)
        view = queries.list_view(customer_id=wanted.owner_of_list(list_id), list_id=list_id, store_code=store)
        return Response(view.as_dict(), headers={"Cache-Control": "no-store"})


class SharedListCopyView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="shared_list_copy",
        summary="Keep a copy of a shared list",
        tags=["wanting"],
        request=None,
        responses={201: ShoppingListOut},
    )
    @idempotent
    def post(self, request: Request, token: str) -> Response:
        customer_id = customer_id_of(request)
        made = sharing.copy_shared_list(token=token, customer_id=customer_id, now=timezone.now())
        view = queries.list_view(customer_id=customer_id, list_id=made.pk)
        return Response(view.as_dict(), status=status.HTTP_201_CREATED)


class BoughtView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="bought_before",
        summary="Everything I bought before",
        tags=["wanting"],
        parameters=[
            text("cursor", longest=LONGEST_CURSOR, description="`next_cursor` of the page before."),
            whole("limit", least=1, most=MOST_PER_PAGE, default=PER_PAGE),
        ],
        responses=BoughtPageOut,
    )
    def get(self, request: Request, code: str) -> Response:
        """The latest first; only what this store sells."""
        page = bought_page(
            customer_id=customer_id_of(request),
            store_code=code,
            cursor=text_of(request, "cursor", longest=LONGEST_CURSOR),
            limit=limit_of(request, default=PER_PAGE, most=MOST_PER_PAGE),
        )
        data = {
            "items": [it.as_dict() for it in page.items],
            "next_cursor": page.next_cursor,
            "elsewhere": page.elsewhere,
        }
        return Response(data, headers={"Cache-Control": "no-store"})


sharing_urls: list[Any] = [
    path("lists/<uuid:list_id>/share/", ListShareView.as_view(), name="api-list-share"),
    path("lists/shared/<str:token>/", SharedListView.as_view(), name="api-shared-list"),
    path("lists/shared/<str:token>/copy/", SharedListCopyView.as_view(), name="api-shared-list-copy"),
    path("stores/<str:code>/bought/", BoughtView.as_view(), name="api-bought"),
]

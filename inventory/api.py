"""Stock for partners' programs: list it, and say what there is."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import CursorPagination, parsed
from blinkit.kernel.errors import NotFound
from blinkit.kernel.limits import check_limit, client_address
from blinkit.kernel.schema import pages, text
from inventory import services
from inventory.models import ApiClient, Batch, BatchState, Stock, SyncKind
from inventory.services.clients import client_of
from inventory.services.syncing import MOST_UNITS, Line, Outcome

MOST_LINES = 1000
WRONG_KEYS_A_MINUTE = 30
RESULTS = ("applied", "stale", "duplicate", "refused")


class ClientCaller:
    """What `request.user` is for a partner's program: no person, no roles."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False
    roles: frozenset[str] = frozenset()

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    @property
    def pk(self) -> str:
        return f"client-{self.client.pk}"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key bks_…`: the key of an API client (made in the administration)."""

    def authenticate(self, request: Request) -> tuple[ClientCaller, None] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "api-key":
            return None
        client = client_of(key.strip()[:200], now=timezone.now())
        if client is None:
            check_limit("wrong-key", client_address(request._request), limit=WRONG_KEYS_A_MINUTE, per_s=60)
            raise AuthenticationFailed("This key is unknown or was revoked.")
        return ClientCaller(client), None

    def authenticate_header(self, request: Request) -> str:
        return "Api-Key"


class KeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = "inventory.api.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "`Api-Key bks_…`, for partners' programs",
        }  # fmt: skip


class MayRead(BasePermission):
    message = "This client may not read stock."

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in view.allowed_methods:
            return True  # and is told so
        client = getattr(request.user, "client", None)
        return client is not None and self.allows(client)

    def allows(self, client: ApiClient) -> bool:
        return client.may_read


class MayWrite(MayRead):
    message = "This client may not write stock."

    def allows(self, client: ApiClient) -> bool:
        return client.may_write


class PartnerView(APIView):
    authentication_classes = [KeyAuthentication, *APIView.authentication_classes]  # people are told 403, not 401

    def check_throttles(self, request: Request) -> None:
        """A client has a budget of its own, wherever it calls from."""
        client: ApiClient | None = getattr(request.user, "client", None)
        if client is not None:
            check_limit("client", str(client.pk), limit=client.per_minute, per_s=60)


class SyncLineBody(serializers.Serializer[Any]):
    store = serializers.CharField(max_length=16, help_text="The store's code.")
    product = serializers.CharField(max_length=40, help_text="SKU or barcode.")
    kind = serializers.ChoiceField(
        choices=SyncKind.choices, help_text="`set`: so many are there; `delta`: came or went."
    )
    units = serializers.IntegerField(min_value=-MOST_UNITS, max_value=MOST_UNITS)
    sequence = serializers.IntegerField(
        min_value=0, max_value=2**53 - 1,
        help_text="Yours, growing, per store and product (and lot, where you name lots).",
    )  # fmt: skip
    lot = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)
    counted_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None,
        help_text="When it was counted: what was sold since stays sold. Without it the count is about now.",
    )  # fmt: skip


class SyncBody(serializers.Serializer[Any]):
    lines = serializers.ListField(child=SyncLineBody(), min_length=1, max_length=MOST_LINES)


class SyncOutcome(serializers.Serializer[Any]):
    result = serializers.ChoiceField(choices=[(it, it) for it in RESULTS])
    first = serializers.CharField(help_text="Of a duplicate: what became of it the first time.")
    difference = serializers.IntegerField(help_text="By how much units on hand changed (of a duplicate: then).")
    on_hand = serializers.IntegerField(
        allow_null=True, help_text="Units of the product on sale, or of the lot, afterwards."
    )
    held = serializers.IntegerField(help_text="Of `units-held`: units set aside for orders.")
    code = serializers.CharField(help_text="Of a refused line: which refusal it is.")
    detail = serializers.CharField()


class SyncAnswer(serializers.Serializer[Any]):
    applied = serializers.IntegerField()
    stale = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = SyncOutcome(many=True, help_text="One per line, in their order.")


class LotSeen(serializers.ModelSerializer[Batch]):
    state = serializers.ChoiceField(choices=BatchState.choices)

    class Meta:
        model = Batch
        fields = ("lot", "expires_on", "sell_until", "state", "on_hand", "held")


class StockSeen(serializers.ModelSerializer[Stock]):
    sku = serializers.CharField(source="product.sku")
    barcode = serializers.CharField(source="product.barcode", allow_null=True)
    bin = serializers.CharField(source="bin.code", default=None, allow_null=True)
    free = serializers.IntegerField(help_text="Units that may be sold: on hand, less held, less blocked.")
    lots = LotSeen(source="in_store", many=True)

    class Meta:
        model = Stock
        fields = ("sku", "barcode", "bin", "on_hand", "held", "blocked", "free", "lots")


class StockPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = StockSeen(many=True)


class SyncView(PartnerView):
    permission_classes = [MayWrite]

    @extend_schema(
        operation_id="stock_sync",
        summary="Say what stock there is",
        tags=["stock"],
        request=SyncBody,
        responses=SyncAnswer,
    )
    def post(self, request: Request) -> Response:
        """Say what there is: counts and changes, each answered by itself. Lines may come in any order, and again."""
        body = parsed(SyncBody(data=request.data))
        client: ApiClient = request.user.client  # type: ignore[union-attr]
        outcomes = services.sync(
            client_id=client.pk,
            store_ids=client.stores.values_list("pk", flat=True),
            lines=[_line(it) for it in body["lines"]],
            now=timezone.now(),
        )
        results = [_outcome(it) for it in outcomes]
        counts = {name: sum(it["result"] == name for it in results) for name in RESULTS}
        return Response({**counts, "results": results})


class ByKey(CursorPagination):
    ordering = "pk"


class StockList(PartnerView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="stock_list",
        summary="Stock of one store",
        tags=["stock"],
        parameters=[text("store", longest=16, required=True, description="The store's code."), *pages()],
        responses={200: StockPage, 404: OpenApiResponse(description="No store of this client.")},
    )
    def get(self, request: Request) -> Response:
        """Every product that has a stock row in the store, with its lots that have units. By cursor."""
        client: ApiClient = request.user.client  # type: ignore[union-attr]
        store_id = client.stores.filter(code=request.query_params.get("store", "")).values_list("pk", flat=True).first()
        if store_id is None:
            raise NotFound("This client reads no store of this code.")
        lots = Batch.objects.filter(on_hand__gt=0).order_by("expires_on", "pk")
        rows = Stock.objects.at(store_id).select_related("product", "bin")
        rows = rows.only(
            "on_hand", "held", "blocked", "free", "store_id", "product__sku", "product__barcode", "bin__code"
        )
        rows = rows.prefetch_related(Prefetch("batches", queryset=lots, to_attr="in_store"))
        listed = ByKey()
        page = listed.paginate_queryset(rows, request, view=self) or []
        answer = listed.get_paginated_response(StockSeen(page, many=True).data)
        answer["Cache-Control"] = "no-store"
        return answer


def _line(given: dict[str, Any]) -> Line:
    return Line(**{**given, "kind": SyncKind(given["kind"])})


def _outcome(it: Outcome) -> dict[str, Any]:
    return {name: getattr(it, name) for name in ("result", "first", "difference", "on_hand", "held", "code", "detail")}

"""Doors of the market: a person's alerts, and signed feeds of programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as S
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.errors import Refusal
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.limits import check_limit, client_address
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.problems import PROBLEM_TYPE, problem_body
from catalog.errors import BadFeedSignature, FeedTooLarge
from catalog.market import MarketAlert, MarketAlertKind
from catalog.services import market_alerts, market_feeds

STAFF = frozenset({"ops", "admin"})
MOST_PAISE = 100_000_000
WRONG_A_MINUTE = 30
FEEDS_A_MINUTE = 60


class AlertBody(S.Serializer[Any]):
    kind = S.ChoiceField(choices=MarketAlertKind.choices)
    city = S.SlugField(max_length=50)
    sku = S.CharField(max_length=40, required=False, default="", allow_blank=True, help_text="The product.")
    category = S.SlugField(max_length=50, required=False, default="", allow_blank=True, help_text="Staff only.")
    platform = S.SlugField(
        max_length=50, required=False, default="", allow_blank=True, help_text="Empty: any but ourselves."
    )
    below_paise = S.IntegerField(min_value=1, max_value=MOST_PAISE, required=False, allow_null=True, default=None)
    by_bp = S.IntegerField(
        min_value=0, max_value=10_000, required=False, default=0, help_text="At least so much lower: 500 is 5 %."
    )


class AlertOut(S.Serializer[Any]):
    id = S.UUIDField()
    kind = S.ChoiceField(choices=MarketAlertKind.choices)
    city = S.CharField()
    sku = S.CharField()
    product = S.CharField()
    category = S.CharField()
    platform = S.CharField()
    below_paise = S.IntegerField(allow_null=True)
    by_bp = S.IntegerField()
    created_at = S.DateTimeField()


class AlertsOut(S.Serializer[Any]):
    items = AlertOut(many=True)


def _shown(alert: MarketAlert) -> dict[str, Any]:
    return {
        "id": alert.pk, "kind": alert.kind, "city": alert.city.slug,
        "sku": alert.product.sku if alert.product else "", "product": alert.product.name if alert.product else "",
        "category": alert.category.slug if alert.category else "",
        "platform": alert.platform.slug if alert.platform else "", "below_paise": alert.below_paise,
        "by_bp": alert.by_bp, "created_at": alert.created_at,
    }  # fmt: skip


class AlertsView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="market_alerts", summary="My alerts on others' prices", tags=["market"], responses=AlertsOut
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        mine = market_alerts.alerts_of(user_id=int(request.user.pk))  # type: ignore[arg-type]  # signed in
        return Response({"items": [_shown(alert) for alert in mine]}, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="market_alert_add",
        summary="Tell me when a price changes",
        tags=["market"],
        request=AlertBody,
        responses={201: AlertOut},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A customer names a product; staff may name a category, or nothing for everything. The same wish again is the
        alert that is there; 409 `too-many-alerts` beyond 50 (200 for staff)."""
        wish = parsed(AlertBody(data=request.data))
        made = market_alerts.add_alert(
            user_id=int(request.user.pk),  # type: ignore[arg-type]  # signed in
            wish=market_alerts.Wish(**wish),
            is_staff=bool(STAFF & roles_of(request.user)),
            now=timezone.now(),
        )
        return Response(_shown(made), status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class AlertView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="market_alert_remove",
        summary="Tell me no longer",
        tags=["market"],
        responses={204: OpenApiResponse(description="Gone.")},
    )
    def delete(self, request: Request, alert_id: UUID) -> Response:
        market_alerts.drop_alert(user_id=int(request.user.pk), alert_id=alert_id)  # type: ignore[arg-type]  # signed in
        return Response(status=status.HTTP_204_NO_CONTENT)


@csrf_exempt
@require_POST
def take_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """A platform's prices from a program. The signature is the sign-in.

    A plain view: no throttle, no token, and the body exactly as it came. The same request again is the same run.
    """
    try:
        try:
            length = int(request.headers.get("Content-Length") or 0)
        except ValueError:
            length = 0
        if length > market_feeds.MOST_BYTES:
            raise FeedTooLarge(f"At most {market_feeds.MOST_BYTES // 1024**2} MB at once.")
        feed, at = market_feeds.checked(
            slug=slug, timestamp=request.headers.get("Feed-Timestamp", ""),
            signature=request.headers.get("Feed-Signature", ""), body=request.body, now=timezone.now(),
        )  # fmt: skip
        check_limit("market-feed", slug, limit=FEEDS_A_MINUTE, per_s=60)  # only what is signed uses it up
        run = market_feeds.take(feed, body=request.body, at=at)
    except BadFeedSignature as refusal:
        try:
            check_limit("wrong-feed", client_address(request), limit=WRONG_A_MINUTE, per_s=60)
        except Refusal as often:
            return _problem(often)
        return _problem(refusal)
    except Refusal as refusal:
        return _problem(refusal)
    told = {
        "run": run.pk, "rows": run.rows, "new": run.new, "changed": run.changed, "refused": run.refused,
        "problems": run.problems,
    }  # fmt: skip
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


def _problem(refusal: Refusal) -> HttpResponse:
    return JsonResponse(problem_body(refusal), status=refusal.status, content_type=PROBLEM_TYPE)


market_urls: list[Any] = [
    path("market/alerts/", AlertsView.as_view(), name="api-market-alerts"),
    path("market/alerts/<uuid:alert_id>/", AlertView.as_view(), name="api-market-alert"),
    path("market/feeds/<slug:slug>/", take_feed, name="api-market-feed"),
]

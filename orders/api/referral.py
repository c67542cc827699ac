"""My own code, and a friend's."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as S
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.limits import check_limit
from orders import queries, services
from orders.api.parts import customer_id_of
from orders.api.shapes import Money


class FriendsCodeBody(S.Serializer[Any]):
    code = S.CharField(max_length=40, help_text="Capitals and spaces do not matter.")
    device_id = S.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="What tells this device from others."
    )


class ReferralOut(S.Serializer[Any]):
    code = S.CharField(help_text="One's own: share it, or the link /?ref=<code>.")
    is_open = S.BooleanField(help_text="Whether codes earn anything now.")
    referrer_paise = Money()
    newcomer_paise = Money()
    min_order_paise = Money(help_text="The first delivered order of at least this counts.")
    invited = S.IntegerField()
    rewarded = S.IntegerField()
    earned_paise = Money()
    entered = S.CharField(help_text="State of the code one came by: waiting, rewarded, refused, or empty.")
    may_enter = S.BooleanField()
    currency = S.CharField()


def _mine(request: Request) -> Response:
    customer_id = customer_id_of(request)
    mine = services.my_referral_code(user_id=customer_id, now=timezone.now())
    view = queries.referral_view(customer_id=customer_id, code=mine.code)
    return Response(view.as_dict(), headers={"Cache-Control": "no-store"})


class ReferralView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="referral", summary="My code", tags=["referral"], responses=ReferralOut)
    def get(self, request: Request) -> Response:
        """The code to share, what both get for it, and what it has earned."""
        return _mine(request)

    @extend_schema(
        operation_id="referral_enter",
        summary="Enter a friend's code",
        tags=["referral"],
        request=FriendsCodeBody,
        responses=ReferralOut,
    )
    def post(self, request: Request) -> Response:
        """Once, before the first order arrives. 409 `referral-refused` says in `why` what does not fit."""
        body = parsed(FriendsCodeBody(data=request.data))
        customer_id = customer_id_of(request)
        check_limit("referral", str(customer_id), limit=20, per_s=3600)
        services.enter_referral(
            customer_id=customer_id, code=body["code"], device=body["device_id"], now=timezone.now()
        )
        return _mine(request)


referral_urls: list[Any] = [path("referral/", ReferralView.as_view(), name="api-referral")]

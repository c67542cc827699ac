"""Payments for programs: look at one, try to pay it; and the door through which gateways speak."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import CursorPagination, parsed
from blinkit.kernel.errors import Invalid, NotFound, Refusal
from blinkit.kernel.idempotency import HEADER, KeyMissing
from blinkit.kernel.problems import PROBLEM_TYPE, problem_body
from blinkit.kernel.schema import KEY, pages
from payments import queries, services
from payments.models import AttemptState, Entry, Method, Payment, PaymentState, RefundState, Source
from payments.services.paying import LABELS
from payments.words import entry_words

_GOOD_KEY = re.compile(r"[\x21-\x7e]{1,255}")
MAX_WEBHOOK_BYTES = 64 * 1024


class AttemptBody(serializers.Serializer[Any]):
    instrument = serializers.ChoiceField(choices=sorted(LABELS), help_text="How the customer wants to pay.")
    return_url = serializers.RegexField(
        r"^/(?!/)[^\\\s]*$", max_length=300, required=False, help_text="Path of this site to come back to after paying."
    )
    vpa = serializers.RegexField(
        r"^[\w.\-]{2,64}@[A-Za-z][A-Za-z0-9]{1,32}$",
        max_length=98,
        required=False,
        help_text="The UPI address that is asked for the money (collect). Not kept.",
    )


class AttemptStarted(serializers.Serializer[Any]):
    attempt_id = serializers.UUIDField()
    gateway = serializers.CharField()
    pay_url = serializers.CharField(help_text="Open this to pay; relative to this site, or the gateway's own address.")
    intent_id = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    client = serializers.DictField(help_text="What the gateway's own SDK is opened with in an app; public values only.")


class AttemptSeen(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    gateway = serializers.CharField()
    instrument = serializers.CharField()
    state = serializers.ChoiceField(choices=AttemptState.choices)
    decline_reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class RefundSeen(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    amount_paise = serializers.IntegerField()
    reason = serializers.CharField()
    to_wallet = serializers.BooleanField()
    state = serializers.ChoiceField(choices=RefundState.choices)
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class PaymentSeen(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    ref = serializers.UUIDField(help_text="The order this pays for.")
    method = serializers.ChoiceField(choices=Method.choices)
    state = serializers.ChoiceField(choices=PaymentState.choices)
    amount_paise = serializers.IntegerField()
    captured_paise = serializers.IntegerField()
    refunded_paise = serializers.IntegerField()
    wallet_paise = serializers.IntegerField(help_text="Paid from the wallet, beside `amount_paise`.")
    wallet_returned_paise = serializers.IntegerField(help_text="Of it, back in the wallet.")
    currency = serializers.CharField()
    due_by = serializers.DateTimeField(allow_null=True)
    can_pay = serializers.BooleanField(help_text="Whether an attempt may be started now.")
    attempts = AttemptSeen(many=True)
    refunds = RefundSeen(many=True)


SEEN_OF_ATTEMPT = ("id", "gateway", "instrument", "state", "decline_reason", "created_at")
SEEN_OF_REFUND = ("id", "amount_paise", "reason", "to_wallet", "state", "created_at", "done_at")


class PaymentView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="payment_read",
        summary="One of your own payments",
        tags=["payments"],
        responses={200: PaymentSeen, 404: OpenApiResponse(description="Not yours, or not there")},
    )
    def get(self, request: Request, payment_id: UUID) -> Response:
        payment = (
            Payment.objects.filter(pk=payment_id, customer_id=request.user.pk)
            .prefetch_related("attempts", "refunds")
            .first()
        )
        if payment is None:
            raise NotFound("There is no such payment.")
        return Response(
            {
                "id": payment.pk,
                "ref": payment.ref,
                "method": payment.method,
                "state": payment.state,
                "amount_paise": payment.amount_paise,
                "captured_paise": payment.captured_paise,
                "refunded_paise": payment.refunded_paise,
                "wallet_paise": payment.wallet_paise,
                "wallet_returned_paise": payment.wallet_returned_paise,
                "currency": "INR",
                "due_by": payment.due_by,
                "can_pay": payment.method == Method.ONLINE and queries.is_open(payment, now=timezone.now()),
                "attempts": [
                    {name: getattr(attempt, name) for name in SEEN_OF_ATTEMPT}
                    for attempt in sorted(payment.attempts.all(), key=lambda a: a.pk)
                ],
                "refunds": [
                    {name: getattr(refund, name) for name in SEEN_OF_REFUND}
                    for refund in sorted(payment.refunds.all(), key=lambda r: r.pk)
                ],
            }
        )


class AttemptsView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="payment_attempt_start",
        summary="Begin one try at paying",
        description="The same Idempotency-Key gives the same attempt. The gateway is called while you wait; what became"
        " of the try is told by the payment's state, seconds later.",
        tags=["payments"],
        parameters=[KEY],
        request=AttemptBody,
        responses={
            201: AttemptStarted,
            404: OpenApiResponse(description="Not yours, or not there"),
            409: OpenApiResponse(
                description="payment-closed: paid, cancelled, cash, or the window is over; gateway-refused"
            ),
            422: OpenApiResponse(description="The key came with another body before"),
            503: OpenApiResponse(description="gateway-unavailable"),
        },
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        # Not @idempotent: the gateway must not be called inside a transaction. The key makes the attempt's id instead.
        key = request.headers.get(HEADER, "")
        if not _GOOD_KEY.fullmatch(key):
            raise KeyMissing(f"Send an {HEADER} header: up to 255 visible characters, a new one for each new try.")
        body = parsed(AttemptBody(data=request.data))
        started = services.start_attempt(
            payment_id=payment_id,
            customer_id=int(request.user.pk or 0),
            instrument=body["instrument"],
            return_url=body.get("return_url", ""),
            vpa=body.get("vpa", ""),
            key=key,
            now=timezone.now(),
        )
        return Response(started, status=status.HTTP_201_CREATED)


# -- wallet and membership --------------------------------------------------------------------------------------------


class WalletEnding(serializers.Serializer[Any]):
    paise = serializers.IntegerField()
    at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=[(s, s) for s in Source.values])  # type: ignore[assignment]


class WalletEntrySeen(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    amount_paise = serializers.IntegerField(help_text="Positive came in, negative went out.")
    kind = serializers.CharField(
        help_text="wallet, wallet_return, refund, cashback, cashback_back, referral, late, goodwill or expired."
    )
    text = serializers.CharField()
    about = serializers.CharField()
    ref = serializers.UUIDField(allow_null=True, help_text="The order it is about.")


class WalletSeen(serializers.Serializer[Any]):
    balance_paise = serializers.IntegerField(help_text="What can be spent now.")
    currency = serializers.CharField()
    expiring = WalletEnding(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = WalletEntrySeen(many=True)


class WalletPages(CursorPagination):
    ordering = "-id"
    page_size = 20


class WalletView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="wallet",
        summary="My wallet",
        tags=["payments"],
        parameters=pages(default=20),
        responses=WalletSeen,
    )
    def get(self, request: Request) -> Response:
        """The balance, what of it expires when, and what came in and went out, the newest first."""
        customer_id = int(request.user.pk or 0)
        view = queries.wallet_of(customer_id, now=timezone.now())
        pages = WalletPages()
        page = pages.paginate_queryset(queries.wallet_entries(customer_id), request, view=self) or []
        answer = pages.get_paginated_response([_entry_json(entry) for entry in page])
        answer.data |= {
            "balance_paise": view.balance_paise,
            "currency": "INR",
            "expiring": [{"paise": end.paise, "at": end.at, "source": end.source} for end in view.endings],
        }
        answer["Cache-Control"] = "no-store"
        return answer


def _entry_json(entry: Entry) -> dict[str, Any]:
    transfer = entry.transfer
    text, about = entry_words(transfer.kind, transfer.memo)
    return {
        "id": entry.pk,
        "at": transfer.at,
        "amount_paise": -entry.amount_paise,
        "kind": transfer.kind,
        "text": text,
        "about": about,
        "ref": transfer.ref,
    }


class PlanSeen(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    price_paise = serializers.IntegerField()
    days = serializers.IntegerField()
    gives = serializers.ListField(child=serializers.CharField())


class MembershipSeen(serializers.Serializer[Any]):
    is_member = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    plans = PlanSeen(many=True)


class BuyBody(serializers.Serializer[Any]):
    plan = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    method = serializers.ChoiceField(choices=["online", "wallet"])


class Bought(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    price_paise = serializers.IntegerField()
    currency = serializers.CharField()
    payment_id = serializers.UUIDField(help_text="Paid online at /payments/{id}/attempts/.")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null until it is paid.")


class MembershipView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="membership", summary="My membership", tags=["payments"], responses=MembershipSeen)
    def get(self, request: Request) -> Response:
        """Until when, and the plans that are sold. It ends by itself; nothing renews it."""
        row = queries.membership_of(int(request.user.pk or 0))
        answer = {
            "is_member": row is not None and row.until > timezone.now(),
            "since": None if row is None else row.since,
            "until": None if row is None else row.until,
            "currency": "INR",
            "plans": [
                {"id": p.pk, "name": p.name, "price_paise": p.price_paise, "days": p.days, "gives": p.benefits()}
                for p in queries.plans()
            ],
        }
        return Response(answer, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="membership_buy",
        summary="Buy or renew a membership",
        tags=["payments"],
        parameters=[KEY],
        request=BuyBody,
        responses={
            201: Bought,
            404: OpenApiResponse(description="no-such-plan"),
            409: OpenApiResponse(description="wallet-too-little: carries balance_paise"),
        },
    )
    def post(self, request: Request) -> Response:
        """From the wallet it begins at once; online with the capture. The same key is the same purchase."""
        key = request.headers.get(HEADER, "")
        if not _GOOD_KEY.fullmatch(key):
            raise KeyMissing(f"Send an {HEADER} header: up to 255 visible characters, a new one for each purchase.")
        body = parsed(BuyBody(data=request.data))
        bought = services.buy_membership(
            customer_id=int(request.user.pk or 0),
            plan_id=body["plan"],
            method=body["method"],
            key=key,
            now=timezone.now(),
        )
        payment = queries.payment_of(bought.pk)
        answer = {
            "id": bought.pk,
            "price_paise": bought.price_paise,
            "currency": "INR",
            "payment_id": None if payment is None else payment.pk,
            "ends_at": bought.ends_at,
        }
        return Response(answer, status=status.HTTP_201_CREATED)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str) -> HttpResponse:
    """A gateway speaks. The signature is the sign-in; the message is written down, answered 200 and worked on later.

    A plain view: no throttle, no token, and the body exactly as it came.
    """
    try:
        if int(request.headers.get("Content-Length") or 0) > MAX_WEBHOOK_BYTES:
            raise Invalid("The message is too long.")
        receipt = services.record_webhook(
            gateway=gateway, headers=request.headers, body=request.body, now=timezone.now()
        )
    except Refusal as refusal:
        return JsonResponse(problem_body(refusal), status=refusal.status, content_type=PROBLEM_TYPE)
    return JsonResponse({"received": True, "repeated": receipt is None})

"""Statements, targets, cash, deductions, and how the door was: always the signed-in rider's own."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import CursorPagination, parsed
from blinkit.kernel.idempotency import HEADER, idempotent
from blinkit.kernel.schema import pages
from delivery import money_queries as queries
from delivery import services, shapes
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.models import DropRating
from delivery.services import cashing, deductions, drops

STATEMENT_ROW = ("id", "number", "week", "deliveries", "payout_paise", "issued_at")


class StatementPages(CursorPagination):
    ordering = ("-week", "-pk")  # type: ignore[assignment]
    page_size = 20


class DeductionPages(CursorPagination):
    ordering = ("-told_at", "-pk")  # type: ignore[assignment]
    page_size = 20


class StatementsView(RiderView):
    @extend_schema(
        operation_id="rider_statements",
        summary="Weekly statements, newest first",
        tags=TAGS,
        parameters=pages(default=StatementPages.page_size),
        responses=shapes.StatementsOut,
    )
    def get(self, request: Request) -> Response:
        paginator = StatementPages()
        page = paginator.paginate_queryset(queries.statements_of(self.rider()), request, view=self) or []
        return paginator.get_paginated_response([{name: getattr(one, name) for name in STATEMENT_ROW} for one in page])


class StatementView(RiderView):
    @extend_schema(
        operation_id="rider_statement", summary="One week, as issued", tags=TAGS, responses=shapes.StatementOut
    )
    def get(self, request: Request, statement_id: UUID) -> Response:
        """As files: `/rider/statements/{id}.pdf` and `.csv`, signed in on the web."""
        return fresh(queries.statement_json(queries.statement_of(rider=self.rider(), statement_id=statement_id)))


class TargetsView(RiderView):
    @extend_schema(
        operation_id="rider_targets", summary="Targets and how far they are", tags=TAGS, responses=shapes.TargetsOut
    )
    def get(self, request: Request) -> Response:
        return fresh({"targets": queries.targets_of(self.rider(), now=timezone.now()), "currency": "INR"})


class CashView(RiderView):
    @extend_schema(
        operation_id="rider_cash", summary="Cash in hand, limit, receipts", tags=TAGS, responses=shapes.CashOut
    )
    def get(self, request: Request) -> Response:
        return fresh(queries.cash_json(self.rider()))


class DepositView(RiderView):
    @extend_schema(
        operation_id="rider_cash_deposit",
        summary="Pay cash in by UPI",
        tags=TAGS,
        request=shapes.DepositBody,
        responses=shapes.DepositOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Opens a payment, to be paid as every other: `POST payments/{id}/attempts/`. The cash account goes down when
        it is paid. Refusal: `nothing-to-deposit` (in_hand_paise)."""
        body = parsed(shapes.DepositBody(data=request.data))
        payment = cashing.begin_upi_deposit(
            rider=self.rider(),
            amount_paise=body["amount_paise"],
            key=request.headers[HEADER],
            now=timezone.now(),
        )
        return fresh({"payment_id": payment.pk, "amount_paise": payment.amount_paise, "due_by": payment.due_by})


class DeductionsView(RiderView):
    @extend_schema(
        operation_id="rider_deductions",
        summary="What was or is to be deducted, newest first",
        tags=TAGS,
        parameters=pages(default=DeductionPages.page_size),
        responses=shapes.DeductionsOut,
    )
    def get(self, request: Request) -> Response:
        paginator, now = DeductionPages(), timezone.now()
        page = paginator.paginate_queryset(queries.deductions_of(self.rider()), request, view=self) or []
        return paginator.get_paginated_response([queries.deduction_json(one, now=now) for one in page])


class DisputeView(RiderView):
    @extend_schema(
        operation_id="rider_deduction_dispute",
        summary="Say that a deduction is wrong",
        tags=TAGS,
        request=shapes.DisputeBody,
        responses=shapes.DeductionOut,
    )
    def post(self, request: Request, deduction_id: UUID) -> Response:
        """It does not count until somebody else has looked. Refusal: `deduction-final`."""
        body = parsed(shapes.DisputeBody(data=request.data))
        now = timezone.now()
        one = deductions.dispute_deduction(
            deduction_id=deduction_id, rider_id=self.rider().pk, words=body["words"], now=now
        )
        return fresh(queries.deduction_json(one, now=now))


class DoorView(RiderView):
    @extend_schema(operation_id="rider_door", summary="What I said of a door", tags=TAGS, responses=shapes.DropNoteOut)
    def get(self, request: Request, stop_id: UUID) -> Response:
        stop = services.require_stop(stop_id=stop_id, rider_id=self.rider().pk)
        return fresh(_door(DropRating.objects.filter(pk=stop.pk).first()))

    @extend_schema(
        operation_id="rider_door_set",
        summary="Say how the door was",
        tags=TAGS,
        request=shapes.DropNoteBody,
        responses=shapes.DropNoteOut,
    )
    def put(self, request: Request, stop_id: UUID) -> Response:
        """Private; a hint for the next rider once three agree. To be changed for a day.

        Refusal: `drop-rating-closed`."""
        body = parsed(shapes.DropNoteBody(data=request.data))
        made = drops.rate_drop(
            stop_id=stop_id,
            rider_id=self.rider().pk,
            is_easy=body["is_easy"],
            tags=body["tags"],
            now=timezone.now(),
        )
        return fresh(_door(made))


def _door(made: DropRating | None) -> dict[str, object]:
    return {"is_easy": made.is_easy if made else None, "tags": made.tags if made else []}


urls = [
    path("rider/statements/", StatementsView.as_view(), name="api-rider-statements"),
    path("rider/statements/<uuid:statement_id>/", StatementView.as_view(), name="api-rider-statement"),
    path("rider/targets/", TargetsView.as_view(), name="api-rider-targets"),
    path("rider/cash/", CashView.as_view(), name="api-rider-cash"),
    path("rider/cash/deposits/", DepositView.as_view(), name="api-rider-cash-deposit"),
    path("rider/deductions/", DeductionsView.as_view(), name="api-rider-deductions"),
    path("rider/deductions/<uuid:deduction_id>/dispute/", DisputeView.as_view(), name="api-rider-dispute"),
    path("rider/stops/<uuid:stop_id>/door/", DoorView.as_view(), name="api-rider-door"),
]

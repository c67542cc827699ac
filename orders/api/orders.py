"""A customer's own orders. Somebody else's order is not found, whoever asks."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import CursorPagination, parsed
from blinkit.kernel.errors import Invalid
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.schema import pages
from blinkit.kernel.words import with_local
from orders import queries, services
from orders.api import shapes
from orders.api.parts import customer_id_of


class OrderPages(CursorPagination):
    ordering = ("-placed_at", "-id")  # type: ignore[assignment]  # DRF takes a tuple, the stub does not
    page_size = 20


class OrderListView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="orders",
        summary="My orders, newest first",
        tags=["orders"],
        parameters=[
            OpenApiParameter("live", enum=["1"], description="Only those that are not over: what a home screen shows."),
            *pages(default=OrderPages.page_size),
        ],
        responses=shapes.OrderPage,
    )
    def get(self, request: Request) -> Response:
        """Cards for the list; the order itself has the lines, the bill and the way."""
        wanted = queries.orders_of(customer_id_of(request))
        live = request.query_params.get("live", "")
        if live not in ("", "1"):
            raise Invalid("live: 1, or leave it out.", errors={"live": ["1, or leave it out."]})
        listed = OrderPages()
        page = listed.paginate_queryset(wanted.live() if live else wanted, request, view=self) or []
        return listed.get_paginated_response([queries.summary(order, list(order.lines.all())) for order in page])


def _tracked(request: Request, order_id: UUID) -> Response:
    data = queries.tracking(order_id=order_id, customer_id=customer_id_of(request), now=timezone.now())
    return Response(with_local(data), headers={"Cache-Control": "no-store"})


class OrderView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="order", summary="One of my orders", tags=["orders"], responses=shapes.Tracking)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Lines, bill, payment, and where it is."""
        return _tracked(request, order_id)


class OrderTrackingView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="order_tracking", summary="Where my order is", tags=["orders"], responses=shapes.Tracking
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """The same content as the socket /ws/orders/{id}/, for polling."""
        return _tracked(request, order_id)


class OrderCancelView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="order_cancel",
        summary="Cancel my order",
        tags=["orders"],
        request=shapes.CancelBody,
        responses=shapes.Tracking,
    )
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        """Until picking starts; after that 409 `too-late-to-cancel`. What was paid goes back the way it came."""
        body = parsed(shapes.CancelBody(data=request.data))
        customer_id = customer_id_of(request)
        services.cancel(
            order_id=order_id,
            by="customer",
            reason=body["reason"],
            actor=f"user:{customer_id}",
            customer_id=customer_id,
            now=timezone.now(),
        )
        return _tracked(request, order_id)

"""The cart and the checkout."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.limits import check_limit
from blinkit.kernel.schema import place
from blinkit.kernel.words import with_local
from catalog import queries as goods
from orders import queries, services
from orders.api import shapes
from orders.api.parts import GUEST_HEADER, customer_id_of, guest_of, owner_of, point_of
from payments.models import Method, Payment

GUEST = OpenApiParameter(
    GUEST_HEADER, OpenApiTypes.UUID, OpenApiParameter.HEADER, description="Whose cart, before somebody signed in."
)


def cart_answer(view: queries.CartView, *, customer_id: int | None = None) -> Response:
    """The cart, and for somebody who has signed in which ways to pay it has (one statement more)."""
    body = view.as_dict()
    if customer_id is not None and view.store is not None:
        body["ways"] = queries.ways_to_pay(
            queries.trust_of(customer_id=customer_id, now=timezone.now()),
            to_pay_paise=view.bill.total_paise,
            city_paise=goods.fee_policy(view.store).cod_limit_paise,
        )
    return Response(with_local(body), headers={"Cache-Control": "no-store"})


class CartView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart",
        summary="The cart, priced now",
        tags=["cart"],
        parameters=[
            GUEST,
            *place(description="Where to; else the default address."),
            OpenApiParameter("method", enum=["cod", "online"], description="Count its promotions as well."),
            OpenApiParameter("later", OpenApiTypes.BOOL, description="For a slot: no busy-hour fee of now."),
            OpenApiParameter("use_wallet", OpenApiTypes.BOOL, description="The wallet pays first, the rest `method`."),
        ],
        responses=shapes.CartOut,
    )
    def get(self, request: Request) -> Response:
        """Today's prices and stock; `problems` is what to settle before it can be ordered.

        Promotions for a way to pay count once it is given: the bill to order at is the one for that `method`, with
        `use_wallet` the one without them where the wallet pays all, and with `later` the one for a slot.
        """
        method = request.query_params.get("method", "")
        known = [code for code, _ in shapes.WAYS]
        if method and method not in known:
            raise Invalid("Pay by one of these.", known=known, errors={"method": [f"One of {', '.join(known)}."]})
        later, use_wallet = (
            request.query_params.get(name, "").lower() in ("1", "true") for name in ("later", "use_wallet")
        )
        owner, point = owner_of(request), point_of(request)
        view = queries.cart_view(
            **owner, to=point, method=method, later=later, use_wallet=use_wallet, now=timezone.now()
        )
        return cart_answer(view, customer_id=owner.get("customer_id"))

    @extend_schema(
        operation_id="cart_replace",
        summary="Replace the whole cart",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.CartBody,
        responses=shapes.CartOut,
    )
    def put(self, request: Request) -> Response:
        """What an app syncs: all lines at once, as often as it likes. The server prices them."""
        body = parsed(shapes.CartBody(data=request.data))
        view = services.replace_lines(
            **owner_of(request),
            store_code=body["store"],
            lines=[
                services.Asked(line["sku"], line["qty"], line["consent"], line["substitute_up_to_paise"])
                for line in body["lines"]
            ],
            tip_paise=body["tip_paise"],
            to=Point(body["lat"], body["lng"]) if "lat" in body and "lng" in body else None,
            now=timezone.now(),
        )
        return cart_answer(view)

    @extend_schema(
        operation_id="cart_empty",
        summary="Empty the cart",
        tags=["cart"],
        parameters=[GUEST],
        responses={204: OpenApiResponse(description="Empty, now or before.")},
    )
    def delete(self, request: Request) -> Response:
        """Lines, tip and coupon go."""
        services.empty_cart(**owner_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CartTipView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_tip",
        summary="Tip the rider",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.TipBody,
        responses=shapes.CartOut,
    )
    def put(self, request: Request) -> Response:
        """Goes to the rider in full; 0 takes it off."""
        body = parsed(shapes.TipBody(data=request.data))
        owner = owner_of(request)
        services.set_tip(**owner, tip_paise=body["tip_paise"])
        return cart_answer(queries.cart_view(**owner, now=timezone.now()))


class CartLinesView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_set_line",
        summary="Set one line of the cart",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.SetLineBody,
        responses=shapes.CartOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """How many of one product; 0 takes it out. Answers with the whole cart."""
        body = parsed(shapes.SetLineBody(data=request.data))
        view = services.set_line(
            **owner_of(request),
            sku=body["sku"],
            qty=body["qty"],
            store_code=body["store"],
            consent=body.get("consent", ""),
            substitute_up_to_paise=body.get("substitute_up_to_paise"),
            now=timezone.now(),
        )
        return cart_answer(view)


class CartCouponView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_coupon",
        summary="Put a coupon on the cart",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.CouponBody,
        responses=shapes.CartOut,
    )
    def put(self, request: Request) -> Response:
        """One code at a time; an empty one takes it off. `coupon` says whether it counts, and why not."""
        body = parsed(shapes.CouponBody(data=request.data))
        owner = owner_of(request)
        check_limit("coupon", str(owner), limit=20, per_s=60)
        return cart_answer(services.set_coupon(**owner, code=body["code"], now=timezone.now()))


class GuestCartView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="cart_adopt",
        summary="Take over a guest's cart",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.GuestCartBody,
        responses=shapes.CartOut,
    )
    def post(self, request: Request) -> Response:
        """After signing in: what the guest chose becomes the customer's. Repeating is harmless."""
        guest = parsed(shapes.GuestCartBody(data=request.data)).get("guest_token") or guest_of(request)
        if guest is None:
            raise Invalid(f"Say whose cart: send the UUID it was filled with as {GUEST_HEADER} header.")
        customer_id = customer_id_of(request)
        services.adopt_guest_cart(guest_token=guest, customer_id=customer_id, now=timezone.now())
        return cart_answer(queries.cart_view(customer_id=customer_id))


class CheckoutView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="checkout",
        summary="Order what is in the cart",
        tags=["cart"],
        request=shapes.CheckoutBody,
        responses={201: shapes.Placed},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """At exactly the bill that was shown: 409 `bill-changed` carries the new one, what `changed` (old and new), the
        `sentences` that say it and, when another store has taken over, `moved`.

        Cash orders are confirmed at once; online ones hold their items until `pay_by`. Other refusals: `out-of-stock`
        (`items`, each with what is near `instead`), `store-closed`, `not-served`, `cash-limit`, `below-minimum`,
        `too-much-to-carry`, `too-many-units`, `not-on-shelf`, `cart-empty`, `too-many-open-orders`, `wallet-changed`,
        and with a slot `slot-gone` (the `slots` that are left).
        """
        body = parsed(shapes.CheckoutBody(data=request.data))
        order = services.checkout(
            customer_id=customer_id_of(request),
            address_id=body["address_id"],
            method=body["method"],
            bill_fingerprint=body["bill_fingerprint"],
            instructions=body["instructions"],
            tip_paise=body.get("tip_paise"),
            slot_id=body.get("slot_id"),
            use_wallet=body["use_wallet"],
            wallet_paise=body["wallet_paise"],
            now=timezone.now(),
        )
        payment_id = None
        if order.payment_method == Method.ONLINE:
            payment_id = Payment.objects.values_list("pk", flat=True).get(ref=order.pk)
        answer: dict[str, Any] = {
            "id": order.pk,
            "number": order.number,
            "status": str(order.status),
            "total_paise": order.total_paise,
            "currency": "INR",
            "payment_method": order.payment_method,
            "wallet_paise": order.wallet_paise,
            "to_pay_paise": order.to_pay_paise,
            "payment_id": payment_id,
            "pay_by": order.pay_by,
            "promised_from": order.promised_from,
            "promised_by": order.promised_by,
            "slot": queries.slot_of_order(order),
            "store": {"code": order.store.code, "name": order.store.name},
        }
        location = f"{request.path.removesuffix('checkout/')}orders/{order.pk}/"
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": location})

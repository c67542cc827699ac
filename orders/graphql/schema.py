"""The query type, and the schema that view.py runs and `manage.py print_graphql` writes down."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, Info

from blinkit.kernel.errors import Invalid, SignInNeeded
from blinkit.kernel.geo import Point
from catalog import queries as goods
from orders import queries
from orders.api.parts import customer_id_of, owner_of
from orders.api.shapes import WAYS
from orders.graphql.limits import Limits
from orders.graphql.loaders import Context, read
from orders.graphql.types import Cart, OrderPage, Serviceability, Store, TrackedOrder, first_of, text_of
from orders.queries.tracking import order_bill_json
from orders.services.showing import note_shown


@strawberry.type
class Query:
    @strawberry.field(description="Who delivers here: the store, the arrival range, the fees; or why not.")
    async def serviceability(self, lat: float, lng: float) -> Serviceability:
        now = timezone.now()
        answer = await read(queries.serviceability, point=_point(lat, lng), now=now)
        await read(note_shown, answer, page="api", now=now)
        found = answer.as_dict()
        found["store"] = None if answer.store is None else Store(code=answer.store.code)
        return found  # type: ignore[return-value]

    @strawberry.field(description="Every active store.")
    async def stores(self, info: Info[Context, None]) -> list[Store]:
        found = await read(goods.active_stores)
        for store in found:
            info.context.stores.prime(store.code, store)
        return [Store(code=store.code) for store in found]

    @strawberry.field(description="One store's shelf, by the code that serviceability gave.")
    async def store(self, code: str) -> Store:
        return Store(code=text_of("code", code))  # whether it exists, what is read of it says

    @strawberry.field(description="Your cart, priced now; a guest's with the header Guest-Cart. Arguments as in REST.")
    async def cart(
        self,
        info: Info[Context, None],
        lat: float | None = None,
        lng: float | None = None,
        method: str = "",
        later: bool = False,
        use_wallet: bool = False,
    ) -> Cart:
        known = [code for code, _ in WAYS]
        if method and method not in known:
            raise Invalid("Pay by one of these.", known=known)
        to = None if lat is None or lng is None else _point(lat, lng)
        owner = owner_of(info.context.request)
        view = await read(
            queries.cart_view, **owner, to=to, method=method, later=later, use_wallet=use_wallet, now=timezone.now()
        )
        return view.as_dict()  # type: ignore[return-value]

    @strawberry.field(description="Your orders, newest first.")
    async def orders(self, info: Info[Context, None], cursor: str | None = None, first: int = 20) -> OrderPage:
        after = _decoded(cursor) if cursor else None
        page: Any = await read(_page, _customer_id(info), after, first_of(first))
        return page  # type: ignore[no-any-return]

    @strawberry.field(description="One of your orders: lines, bill, payment, and where it is.")
    async def order(self, info: Info[Context, None], id: UUID) -> TrackedOrder:
        found = await read(queries.tracking, order_id=id, customer_id=_customer_id(info), now=timezone.now())
        lines = [{**line, "store_code": found["store"]["code"]} for line in found["lines"]]
        return {**found, "lines": lines}  # type: ignore[return-value]


def _customer_id(info: Info[Context, None]) -> int:
    request = info.context.request
    if request.user is None or not request.user.is_authenticated:
        raise SignInNeeded
    return customer_id_of(request)


def _point(lat: float, lng: float) -> Point:
    try:
        return Point(lat, lng)
    except ValueError:
        raise Invalid("Send lat and lng as decimal degrees.", errors={"lat": ["Decimal degrees."]}) from None


def _page(customer_id: int, after: tuple[datetime, UUID] | None, first: int) -> dict[str, Any]:
    """A page of the customer's orders with their lines, in two statements."""
    rows = queries.orders_of(customer_id)
    if after is not None:
        placed_at, pk = after
        rows = rows.filter(Q(placed_at__lt=placed_at) | Q(placed_at=placed_at, pk__lt=pk))
    found = list(rows[: first + 1])
    items = []
    for order in found[:first]:
        lines = list(order.lines.all())
        told = [{**queries.line_json(line), "store_code": order.store.code} for line in lines]
        items.append({**queries.summary(order, lines), "lines": told, "bill": order_bill_json(order, lines)})
    more = len(found) > first
    last = found[first - 1] if more else None
    return {"items": items, "next_cursor": None if last is None else _encoded(last.placed_at, last.pk)}


def _encoded(placed_at: datetime, pk: UUID) -> str:
    return base64.urlsafe_b64encode(f"{placed_at.isoformat()} {pk}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, pk = (
            base64.b64decode(text_of("cursor", cursor), altchars=b"-_", validate=True).decode().partition(" ")
        )
        placed_at = parse_datetime(moment)
        if placed_at is None or placed_at.tzinfo is None:
            raise ValueError
        return placed_at, UUID(pk)
    except (ValueError, binascii.Error):
        sentence = "Start again without a cursor: this is none of ours."
        raise Invalid(f"cursor: {sentence}", errors={"cursor": [sentence]}) from None


def found(source: Any, name: str) -> Any:
    """A field that has nothing written beneath it: our reads answer with mappings and dataclasses."""
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name)


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: view.py says what a refusal is and what is a bug to log."""


schema = Schema(Query, extensions=[Limits], config=StrawberryConfig(default_resolver=found))

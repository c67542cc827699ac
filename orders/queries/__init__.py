"""Reads of the shop and of orders, for the API, the web pages, the sockets and the rooms above."""

from orders.queries.carts import CartLineView, CartView, Problem, Wanted, bill_json, cart_view, default_place
from orders.queries.places import Serviceability, promise_for, serviceability, typical_door
from orders.queries.shelves import Page, ShelfCard, cards, product, search, shelf, store_id_of
from orders.queries.tracking import eta_range, line_json, order_of, orders_of, summary, timeline, tracking

__all__ = [
    "CartLineView",
    "CartView",
    "Page",
    "Problem",
    "Serviceability",
    "ShelfCard",
    "Wanted",
    "bill_json",
    "cards",
    "cart_view",
    "default_place",
    "eta_range",
    "line_json",
    "order_of",
    "orders_of",
    "product",
    "promise_for",
    "search",
    "serviceability",
    "shelf",
    "store_id_of",
    "summary",
    "timeline",
    "tracking",
    "typical_door",
]

"""The shop and orders for programs: serviceability, shelves, cart, checkout, tracking."""

from orders.api.carts import CartCouponView, CartLinesView, CartView, CheckoutView, GuestCartView
from orders.api.orders import OrderCancelView, OrderListView, OrderTrackingView, OrderView
from orders.api.shop import (
    CategoriesView,
    ProductsView,
    ProductView,
    SearchView,
    ServiceabilityView,
    StoresView,
    SuggestView,
    WaitlistView,
)

__all__ = [
    "CartCouponView",
    "CartLinesView",
    "CartView",
    "CategoriesView",
    "CheckoutView",
    "GuestCartView",
    "OrderCancelView",
    "OrderListView",
    "OrderTrackingView",
    "OrderView",
    "ProductView",
    "ProductsView",
    "SearchView",
    "ServiceabilityView",
    "StoresView",
    "SuggestView",
    "WaitlistView",
]

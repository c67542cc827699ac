"""Doors of orders, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from orders import api
from orders.api.app import app_urls
from orders.api.claims import claim_urls
from orders.api.invoices import invoice_urls
from orders.api.referral import referral_urls
from orders.api.shared_track import track_urls
from orders.api.sharing import sharing_urls
from orders.api.slots import CartGiftView, InstructionsView, SlotsView
from orders.api.wanting import wanting_urls
from orders.web.urls import web_urls as shop_urls
from orders.ws import OrderConsumer, ShelfConsumer

api_urls: list[Any] = [
    path("serviceability/", api.ServiceabilityView.as_view(), name="api-serviceability"),
    path("waitlist/", api.WaitlistView.as_view(), name="api-waitlist"),
    path("stores/", api.StoresView.as_view(), name="api-stores"),
    path("stores/<str:code>/categories/", api.CategoriesView.as_view(), name="api-categories"),
    path("stores/<str:code>/products/", api.ProductsView.as_view(), name="api-products"),
    path("stores/<str:code>/products/<str:sku>/", api.ProductView.as_view(), name="api-product"),
    path("stores/<str:code>/search/", api.SearchView.as_view(), name="api-search"),
    path("stores/<str:code>/suggest/", api.SuggestView.as_view(), name="api-suggest"),
    path("stores/<str:code>/slots/", SlotsView.as_view(), name="api-slots"),
    path("delivery-instructions/", InstructionsView.as_view(), name="api-instructions"),
    path("cart/gift/", CartGiftView.as_view(), name="api-cart-gift"),
    path("cart/", api.CartView.as_view(), name="api-cart"),
    path("cart/lines/", api.CartLinesView.as_view(), name="api-cart-lines"),
    path("cart/coupon/", api.CartCouponView.as_view(), name="api-cart-coupon"),
    path("cart/adopt/", api.GuestCartView.as_view(), name="api-cart-adopt"),
    path("checkout/", api.CheckoutView.as_view(), name="api-checkout"),
    path("orders/", api.OrderListView.as_view(), name="api-orders"),
    path("orders/<uuid:order_id>/", api.OrderView.as_view(), name="api-order"),
    path("orders/<uuid:order_id>/cancel/", api.OrderCancelView.as_view(), name="api-order-cancel"),
    path("orders/<uuid:order_id>/tracking/", api.OrderTrackingView.as_view(), name="api-order-tracking"),
    *claim_urls,
    *invoice_urls,
    *sharing_urls,
    *track_urls,
    *wanting_urls,
    *referral_urls,
    *app_urls,
]
web_urls: list[Any] = [*shop_urls]
ws_urls: list[Any] = [
    path("orders/<uuid:order_id>/", OrderConsumer.as_asgi()),
    path("shelf/<str:store_code>/", ShelfConsumer.as_asgi()),
]

"""The storefront's addresses."""

from __future__ import annotations

from typing import Any

from django.urls import path

from orders.web import (
    browse,
    cart,
    checkout,
    coupon,
    gallery,
    installable,
    membership,
    people,
    places,
    referral,
    tracking,
    wallet,
    wishes,
)

web_urls: list[Any] = [
    path("", browse.home, name="shop-home"),
    path("shelves/", browse.shelves, name="shop-shelves"),
    path("shelf/<slug:slug>/", browse.shelf, name="shop-shelf"),
    path("search/", browse.search, name="shop-search"),
    path("search/suggest/", browse.suggest, name="shop-suggest"),
    path("p/<str:sku>/", browse.product, name="shop-product"),
    path("place/", places.place, name="shop-place"),
    path("place/verdict/", places.verdict, name="shop-place-verdict"),
    path("place/not-here/", places.not_here, name="shop-not-here"),
    path("place/waitlist/", places.waitlist, name="shop-waitlist"),
    path("cart/", cart.cart, name="shop-cart"),
    path("cart/line/", cart.set_line, name="shop-set-line"),
    path("cart/take-what-is-there/", cart.take_what_is_there, name="shop-take-what-is-there"),
    path("cart/consent/", cart.consent, name="shop-consent"),
    path("cart/tip/", cart.tip, name="shop-tip"),
    path("cart/coupon/", coupon.coupon, name="shop-coupon"),
    path("cart/instructions/", cart.instructions, name="shop-instructions"),
    path("checkout/", checkout.checkout, name="shop-checkout"),
    path("orders/", tracking.orders, name="shop-orders"),
    path("orders/<uuid:order_id>/", tracking.order, name="shop-order"),
    path("orders/<uuid:order_id>/pay/", checkout.pay, name="shop-pay"),
    path("orders/<uuid:order_id>/cancel/", tracking.cancel, name="shop-cancel"),
    path("orders/<uuid:order_id>/reorder/", tracking.reorder, name="shop-reorder"),
    path("favourites/", wishes.favourites, name="shop-favourites"),
    path("favourites/heart/", wishes.heart, name="shop-heart"),
    path("tell-me/", wishes.tell_me, name="shop-tell-me"),
    path("wallet/", wallet.wallet, name="shop-wallet"),
    path("membership/", membership.membership, name="shop-membership"),
    path("membership/buy/", membership.buy, name="shop-membership-buy"),
    path("refer/", referral.refer, name="shop-refer"),
    path("account/", people.account, name="shop-account"),
    path("account/addresses/new/", people.address, name="shop-address-new"),
    path("account/addresses/<uuid:address_id>/", people.address, name="shop-address"),
    path("account/addresses/<uuid:address_id>/delete/", people.address_delete, name="shop-address-delete"),
    path("sign-in/", people.sign_in, name="sign-in"),
    path("sign-in/code/", people.sign_in_code, name="sign-in-code"),
    path("sign-in/password/", people.sign_in_password, name="sign-in-password"),
    path("sign-out/", people.sign_out, name="sign-out"),
    path("manifest.webmanifest", installable.manifest, name="shop-manifest"),
    path("sw.js", installable.service_worker, name="shop-service-worker"),
    path("design/", gallery.gallery, name="design"),
    path("offline/", installable.offline, name="shop-offline"),
]

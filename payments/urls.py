"""Doors of payments, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from payments import api, web, web_pay
from payments.gateways import stripe_page

api_urls: list[Any] = [
    path("payments/<uuid:payment_id>/", api.PaymentView.as_view(), name="payment"),
    path("payments/<uuid:payment_id>/attempts/", api.AttemptsView.as_view(), name="payment-attempts"),
    path("wallet/", api.WalletView.as_view(), name="api-wallet"),
    path("membership/", api.MembershipView.as_view(), name="api-membership"),
    path("payments/webhooks/<slug:gateway>/", api.webhook, name="payment-webhook"),
]
web_urls: list[Any] = [
    path("pay/<uuid:attempt_id>/", web_pay.pay_page, name="pay-page"),
    path("pay/<uuid:attempt_id>/done/", web_pay.come_back, name="pay-come-back"),
    path("sandbox-gateway/pay/<slug:intent_id>/", web.pay_page, name="sandbox-pay"),
    path("stripe/pay/<uuid:attempt_id>/", stripe_page.pay_page, name="stripe-pay"),
    path("stripe/pay/<uuid:attempt_id>/return/", stripe_page.pay_return, name="stripe-return"),
    path("sandbox-gateway/intents/<slug:intent_id>/confirm", web.confirm, name="sandbox-confirm"),
]
ws_urls: list[Any] = []

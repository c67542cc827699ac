"""Doors of accounts, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from accounts import api, web

api_urls: list[Any] = [
    path("auth/otp/", api.OtpView.as_view(), name="api-auth-otp"),
    path("auth/otp/verify/", api.OtpVerifyView.as_view(), name="api-auth-otp-verify"),
    path("auth/firebase/", api.FirebaseView.as_view(), name="api-auth-firebase"),
    path("auth/refresh/", api.RefreshView.as_view(), name="api-auth-refresh"),
    path("auth/sign-out/", api.SignOutView.as_view(), name="api-auth-sign-out"),
    path("auth/sign-out-everywhere/", api.SignOutEverywhereView.as_view(), name="api-auth-sign-out-everywhere"),
    path("me/", api.MeView.as_view(), name="api-me"),
    path("me/addresses/", api.AddressesView.as_view(), name="api-addresses"),
    path("me/addresses/<uuid:address_id>/", api.AddressView.as_view(), name="api-address"),
    path("me/sign-ins/", api.PlacesView.as_view(), name="api-sign-ins"),
    path("me/sign-ins/<str:place_id>/", api.PlaceView.as_view(), name="api-sign-in"),
    path("me/email/", api.EmailView.as_view(), name="api-email"),
    path("me/email/verify/", api.EmailVerifyView.as_view(), name="api-email-verify"),
    path("me/export/", api.ExportView.as_view(), name="api-me-export"),
    path("me/deletion/", api.DeletionView.as_view(), name="api-me-deletion"),
    path("me/devices/", api.DevicesView.as_view(), name="api-devices"),
    path("me/devices/<uuid:device_id>/", api.DeviceView.as_view(), name="api-device"),
]
web_urls: list[Any] = [
    path("staff/sign-in/", web.staff_sign_in, name="staff-sign-in"),
    path("staff/sign-in/code/", web.staff_code, name="staff-sign-in-code"),
    path("staff/sign-out/", web.staff_sign_out, name="staff-sign-out"),
    path("staff/", web.staff_home, name="staff-home"),
]
ws_urls: list[Any] = []

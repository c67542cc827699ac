"""Every app's doors, mounted: `/api/v1/` for programs, `/` for people, `/ws/` for sockets, `/admin/`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.module_loading import module_has_submodule
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from accounts.web import admin_sign_in
from orders.graphql.view import GraphQLView

APPS = (
    "blinkit.kernel",
    "accounts",
    "catalog",
    "inventory",
    "payments",
    "orders",
    "fulfillment",
    "delivery",
    "notifications",
    "dashboard",
)


OPEN_SOCKETS = ("/ws/shelf/", "/ws/market/")
"""Sockets that tell everybody the same, signed in or not."""


def doors(kind: str) -> list[URLPattern | URLResolver]:
    """The `api_urls`, `web_urls` or `ws_urls` of every app, in the order of APPS (the first match wins)."""
    found: list[URLPattern | URLResolver] = []
    for app in APPS:
        package = import_module(app)
        if module_has_submodule(package, "urls"):
            found += getattr(import_module(f"{app}.urls"), kind, [])
    return found


def websocket_routes() -> list[Any]:
    from blinkit.kernel.ws import nowhere

    return [path("ws/", _nested(doors("ws_urls"))), re_path("", nowhere)]  # type: ignore[arg-type]  # an ASGI application, as channels wants


def _nested(routes: list[Any]) -> Any:
    from channels.routing import URLRouter

    return URLRouter(routes)


urlpatterns: list[URLPattern | URLResolver] = [
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}img/icon-192.png")),
    path("admin/login/", admin_sign_in),  # before Django's own, which has no limits
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include(doors("api_urls"))),
    path("graphql", GraphQLView.as_view(), name="graphql"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="schema"), name="api-redoc"),
    path("", include(doors("web_urls"))),
]

handler400 = "blinkit.kernel.problems.bad_request"
handler403 = "blinkit.kernel.problems.forbidden"
handler404 = "blinkit.kernel.problems.not_found"
handler500 = "blinkit.kernel.problems.server_error"

if settings.EMBEDDED or settings.DEBUG:  # elsewhere nginx or the object store serves uploads
    from blinkit.kernel.pictures import served

    urlpatterns.append(path("media/<path:path>", served, {"document_root": settings.MEDIA_ROOT}))

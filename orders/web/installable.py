"""What makes the storefront installable: manifest, service worker, offline page."""

from __future__ import annotations

import json
from hashlib import sha256

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from accounts.templatetags.ui import shop_name


@require_GET
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": static("img/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": static("img/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": static("img/icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    shots = [
        {"src": static(name), "sizes": size, "type": "image/png", "form_factor": shape, "label": shop_name()}
        for name, size, shape in (
            ("img/shot-phone.png", "780x1688", "narrow"),
            ("img/shot-desk.png", "1280x800", "wide"),
        )
    ]
    body = {
        "id": "/",
        "name": shop_name(),
        "short_name": shop_name(),
        "description": _("Groceries at your door in minutes."),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0c7a43",
        "icons": icons,
        "screenshots": shots,
        "categories": ["shopping", "food"],
        "lang": get_language() or "en",
        "shortcuts": [
            {"name": _("Search"), "url": "/search/", "icons": icons[:1]},
            {"name": _("Cart"), "url": "/cart/", "icons": icons[:1]},
            {"name": _("Orders"), "url": "/orders/", "icons": icons[:1]},
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_GET
@cache_control(max_age=0, no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, so that its scope is the whole shop. Caches the look, never what is true at a moment."""
    found = finders.find("js/sw.js")
    if found:
        with open(str(found), encoding="utf-8") as source:
            body = source.read()
    else:
        with staticfiles_storage.open("js/sw.js") as stored:
            body = stored.read().decode()
    scripts = ("js/ui.js", "js/shop.js", "js/shelf.js", "js/search.js", "vendor/htmx/htmx.min.js")
    look = [static(name) for name in ("css/app.css", *scripts)]
    body = body.replace('"__LOOK__"', ", ".join(f'"{path}"' for path in look))
    body = body.replace("__ICON__", static("img/icon-192.png")).replace('"__SHOP__"', json.dumps(shop_name()))
    # A release changes the hashed names, so what an older release kept is dropped at once.
    body = body.replace("look-1", f"look-{sha256(repr(look).encode()).hexdigest()[:10]}")
    return HttpResponse(body, content_type="text/javascript")


@require_GET
@cache_control(max_age=86400, public=True)
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/offline.html")

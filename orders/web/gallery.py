"""The design language on one page, for the people who build screens. In demo mode only."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

TOKENS = (
    "paper", "surface", "raised", "line", "ink", "ink-2", "ink-3", "brand", "leaf", "on-leaf", "sun", "sun-tint", "red",
    "red-tint", "amber", "amber-tint", "blue", "blue-tint",
)  # fmt: skip


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO_MODE:
        raise Http404
    facts = {
        "points": [
            {"id": "s", "kind": "store", "lat": 12.9719, "lng": 77.6412, "label": "Store", "named": True},
            {"id": "r", "kind": "rider", "lat": 12.9752, "lng": 77.6382, "label": "Asha"},
            {"id": "l", "kind": "late", "lat": 12.9702, "lng": 77.6352, "label": "Late"},
            {"id": "h", "kind": "home", "lat": 12.9782, "lng": 77.6362, "label": "You", "named": True},
        ],
        "lines": [[[12.9719, 77.6412], [12.9752, 77.6382], [12.9782, 77.6362]]],
    }
    hues = [f"hue-{degrees}" for degrees in range(0, 360, 30)]
    return render(request, "shop/gallery.html", {"facts": facts, "tokens": TOKENS, "hues": hues})

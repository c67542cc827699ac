"""Names and addresses of pictures: the one place that knows how a size of a picture is called.

A picture we scaled lies at `pictures/<key>/<side>.webp`, where the key tells its content: a name never gets another
content, so it may be kept for a year. Any other path (a drawing) is its own only size.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache

from django.core.files.storage import default_storage
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.static import serve

FOLDER = "pictures"
SIDES = {"thumb": 160, "card": 320, "zoom": 1024}
"""Sides of the square each size fits, in pixels."""
KEPT_S = 365 * 24 * 3600
CACHE_CONTROL = f"public, max-age={KEPT_S}, immutable"
SIGNED_AGAIN_S = 600
"""Signed addresses hold for an hour; each is used for so long before it is signed anew, so browsers may keep it."""
_SCALED = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}/\d+\.webp")


def path_of(key: str, size: str) -> str:
    return f"{FOLDER}/{key}/{SIDES[size]}.webp"


def original_of(key: str) -> str:
    return f"{FOLDER}/{key}/original.webp"


def is_scaled(path: str) -> bool:
    return _SCALED.fullmatch(path) is not None


def key_of(path: str) -> str:
    """The key of a scaled picture, "" for any other path."""
    return path.split("/")[1] if is_scaled(path) else ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Addresses of one picture. All the same for a drawing."""

    thumb: str
    card: str
    zoom: str
    is_scaled: bool = False

    def as_dict(self) -> dict[str, str]:
        return {"thumb": self.thumb, "card": self.card, "zoom": self.zoom}


def image_url(path: str, size: str = "card") -> str:
    """The address of a picture in one size; "" for none."""
    if not path:
        return ""
    if is_scaled(path):
        path = path_of(key_of(path), size)
    return _url(path, int(time.time()) // SIGNED_AGAIN_S)


def sizes(path: str | None) -> Sizes | None:
    """All sizes of a picture, None without one."""
    if not path:
        return None
    return Sizes(image_url(path, "thumb"), image_url(path, "card"), image_url(path, "zoom"), is_scaled(path))


def sizes_dict(path: str | None) -> dict[str, str] | None:
    found = sizes(path)
    return found.as_dict() if found else None


@lru_cache(maxsize=20_000)
def _url(path: str, period: int) -> str:
    # Signing an address costs about a millisecond, a page of a shelf has 120 of them.
    return default_storage.url(path)


setting_changed.connect(lambda **_: _url.cache_clear(), weak=False)  # another storage in a test


def served(request: HttpRequest, path: str, document_root: str) -> HttpResponseBase:
    """An upload on a laptop; elsewhere nginx or the object store answers, with the same header."""
    response = serve(request, path, document_root=document_root)
    if path.startswith(f"{FOLDER}/"):
        response.headers["Cache-Control"] = CACHE_CONTROL
    return response

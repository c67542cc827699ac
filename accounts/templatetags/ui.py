"""Template words every screen uses: icons, money, hues, ranges of minutes. `{% load ui %}`."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blinkit.kernel import money, pictures
from blinkit.kernel.words import said

register = template.Library()

SPRITE = Path(__file__).resolve().parents[2] / "static" / "icons" / "lucide.svg"
_SYMBOL = re.compile(r'<symbol id="([^"]+)" viewBox="0 0 24 24">(.*?)</symbol>')


@lru_cache(maxsize=1)
def _shapes() -> dict[str, str]:
    return dict(_SYMBOL.findall(SPRITE.read_text(encoding="utf-8")))


@register.simple_tag
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """An inline Lucide icon: `{% icon "bike" %}`, `{% icon "bike" "icon-xl" %}`, `{% icon "leaf" label=_("Veg") %}`.

    Without a label it is decoration and hidden from screen readers. An unknown name draws a dot: an icon that is
    missing from static/icons/names.txt must never take a page down (a test reads the templates for such names).
    """
    shapes = _shapes()
    inside = shapes.get(name) or shapes["circle"]
    words = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon {}" viewBox="0 0 24 24" {}>{}</svg>', extra, words, mark_safe(inside))


@register.filter
def rupees(paise: int | None) -> str:
    """₹1,23,456.50 from whole paise; an empty string for nothing."""
    return "" if paise is None else money.rupees(int(paise))


@register.filter
def hue(degrees: int | str | None) -> str:
    """The class of the nearest of the twelve hues: 137 → "hue-150"."""
    try:
        nearest = round(int(degrees or 0) / 30) * 30 % 360
    except ValueError:
        nearest = 150
    return f"hue-{nearest}"


@register.filter
def hue_of(text: Any) -> str:
    """A steady hue class for any text (a name, a code)."""
    return f"hue-{sum(map(ord, str(text))) * 7 % 12 * 30}"


@register.filter
def initials(name: str) -> str:
    """ "Asha Rao" → "AR"."""
    words = [word for word in str(name).split() if word]
    return "".join(word[0] for word in words[:2]).upper()


@register.simple_tag
def minutes_range(low: float | None, high: float | None) -> str:
    """ "8–11 min"; "10 min" when both ends agree."""
    if low is None and high is None:
        return ""
    a, b = round(low if low is not None else high or 0), round(high if high is not None else low or 0)
    return _("%(n)s min") % {"n": a} if a >= b else _("%(a)s–%(b)s min") % {"a": a, "b": b}


@register.filter
def minutes_left(when: datetime | None) -> int | None:
    """Whole minutes from now, never below zero; None for nothing."""
    if when is None:
        return None
    return max(0, round((when - timezone.now()).total_seconds() / 60))


@register.filter
def clock(written: str) -> str:
    """An instant that was kept as text, as the clock on the wall showed it: "13:54:35"."""
    at = parse_datetime(written)
    return f"{timezone.localtime(at):%H:%M:%S}" if at and timezone.is_aware(at) else written


@register.filter
def metres(distance: float | None) -> str:
    """ "850 m", "2.4 km"."""
    if distance is None:
        return ""
    return _("%(n)s m") % {"n": int(distance)} if distance < 1000 else _("%(n)s km") % {"n": f"{distance / 1000:.1f}"}


@register.filter
def media(path: str) -> str:
    """The address of a file in media storage; empty for none."""
    return default_storage.url(path) if path else ""


@register.filter
def picture(path: str) -> pictures.Sizes | None:
    """`row.image|picture`: the addresses of its sizes (`thumb`, `card`, `zoom`); None without a picture."""
    return pictures.sizes(path)


_drawn: dict[str, bool] = {}


@register.filter
def category_picture(slug: str) -> str:
    """The media path of a category's tile, "" when none was drawn. Remembered once found."""
    path = f"categories/{slug}.svg"
    if path not in _drawn and default_storage.exists(path):
        _drawn[path] = True
    return path if path in _drawn else ""


@register.filter
def in_language(row: Any, field: str = "name") -> str:
    """`product|in_language`: the Hindi name when Hindi is shown and there is one, else the English one."""

    def read(key: str) -> str:
        return str((row.get(key) if isinstance(row, dict) else getattr(row, key, "")) or "")

    return (read(f"{field}_hi") if get_language() == "hi" else "") or read(field)


@register.filter(name="said")
def say_it(text: str) -> str:
    """A sentence the house made, in the reader's language (`blinkit.kernel.words`)."""
    return said(text or "")


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`quantities|get:sku`: a value of a mapping under a variable key; None when absent."""
    return mapping.get(key) if mapping else None


@register.simple_tag
def shop_name() -> str:
    """What the company is called on its pages."""
    return str(getattr(settings, "SHOP_NAME", "Tokri"))


@register.simple_tag
def push_key() -> str:
    """What browsers subscribe to our messages with; empty where there is no web push."""
    from accounts.services.browsers import push_public_key

    return push_public_key()


@register.simple_tag
def tiles_url() -> str:
    """Where maps take their tiles from; empty for the plain ground."""
    return str(settings.TILES_URL)


@register.simple_tag
def tiles_attribution() -> str:
    return str(settings.TILES_ATTRIBUTION)


@register.simple_tag
def demo_mode() -> bool:
    return bool(getattr(settings, "DEMO_MODE", False))


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """data-theme="dark" when the person chose one (a cookie), or the page insists with `theme="dark"`."""
    request = context.get("request")
    chosen = (getattr(request, "COOKIES", None) or {}).get("theme") or context.get("default_theme", "")
    return format_html(' data-theme="{}"', chosen) if chosen in ("light", "dark") else ""

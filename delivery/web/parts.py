"""What the rider's screens have in common."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from delivery import services
from delivery.models import Rider


def rider_of(request: HttpRequest) -> Rider:
    return services.rider_of(int(request.user.pk))  # type: ignore[arg-type]  # riders only


def text_of(request: HttpRequest, name: str, longest: int) -> str:
    text = request.POST.get(name, "").strip()
    if len(text) > longest or "\x00" in text:
        raise Invalid(_("That is too long."))
    return text

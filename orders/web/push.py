"""Messages to this browser, switched on and off by whoever is signed in here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import services
from orders.web.shopper import customer_of

DEVICE_KEY = "push_device"
LONGEST = 2000


@never_cache
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """`endpoint`, `p256dh`, `auth` of the browser's subscription. Doing it again is silent."""
    given = {name: request.POST.get(name, "")[:LONGEST] for name in ("endpoint", "p256dh", "auth")}
    device = services.register_browser(user_id=customer_of(request), now=timezone.now(), **given)
    request.session[DEVICE_KEY] = device.push_token
    return HttpResponse(status=204)


@never_cache
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """No more messages to this browser. Silent when there were none."""
    forget_this_browser(request)
    return HttpResponse(status=204)


def forget_this_browser(request: HttpRequest) -> None:
    token = request.session.pop(DEVICE_KEY, None)
    if token and request.user.is_authenticated:
        services.forget_device(push_token=token, user_id=customer_of(request))

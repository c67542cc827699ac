"""HTTP and websockets in one process on a laptop; in production nginx sends only /ws/ here."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")

http = get_asgi_application()  # before anything that imports models

from blinkit.kernel.memory import settle_in  # noqa: E402
from blinkit.kernel.ws import wrap  # noqa: E402
from blinkit.urls import OPEN_SOCKETS, websocket_routes  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": wrap(URLRouter(websocket_routes()), open_to_all=OPEN_SOCKETS)}
)

settle_in()

"""HTTP in production (granian or gunicorn): sync views at a third of the CPU they cost under ASGI."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")

application = get_wsgi_application()

from blinkit.kernel.memory import settle_in  # noqa: E402

settle_in()

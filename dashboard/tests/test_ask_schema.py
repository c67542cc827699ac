"""The views, the role that reads them, and what it may not do."""

from __future__ import annotations

import pytest
from django.db import connection

from dashboard.ask import views
from dashboard.ask.layer import layer
from dashboard.services import ask_schema


@pytest.mark.django_db
def test_every_view_is_there_and_can_be_read() -> None:
    import time
    with connection.cursor() as cursor:
        t=time.perf_counter(); ask_schema.refresh(force=True); print(time.perf_counter()-t)
        t=time.perf_counter(); ask_schema.refresh(); print(time.perf_counter()-t)
        token = views.sign(audiences={"admin"}, stores=None, until=4_000_000_000, secret=ask_schema.secret())
        cursor.execute("SELECT set_config('ask.rights', %s, true)", [token])
        cursor.execute("SET LOCAL ROLE ask_reader")
        for name in layer().entities:
            cursor.execute(f'SELECT * FROM ask."{name}" LIMIT 1')

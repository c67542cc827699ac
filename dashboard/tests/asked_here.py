"""For tests of answers: the reader borrows the test's own connection, which alone sees the test's rows, with the
reader's role and rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from dashboard.services import ask_reading


@contextmanager
def _borrowed() -> Iterator[Any]:
    with transaction.atomic():
        connection.ensure_connection()
        raw: Any = connection.connection
        raw.execute("SET LOCAL ROLE ask_reader")
        try:
            yield raw
        finally:
            if raw.info.transaction_status.name != "INERROR":
                raw.execute("SELECT set_config('ask.rights', '', true)")
                raw.execute("RESET ROLE")


@pytest.fixture
def asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask_reading, "borrowed", _borrowed)

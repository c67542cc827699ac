"""In which order, and where, the long tests run."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)  # pytest-django has put those that empty the tables last, and they stay there
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests begin first, or one worker would still be at them when the others are done. Those that run a whole
    platform stay with one worker: two platforms at once would only make each other late."""
    for item in items:
        if item.get_closest_marker("slow") and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.xdist_group("platform"))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None or _empties_tables(item))


def _empties_tables(item: pytest.Item) -> bool:
    wants = item.get_closest_marker("django_db")
    return wants is not None and bool(wants.kwargs.get("transaction"))

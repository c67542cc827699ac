"""A promise has come true or not: counted for Prometheus, by store, and by version and size."""

from __future__ import annotations

from uuid import UUID

from blinkit.kernel import metrics
from orders.models import Promise

SIZES_M = (10, 15, 20, 30)


def count_promise(*, order_id: UUID) -> None:
    """Of a delivered order, the promise it is held to. For one for a slot nothing is counted: a window is no forecast.

    One statement. Counted once as long as its caller is (a handler with a receipt).
    """
    rows = Promise.objects.filter(order_id=order_id, order__slot__isnull=True, order__delivered_at__isnull=False)
    found = rows.judged().values_list(
        "version", "made_at", "promised_by", "order__delivered_at", "order__store__code", named=True
    )
    if (made := found.first()) is None:
        return
    promised_s = (made.promised_by - made.made_at).total_seconds()
    actual_s = (made.order__delivered_at - made.made_at).total_seconds()  # type: ignore[operator]  # delivered: filtered
    kept = "yes" if actual_s <= promised_s else "no"
    size = next((f"to {most} min" for most in SIZES_M if promised_s <= 60 * most), "longer")
    metrics.count("promises_by_store_total", store=made.order__store__code, kept=kept)
    metrics.count("promises_by_version_total", version=made.version, size=size, kept=kept)
    metrics.count("promise_promised_seconds_total", promised_s, version=made.version)
    metrics.count("promise_actual_seconds_total", max(0.0, actual_s), version=made.version)

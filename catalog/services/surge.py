"""Keeping the busy-hour fee of each store."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from blinkit.kernel import events, live
from catalog import queries
from catalog.events import SurgeChanged
from catalog.models import StoreLoad
from catalog.pricing.surge import GOOD_FOR, Surge, Work, next_surge


def refresh_surge(*, now: datetime) -> int:
    """Bring the surge of all stores up to date; called each minute. Returns how many fees changed.

    Only stores whose fee policy has a cap take part. Each change is recorded and seen by the boards.
    """
    changed = 0
    for store in queries.active_stores():
        cap = queries.fee_policy(store).surge_cap_paise
        load: StoreLoad = store.load
        if load.surge_until is None and not cap:
            continue
        before = Surge(load.surge_level, load.surge_paise, load.surge_why, load.surge_until)
        # Fewer people than planned is our fault, not the hour's: their wait costs nobody a fee.
        backlog_s = load.pick_backlog_s if load.pickers_on >= load.pickers_planned and load.open_orders else 0
        work = Work(load.open_orders, backlog_s, load.riders_on, load.updated_at)
        last = load.surge_until - GOOD_FOR if load.surge_until else now
        # The first look has nothing to measure from: it counts as one minute.
        elapsed_s = (now - last).total_seconds() or 60.0
        after = next_surge(before, work, cap_paise=cap, elapsed_s=elapsed_s, now=now)
        shown_before = before.paise if before.until is not None and before.until > now else 0
        with transaction.atomic():
            StoreLoad.objects.filter(pk=store.pk).update(
                surge_level=after.level,
                surge_paise=after.paise,
                surge_why=after.why,
                surge_until=after.until if cap else None,
            )
            if after.paise != shown_before:
                changed += 1
                event = SurgeChanged(
                    store_code=store.code, old_paise=shown_before, new_paise=after.paise, why=after.why
                )
                events.record(event, subject=f"store:{store.code}", actor="system")
                live.touch(f"store.{store.code}", what="surge")
                live.touch("ops", what="store", id=store.code)
    return changed

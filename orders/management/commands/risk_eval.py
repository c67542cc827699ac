"""How early and how rightly a promise at risk is warned of, by threshold; and what a sweep costs."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from catalog.models import Product, Store
from orders.models import Order, OrderLine
from orders.promise.replay import STUCK_SHARE, judge, walk
from orders.risk import CLEAR_BELOW, RISK_FROM
from orders.services.risk import sweep_timers
from orders.states import Status

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Command(BaseCommand):
    help = "Walk made-up orders through their stages with random legs and print the table of thresholds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=4_000)
        parser.add_argument("--seed", type=int, default=5)
        parser.add_argument("--live", type=int, default=0, help="Instead: what a sweep over so many orders costs")

    def handle(self, *args: Any, orders: int, seed: int, live: int, **options: Any) -> None:
        if live:
            return self._cost(live)
        walked = walk(orders, seed=seed)
        late = sum(order.late for order in walked)
        self.stdout.write(
            f"{orders} orders, {late} late ({100 * late / orders:.1f} %), {STUCK_SHARE:.0%} with a leg that got stuck"
        )
        self.stdout.write("threshold  warned 2 min ahead  60 s ahead  right  median lead  per 100 orders  taken back")
        for threshold in sorted({*THRESHOLDS, RISK_FROM}):
            told = judge(walked, threshold, clear=min(CLEAR_BELOW, threshold))
            mark = "  <- used" if threshold == RISK_FROM else ""
            self.stdout.write(
                f"{threshold:9.2f}  {told.recall_120_s:16.1f} %  {told.recall_60_s:8.1f} %  {told.precision:3.0f} %"
                f"  {told.lead_s:9.0f} s  {told.per_hundred:14.1f}  {told.taken_back:8.1f} %{mark}"
            )

    def _cost(self, live: int) -> None:
        """Orders that are made for it and taken back: nothing stays."""
        store, user, product = Store.objects.first(), User.objects.first(), Product.objects.first()
        if store is None or user is None or product is None:
            raise CommandError("It needs a store, a person and a product: load the demo first.")
        now = timezone.now()
        with transaction.atomic():
            made = [_order(number, store, user, now) for number in range(live)]
            Order.objects.bulk_create(made)
            lines = [
                OrderLine(order=order, product=product, sku="x", name="x", qty=1, unit_price_paise=100, mrp_paise=100)
                for order in made
            ]
            OrderLine.objects.bulk_create(lines)
            for name, at in (("first", now), ("next", now), ("4 min on", now + timedelta(minutes=4))):
                cpu_s = time.process_time()
                with CaptureQueriesContext(connection) as asked:
                    new = sweep_timers(now=at)
                cpu_ms = 1000 * (time.process_time() - cpu_s)
                own = [row for row in asked if "SAVEPOINT" not in row["sql"]]
                ran_ms = 1000 * sum(float(row["time"]) for row in own)
                self.stdout.write(
                    f"{name:9s} sweep of {live} live orders: {len(own)} statements, {cpu_ms:.0f} ms CPU here,"
                    f" {ran_ms:.0f} ms waiting for the database, {new} warnings"
                )
            transaction.set_rollback(True)


def _order(number: int, store: Store, user: User, now: datetime) -> Order:
    status = list(_WALK)[number % len(_WALK)]
    placed_at = now - timedelta(seconds=_WALK[status] + number % 120)
    return Order(
        number=f"E-{number:07}", customer=user, store=store, status=status, address_text="x", contact_phone="x",
        lat=store.lat + 0.0001 * (number % 90), lng=store.lng, items_paise=0, total_paise=0, payment_method="cod",
        placed_at=placed_at, confirmed_at=placed_at, status_at=now - timedelta(seconds=number % 120),
        promised_from=placed_at + timedelta(minutes=8), promised_by=placed_at + timedelta(minutes=11 + number % 5),
        picked_up_at=now - timedelta(seconds=number % 120) if status == Status.IN_TRANSIT else None,
        rider_id_ref=1 if status in (Status.ASSIGNED_TO_PARTNER, Status.IN_TRANSIT) else None,
    )  # fmt: skip


_WALK = {
    Status.ASSIGNED_TO_STORE: 30,
    Status.PICKING: 120,
    Status.PACKED: 240,
    Status.ASSIGNED_TO_PARTNER: 280,
    Status.IN_TRANSIT: 330,
}
"""How long ago orders in each status were placed (seconds)."""

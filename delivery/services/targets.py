"""Incentive targets: so many deliveries between two instants, counted from the earnings, paid once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from blinkit.kernel import events, live
from delivery.events import TargetReached

LOOK_BACK = timedelta(days=10)
"""A campaign that ended longer ago has been counted for the last time."""

_REACHED = """
    WITH reached AS (
        SELECT c.id AS campaign_id, r.id AS rider_id, c.reward_paise,
               (array_agg(e.at ORDER BY e.at, e.id))[c.deliveries] AS earned_at
        FROM delivery_campaign c
        JOIN delivery_earning e ON e.at >= c.starts_at AND e.at < c.ends_at
        JOIN delivery_stop s ON s.id = e.stop_id AND s.state = 'delivered'
        JOIN delivery_job j ON j.id = s.job_id
        JOIN catalog_store t ON t.id = j.store_id
        JOIN delivery_rider r ON r.id = e.rider_id
        WHERE c.starts_at <= %(now)s AND c.ends_at > %(since)s
          AND (c.city_id IS NULL OR c.city_id = t.city_id) AND (c.store_id IS NULL OR c.store_id = t.id)
          AND (c.vehicle = '' OR c.vehicle = r.vehicle)
          AND NOT EXISTS (SELECT 1 FROM delivery_campaignreward w WHERE w.campaign_id = c.id AND w.rider_id = r.id)
        GROUP BY c.id, r.id HAVING count(*) >= c.deliveries
    ), paid AS (
        INSERT INTO delivery_campaignreward (campaign_id, rider_id, amount_paise, earned_at)
        SELECT campaign_id, rider_id, reward_paise, earned_at FROM reached ORDER BY campaign_id, rider_id
        ON CONFLICT (campaign_id, rider_id) DO NOTHING RETURNING campaign_id, rider_id, amount_paise
    )
    SELECT c.name, p.rider_id, p.amount_paise FROM paid p JOIN delivery_campaign c ON c.id = p.campaign_id"""


@transaction.atomic
def pay_targets(*, now: datetime) -> int:
    """Reward every rider who has reached a target, at the instant of the last delivery it took. Returns how many were
    new; counting again pays nothing. One statement, and one per reward."""
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, {"now": now, "since": now - LOOK_BACK})
        reached = cursor.fetchall()
    for name, rider_id, paise in reached:
        events.record(TargetReached(rider_id=rider_id, name=name, amount_paise=paise), subject=f"rider:{rider_id}")
        live.touch(f"rider.{rider_id}", what="pay")
    return len(reached)

"""For repairs: counters are set to what the ledger says."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from inventory.services import ledger


@transaction.atomic
def rebuild_counters(*, stock_ids: Iterable[int]) -> int:
    """Set the counters of these rows and of their batches to the sum of their ledger. Returns how many rows changed."""
    ids = sorted(stock_ids)
    # Locked by a statement of its own: the next ones then see every line written by those it waited for.
    ledger.lock_stock(ids)
    ledger.execute(
        """
        UPDATE inventory_batch AS b SET on_hand = truth.on_hand, held = truth.held
        FROM (
            SELECT w.id, coalesce(sum(m.on_hand_delta), 0)::int AS on_hand, coalesce(sum(m.held_delta), 0)::int AS held
            FROM inventory_batch AS w LEFT JOIN inventory_movement AS m ON m.batch_id = w.id
            WHERE w.stock_id = ANY(%(ids)s) GROUP BY w.id
        ) AS truth
        WHERE b.id = truth.id AND (b.on_hand, b.held) IS DISTINCT FROM (truth.on_hand, truth.held) RETURNING b.id
        """,
        {"ids": ids},
    )
    changed = ledger.execute(
        """
        UPDATE inventory_stock AS s SET on_hand = truth.on_hand, held = truth.held, blocked = truth.blocked
        FROM (
            SELECT w.id, coalesce(sum(b.on_hand), 0)::int AS on_hand, coalesce(sum(b.held), 0)::int AS held,
                coalesce(sum(b.on_hand - b.held) FILTER (WHERE b.state <> 'open'), 0)::int AS blocked
            FROM unnest(%(ids)s::bigint[]) AS w(id) LEFT JOIN inventory_batch AS b ON b.stock_id = w.id GROUP BY w.id
        ) AS truth
        WHERE s.id = truth.id
        AND (s.on_hand, s.held, s.blocked) IS DISTINCT FROM (truth.on_hand, truth.held, truth.blocked) RETURNING s.id
        """,
        {"ids": ids},
    )
    return len(changed)

"""The proof that orders, their stock and their money say the same. Each proof is one statement and sees one moment."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Broken:
    """Something about an order that can never be true."""

    what: str
    order: str
    found: str


_UNITS = """
    SELECT o.number, l.product_id, l.qty - l.short_qty AS wanted, coalesce(h.qty, 0) AS held,
        coalesce(h.state, 'none') AS state, o.status
    FROM orders_order AS o JOIN orders_orderline AS l ON l.order_id = o.id
    LEFT JOIN inventory_stock AS s ON s.store_id = o.store_id AND s.product_id = l.product_id
    LEFT JOIN inventory_hold AS h ON h.ref = o.id AND h.stock_id = s.id
"""

_PROOFS = {
    "an order on its way does not hold firmly what it will bring": f"""
        SELECT number, product_id || ': ' || wanted || ' to bring, ' || held || ' ' || state FROM ({_UNITS}) AS u
        WHERE status IN ('CONFIRMED', 'ASSIGNED_TO_STORE', 'PICKING', 'PACKED', 'ASSIGNED_TO_PARTNER')
        AND wanted > 0 AND (state <> 'firm' OR held <> wanted)""",
    "an unpaid order does not hold what it wants": f"""
        SELECT number, product_id || ': ' || wanted || ' wanted, ' || held || ' ' || state FROM ({_UNITS}) AS u
        WHERE status = 'PENDING' AND state NOT IN ('active', 'released') OR status = 'PENDING' AND held <> wanted""",
    "an order has left the store and its units have not": f"""
        SELECT number, product_id || ': ' || wanted || ' gone, ' || held || ' ' || state FROM ({_UNITS}) AS u
        WHERE status IN ('PICKED_UP', 'IN_TRANSIT', 'DELIVERED', 'CLOSED')
        AND wanted > 0 AND (state <> 'shipped' OR held <> wanted)""",
    "a cancelled order still holds units": """
        SELECT o.number, h.qty || ' ' || h.state FROM orders_order AS o JOIN inventory_hold AS h ON h.ref = o.id
        WHERE (o.status = 'CANCELLED' OR (o.status = 'REFUNDED' AND o.picked_up_at IS NULL))
        AND h.state IN ('active', 'firm', 'shipped')""",
    "units are set aside for no order": """
        SELECT h.ref::text, h.qty || ' ' || h.state FROM inventory_hold AS h
        LEFT JOIN orders_order AS o ON o.id = h.ref WHERE o.id IS NULL AND h.state = 'firm'
        AND NOT EXISTS (SELECT 1 FROM inventory_wastage AS w WHERE w.id = h.ref AND w.state = 'waiting')""",
    "a delivered order was not paid as its bill says": """
        SELECT o.number, 'bill ' || o.total_paise || ', kept '
            || (p.captured_paise - p.refunded_paise + p.wallet_paise - p.wallet_returned_paise)
        FROM orders_order AS o JOIN payments_payment AS p ON p.ref = o.id
        WHERE o.status IN ('DELIVERED', 'CLOSED')
        AND p.captured_paise - p.refunded_paise + p.wallet_paise - p.wallet_returned_paise <> o.total_paise
            - coalesce((SELECT sum(c.refund_paise) FROM orders_claim AS c
                WHERE c.order_id = o.id AND c.state = 'refunded'), 0)""",
    "an order on its way is owed another sum than its bill": """
        SELECT o.number, 'bill ' || o.total_paise || ', owed ' || (CASE WHEN p.state = 'captured'
            THEN p.captured_paise - p.refunded_paise ELSE p.amount_paise END + p.wallet_paise - p.wallet_returned_paise)
        FROM orders_order AS o JOIN payments_payment AS p ON p.ref = o.id
        WHERE o.status NOT IN ('CANCELLED', 'UNDELIVERED', 'REFUNDED', 'DELIVERED', 'CLOSED')
        AND CASE WHEN p.state = 'captured' THEN p.captured_paise - p.refunded_paise ELSE p.amount_paise END
            + p.wallet_paise - p.wallet_returned_paise <> o.total_paise""",
    "money of an order that ended was kept": """
        SELECT o.number, p.captured_paise - p.refunded_paise || ' and ' || p.wallet_paise - p.wallet_returned_paise
        FROM orders_order AS o JOIN payments_payment AS p ON p.ref = o.id
        WHERE o.status IN ('CANCELLED', 'UNDELIVERED', 'REFUNDED')
        AND (p.captured_paise <> p.refunded_paise OR p.wallet_paise <> p.wallet_returned_paise OR p.state = 'open')""",
    "an order is called refunded before the money has arrived": """
        SELECT o.number, o.status FROM orders_order AS o JOIN payments_payment AS p ON p.ref = o.id
        WHERE o.status = 'REFUNDED' AND EXISTS (
            SELECT 1 FROM payments_refund AS r WHERE r.payment_id = p.id AND r.state <> 'done')""",
    "an order without a payment": """
        SELECT o.number, o.status FROM orders_order AS o LEFT JOIN payments_payment AS p ON p.ref = o.id
        WHERE p.id IS NULL""",
}


def audit() -> list[Broken]:
    """What can never be true and is; empty when all is well. May run while the shop is open."""
    found: list[Broken] = []
    with connection.cursor() as cursor:
        for what, sql in _PROOFS.items():
            cursor.execute(sql)
            found += [Broken(what, str(number), str(text)) for number, text in cursor.fetchall()]
    return found

"""Proof that orders and the stock set aside for them say the same. (Their money: orders/queries/books.py.)

What a customer pays a second time may arrive, and go back, after all they owed was refunded: a stray capture says
nothing about the end of its order.
"""

from __future__ import annotations

from django.db import connection

from payments.queries import Difference

_UNITS = """
    SELECT o.number, p.sku, l.qty - l.short_qty AS wanted, coalesce(h.qty, 0) AS qty, h.state, o.status
    FROM orders_order AS o JOIN orders_orderline AS l ON l.order_id = o.id
    JOIN catalog_product AS p ON p.id = l.product_id
    LEFT JOIN inventory_stock AS s ON s.store_id = o.store_id AND s.product_id = l.product_id
    LEFT JOIN inventory_hold AS h ON h.ref = o.id AND h.stock_id = s.id
"""

_PROOFS = {
    "units held firmly are not what an order on its way will bring": f"""
        SELECT number || ' ' || sku, CASE state WHEN 'firm' THEN qty ELSE 0 END, wanted FROM ({_UNITS}) AS u
        WHERE status IN ('CONFIRMED', 'ASSIGNED_TO_STORE', 'PICKING', 'PACKED', 'ASSIGNED_TO_PARTNER')
        AND wanted <> CASE state WHEN 'firm' THEN qty ELSE 0 END""",
    "units held are not what an unpaid order wants": f"""
        SELECT number || ' ' || sku, qty, wanted FROM ({_UNITS}) AS u
        WHERE status = 'PENDING' AND (qty <> wanted OR state NOT IN ('active', 'released'))""",
    "units that left are not what an order brings": f"""
        SELECT number || ' ' || sku, CASE state WHEN 'shipped' THEN qty ELSE 0 END, wanted FROM ({_UNITS}) AS u
        WHERE status IN ('PICKED_UP', 'IN_TRANSIT', 'DELIVERED', 'CLOSED')
        AND wanted <> CASE state WHEN 'shipped' THEN qty ELSE 0 END""",
    "a cancelled order holds units": """
        SELECT o.number, sum(h.qty), 0 FROM orders_order AS o JOIN inventory_hold AS h ON h.ref = o.id
        WHERE o.status IN ('CANCELLED', 'REFUNDED') AND o.picked_up_at IS NULL
        AND h.state IN ('active', 'firm', 'shipped') GROUP BY o.number""",
    "units are held firmly for nobody": """
        SELECT h.ref::text, sum(h.qty), 0 FROM inventory_hold AS h LEFT JOIN orders_order AS o ON o.id = h.ref
        WHERE o.id IS NULL AND h.state = 'firm'
        AND NOT EXISTS (SELECT 1 FROM inventory_wastage AS w WHERE w.id = h.ref AND w.state = 'waiting')
        GROUP BY h.ref""",
    "an order has units in two stores": """
        SELECT o.number, count(DISTINCT s.store_id), 1 FROM orders_order AS o
        JOIN inventory_hold AS h ON h.ref = o.id AND h.state IN ('active', 'firm', 'shipped') AND h.qty > 0
        JOIN inventory_stock AS s ON s.id = h.stock_id GROUP BY o.number
        HAVING count(DISTINCT s.store_id) > 1""",
    "called refunded before the money has arrived": """
        SELECT o.number, sum(r.amount_paise), 0 FROM orders_order AS o JOIN payments_payment AS p ON p.ref = o.id
        JOIN payments_refund AS r ON r.payment_id = p.id AND r.state <> 'done'
        LEFT JOIN payments_attempt AS a ON a.id = r.attempt_id
        WHERE o.status = 'REFUNDED' AND a.state IS DISTINCT FROM 'stray' GROUP BY o.number""",
    "an order without a payment": """
        SELECT o.number, 0, 1 FROM orders_order AS o LEFT JOIN payments_payment AS p ON p.ref = o.id
        WHERE p.id IS NULL""",
}


def audit() -> list[Difference]:
    """Every order whose units (or end) are not what its status says, by its number; empty when all is well. Each proof
    is one statement and sees one moment; it may run while the shop is open."""
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for what, sql in _PROOFS.items():
            cursor.execute(sql)
            found += [Difference(what, key, int(is_), int(should)) for key, is_, should in cursor.fetchall()]
    return found

"""Proof that every order's money adds up: what was paid and not given back is its bill, and the ledger says so too."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat

from orders import accounting
from orders.accounting import Parts, Places, Sold
from orders.models import Order, OrderLine
from payments import ledger
from payments.models import Transfer
from payments.queries import Difference


def sold(line: OrderLine) -> Sold:
    """The line as it came."""
    gross_paise = line.unit_price_paise * (line.qty - line.short_qty)
    return Sold(gross_paise, line.discount_paise, line.tax_paise)


def parts_of(order: Order) -> Parts:
    """What the order's bill, as it is now, is made of."""
    return accounting.parts_of_bill(
        lines=[sold(line) for line in order.lines.all()],
        fees={name: getattr(order, f"{name}_paise") for name in accounting.FEES},
        tip_paise=order.tip_paise,
        discount_paise=order.discount_paise,
        tax_paise=order.tax_paise,
        places=Places(order.supplier_state, order.place_of_supply),
    )


def not_recognised(*, limit: int) -> list[UUID]:
    """Delivered orders whose money is not in the books as revenue, oldest first."""
    key = Concat(Value("revenue:"), Cast(OuterRef("pk"), TextField()))
    orders = Order.objects.filter(delivered_at__isnull=False).exclude(Exists(Transfer.objects.filter(key=key)))
    return list(orders.order_by("delivered_at").values_list("pk", flat=True)[:limit])


# -- proof ------------------------------------------------------------------------------------------------------------

_KEPT = """
    SELECT ref, state, amount_paise, wallet_paise - wallet_returned_paise AS wallet,
           captured_paise - refunded_paise + wallet_paise - wallet_returned_paise AS kept
    FROM payments_payment WHERE purpose = 'order'"""
_BACK = (
    "SELECT order_id, sum(refund_paise)::bigint AS paise FROM orders_claim WHERE state = 'refunded' GROUP BY order_id"
)
_GOOD_FOR = "CASE p.state WHEN 'open' THEN p.amount_paise + p.wallet WHEN 'captured' THEN p.kept END"
_OVER = "o.status IN ('DELIVERED', 'CLOSED', 'CANCELLED', 'UNDELIVERED', 'REFUNDED')"

_PROOFS = {
    "paid and kept is not the bill less what claims gave back": f"""
        SELECT o.number, coalesce(p.kept, 0), o.total_paise - coalesce(c.paise, 0) FROM orders_order o
        LEFT JOIN ({_KEPT}) p ON p.ref = o.id LEFT JOIN ({_BACK}) c ON c.order_id = o.id
        WHERE o.delivered_at IS NOT NULL AND coalesce(p.kept, 0) <> o.total_paise - coalesce(c.paise, 0)""",
    "something was kept of an order that did not come": f"""
        SELECT o.number, p.kept, 0 FROM orders_order o JOIN ({_KEPT}) p ON p.ref = o.id
        WHERE o.delivered_at IS NULL AND {_OVER} AND p.kept <> 0""",
    "paid and still to pay is not the bill": f"""
        SELECT o.number, coalesce({_GOOD_FOR}, 0), o.total_paise
        FROM orders_order o LEFT JOIN ({_KEPT}) p ON p.ref = o.id
        WHERE NOT {_OVER} AND o.total_paise <> coalesce({_GOOD_FOR}, 0)""",
    "delivered and nothing recognised": """
        SELECT o.number, 0, o.total_paise FROM orders_order o
        LEFT JOIN payments_transfer t ON t.key = 'revenue:' || o.id::text
        WHERE o.delivered_at IS NOT NULL AND o.items_paise > 0 AND t.id IS NULL""",
    "recognised although it was not delivered": """
        SELECT o.number, -sum(e.amount_paise)::bigint, 0 FROM orders_order o
        JOIN payments_transfer t ON t.ref = o.id AND t.kind IN ('revenue', 'revenue_back')
        JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
        WHERE o.delivered_at IS NULL AND a.code <> 'orders:prepaid'
        GROUP BY o.number""",
    "revenue, GST and tips less promotions are not what was kept": f"""
        SELECT o.number, l.paise, coalesce(p.kept, 0) FROM orders_order o
        JOIN (
            SELECT t.ref, -sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind IN ('revenue', 'revenue_back') AND a.code <> 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = o.id
        LEFT JOIN ({_KEPT}) p ON p.ref = o.id
        WHERE o.delivered_at IS NOT NULL AND l.paise <> coalesce(p.kept, 0)""",
    "money of an order is prepaid when it should not be, or not when it should": f"""
        SELECT o.number, coalesce(l.paise, 0), CASE WHEN {_OVER} THEN 0 ELSE coalesce(p.kept, 0) END FROM orders_order o
        LEFT JOIN (
            SELECT t.ref, -sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE a.code = 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = o.id
        LEFT JOIN ({_KEPT}) p ON p.ref = o.id
        WHERE coalesce(l.paise, 0) <> CASE WHEN {_OVER} THEN 0 ELSE coalesce(p.kept, 0) END""",
}

# Each part of the recognised bill that an order keeps in a column of its own.
_RECOGNISED = """
    SELECT o.number, coalesce(l.paise, 0), {should} FROM orders_order o
    JOIN payments_transfer t ON t.key = 'revenue:' || o.id::text
    LEFT JOIN (
        SELECT e.transfer_id, {sign}sum(e.amount_paise)::bigint AS paise FROM payments_entry e
        JOIN payments_account a ON a.id = e.account_id WHERE a.code = ANY(%(codes)s) GROUP BY e.transfer_id
    ) l ON l.transfer_id = t.id
    WHERE coalesce(l.paise, 0) <> {should}"""
_FEES = "o.delivery_paise + o.handling_paise + o.small_cart_paise + o.surge_paise"
_COLUMNS = {
    "GST": ("o.tax_paise", ("cgst", "sgst", "igst")),
    "the tip": ("o.tip_paise", ("tip",)),
    "the discount": ("o.discount_paise", ("discount",)),
    "revenue of goods and fees": (
        f"o.items_paise + {_FEES} - o.tax_paise",
        ("goods", *accounting.FEES),
    ),
}


def audit() -> list[Difference]:
    """Every order whose money does not add up, by its number; empty when all is well. Each proof sees one moment."""
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for what, sql in _PROOFS.items():
            cursor.execute(sql)
            found += [Difference(what, key, int(is_), int(should)) for key, is_, should in cursor.fetchall()]
        for name, (should, parts) in _COLUMNS.items():
            sign = "" if parts == ("discount",) else "-"
            codes = [ledger.PARTS[part] for part in parts]
            cursor.execute(_RECOGNISED.format(should=should, sign=sign), {"codes": codes})
            what = f"{name} in the books is not the bill's"
            found += [Difference(what, key, int(is_), int(want)) for key, is_, want in cursor.fetchall()]
    return found

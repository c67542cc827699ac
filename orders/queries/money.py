"""What happened to the money of an order, and what was given for its delay."""

from __future__ import annotations

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from orders.lateness import LateCredit
from orders.models import Order
from payments.queries import StatementLine, statement


def late_credit_of(order: Order) -> LateCredit | None:
    """The credit for its delay, if it got one. No statement where the order was read with `late_credit`."""
    return getattr(order, "late_credit", None)


def money_of(order: Order) -> list[StatementLine]:
    """The payments' own statement and the credit for a delay, oldest first. The credit is no part of what was paid, so
    its line carries no amount."""
    lines = statement(order.pk)
    if (credit := late_credit_of(order)) is not None:
        text = say("{money} into the wallet: {minutes} min late", money=rupees(credit.paise), minutes=credit.late_m)
        lines.append(StatementLine(credit.made_at, text, 0, "late-credit"))
    return sorted(lines, key=lambda line: line.at)

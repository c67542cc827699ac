"""Every write to money. Each act locks the payment first; what it then touches is that payment's own.

Lock order inside this app: webhook receipt, payment, attempt, refund, ledger account.
"""

from payments.queries import cash_in_hand, refund_settled, statement
from payments.services.cash import collect_cash, deposit_cash
from payments.services.paying import open_payment, start_attempt
from payments.services.refunding import cancel, lower_amount, retry_refund, send_refund
from payments.services.settling import process_webhook, reconcile, record_webhook, retry_webhook

__all__ = [
    "cancel",
    "cash_in_hand",
    "collect_cash",
    "deposit_cash",
    "lower_amount",
    "open_payment",
    "process_webhook",
    "reconcile",
    "record_webhook",
    "refund_settled",
    "retry_refund",
    "retry_webhook",
    "send_refund",
    "start_attempt",
    "statement",
]

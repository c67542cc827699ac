"""Every write to money. Each act locks the payment first; what it then touches is that payment's own.

Lock order inside this app: webhook receipt, payment, attempt, refund, wallet, ledger account.
"""

from payments.queries import cash_in_hand, refund_settled, statement
from payments.services.books import recognise, take_back
from payments.services.capturing import settle_authorised
from payments.services.cash import book_deposit, collect_cash, deposit_cash, open_deposit
from payments.services.membership import buy_membership, remind_ending
from payments.services.paying import open_payment, page_of, start_attempt
from payments.services.payouts import due_payouts, owe_week, retry_payout, send_payout
from payments.services.refunding import cancel, lower_amount, retry_refund, send_refund
from payments.services.settlement import import_settlement
from payments.services.settling import ask, process_webhook, reconcile, record_webhook, retry_webhook
from payments.services.wallet import credit as credit_wallet
from payments.services.wallet import give_goodwill, sweep_expired
from payments.services.wallet import take as take_from_wallet
from payments.services.wallet import take_back as take_credit_back

__all__ = [
    "ask",
    "book_deposit",
    "buy_membership",
    "cancel",
    "cash_in_hand",
    "collect_cash",
    "credit_wallet",
    "deposit_cash",
    "due_payouts",
    "give_goodwill",
    "import_settlement",
    "lower_amount",
    "open_deposit",
    "open_payment",
    "owe_week",
    "page_of",
    "process_webhook",
    "recognise",
    "reconcile",
    "record_webhook",
    "refund_settled",
    "remind_ending",
    "retry_payout",
    "retry_refund",
    "retry_webhook",
    "send_payout",
    "send_refund",
    "settle_authorised",
    "start_attempt",
    "statement",
    "sweep_expired",
    "take_back",
    "take_credit_back",
    "take_from_wallet",
]

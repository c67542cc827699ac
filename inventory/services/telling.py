"""Who hears that a shelf needs somebody: the store's managers and operations."""

from __future__ import annotations

from blinkit.kernel import events
from inventory.events import HeldMissingNotice, LowStockNotice
from inventory.services import ledger


def tell_store(
    notice: type[LowStockNotice] | type[HeldMissingNotice],
    *,
    store_code: str,
    n: int,
    product_id: int,
    actor: str = "system",
) -> int:
    """One such notice per manager of the store and person of operations. Returns how many. Two statements."""
    people = ledger.execute(
        """
        SELECT DISTINCT u.id FROM accounts_user AS u JOIN accounts_rolegrant AS g ON g.user_id = u.id
        WHERE u.is_active AND (g.role = 'ops' OR (g.role = 'store_manager' AND EXISTS (
            SELECT 1 FROM catalog_storemembership AS m JOIN catalog_store AS s ON s.id = m.store_id
            WHERE m.user_id = u.id AND s.code = %(store)s
        ))) ORDER BY u.id
        """,
        {"store": store_code},
    )
    told = [notice(user_id=user_id, store_code=store_code, n=n, product_id=product_id) for (user_id,) in people]
    if told:
        events.record_all(told, subject=f"store:{store_code}", actor=actor)
    return len(told)

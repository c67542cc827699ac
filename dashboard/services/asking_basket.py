"""A shopping list's plan (`catalog.baskets`) as one sentence and one table: every door shows it like any answer."""

from __future__ import annotations

from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say, together
from dashboard.ask.columns import Column

BEST, ALONE = "best way", "all at one"


def sentence(plan: Any) -> Said:
    """What it costs at best, fees included, and what was left out."""
    split, best = plan.split, plan.best
    if split is None or not split.orders:
        return say("None of these is sold by anybody right now.")
    total = rupees(split.total_paise)
    names = " + ".join(order.platform_name for order in split.orders)
    parts = [say("Best: {platforms}, {total} with all fees.", platforms=names, total=total)]
    if len(split.orders) > 1 and split.saves_paise and best is not None:
        parts.append(
            say("{less} less than all at {platform}.", less=rupees(split.saves_paise), platform=best.platform_name)
        )
    if plan.left_paise is not None and plan.left_paise >= 0:
        parts.append(
            say("{left} of {budget} are left.", left=rupees(plan.left_paise), budget=rupees(plan.budget_paise))
        )
    if plan.left_out:
        out = ", ".join(plan.lines[one.line].said for one in plan.left_out[:5])
        parts.append(say("Left out: {things}.", things=out))
    return together(parts)


COLUMNS = (
    Column("way", "way", "text"),
    Column("platform", "platform", "text"),
    Column("total", "total", "paise", is_drawn=True),
    Column("goods", "goods", "paise"),
    Column("fees", "fees", "paise"),
    Column("off", "offers", "paise"),
    Column("minutes", "delivered in, at most", "minutes"),
    Column("things", "what", "text", part="detail"),
    Column("missing", "not sold there", "text", part="without"),
)


def rows(plan: Any) -> list[tuple[Any, ...]]:
    """The orders of the best way, then the whole list at each platform."""
    split = plan.split.orders if plan.split is not None else ()
    best = [_row(BEST, order, plan) for order in split]
    return best + [_row(ALONE, order, plan) for order in plan.orders]


def _row(way: str, order: Any, plan: Any) -> tuple[Any, ...]:
    things = "; ".join(
        " + ".join(f"{part.pieces} × {_listing(part.listing)}" for part in taken.parts) for taken in order.taken
    )
    missing = ", ".join(plan.lines[line].said for line in order.missing) if way == ALONE else ""
    bill = order.bill
    return (
        way, order.platform_name, order.total_paise, bill.goods_paise, bill.fees_paise, bill.off_paise,
        order.eta_high_minutes, things, missing,
    )  # fmt: skip


def _listing(listing: Any) -> str:
    return " ".join(str(part) for part in (listing.name, listing.pack) if part)

"""Stand-in until the real one is there: canned answers, so that screens can be looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dashboard.ask.query import Intent, Query


@dataclass(frozen=True, slots=True)
class Caller:
    user_id: int | None
    audiences: frozenset[str]
    stores: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class C:
    name: str
    label: str
    kind: str


def caller_of(user_id: int | None, roles: Any = ()) -> Caller:
    audiences = {"public"} | ({"ops", "store", "finance"} if {"ops", "admin"} & set(roles) else set())
    return Caller(user_id, frozenset(audiences))


def told(asked: Any, *, caller: Caller, now: Any, page: int = 0) -> Any:
    from dashboard.services.asking import Chip, Told, Way

    text = asked if isinstance(asked, str) else asked.get("text", "")
    low = text.lower()
    base = Told(
        "answered",
        question=text,
        understood={"text": text},
        fresh_at=now - timedelta(minutes=2),
        ms=14,
        sql="SELECT name, price_paise\nFROM ask.listing\nWHERE item = 'onion'\nORDER BY price_paise\nLIMIT 50",
        chips=(
            Chip("intent", "cheapest", False),
            Chip("f0", "item: onion", True, "eq", (("eq", "is"), ("not", "is not")), "onion"),
            Chip("f1", "price under ₹50", True, "lt", (("lt", "under"), ("gt", "over")), "50", unit="₹"),
            Chip(
                "f2",
                "platform: Blinkit",
                True,
                "eq",
                (("eq", "is"),),
                "blinkit",
                (("blinkit", "Blinkit"), ("zepto", "Zepto")),
            ),
        ),
    )
    if "late" in low or "order" in low:
        if "ops" not in caller.audiences:
            return replace(
                base,
                verdict="refused",
                why="This box answers questions about prices on platforms. Orders are for people who work here.",
                chips=(),
            )
    if "which" in low:
        return replace(
            base,
            verdict="which",
            ways=(
                Way("Lowest price of onions on each platform", {"text": "cheapest onions"}),
                Way("Discounts on onions", {"text": "deals onions"}),
            ),
            chips=(),
        )
    if "sorry" in low:
        return replace(
            base,
            verdict="sorry",
            near=("cheapest onions", "price trend of onions"),
            why="I did not understand “sorry”.",
            chips=(),
        )
    if "drop" in low:
        return replace(base, verdict="refused", why="This changes data. Ask only reads.", chips=())
    if "trend" in low:
        cols = (C("day", "Day", "date"), C("platform", "Platform", "text"), C("price", "Average price", "paise"))
        rows = [
            ((now - timedelta(days=14 - d)).date(), p, 2500 + (d * 37 * k) % 700 + 300 * k)
            for d in range(14)
            for k, p in enumerate(("Blinkit", "Zepto", "Instamart"), 1)
        ]
        return replace(
            base,
            intent="trend",
            sentence="Onions cost ₹28.40 on average today, 3 % more than two weeks ago.",
            columns=cols,
            rows=rows,
            total=42,
        )
    if "share" in low:
        cols = (C("platform", "Platform", "text"), C("count", "Products", "number"))
        return replace(
            base,
            intent="share",
            sentence="Zepto lists 41 % of the fruit we watch.",
            columns=cols,
            rows=[("Zepto", 412), ("Blinkit", 350), ("Instamart", 242)],
            total=3,
        )
    cols = (
        C("name", "Name", "text"),
        C("pack", "Pack", "text"),
        C("platform", "Platform", "text"),
        C("price", "Price", "paise"),
        C("discount", "Discount", "bp"),
        C("seen_at", "Seen", "time"),
    )
    rows = [
        (f"Onion number {n}", "1 kg", ("Blinkit", "Zepto", "Instamart")[n % 3], 2400 + 130 * n, 100 * n + 50, now)
        for n in range(50)
    ]
    return replace(
        base,
        intent="cheapest",
        sentence="The cheapest onions are on Zepto: ₹24 for 1 kg.",
        columns=cols,
        rows=rows,
        total=1204,
        page=page,
        more=True,
        unused=("please",),
    )


def suggest(text: str, *, caller: Caller) -> list[str]:
    return [
        one
        for one in ("cheapest onions", "price trend of onions", "share of products by platform", "which onions")
        if text.lower() in one
    ]


def changed(
    understood: dict[str, Any], *, at: str, op: str = "", value: str = "", gone: bool = False, caller: Any
) -> dict[str, Any]:
    return understood


def may_ask(understood: Any, *, caller: Caller) -> bool:
    return True


def note_feedback(*, log_id: Any, caller: Caller, helpful: bool, words: str = "") -> None:
    pass


_ = (timezone, Intent, Query)

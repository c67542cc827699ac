"""Answers for tests of the screens: what the facade would have said, without asking it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from catalog.tests.factories import NOW
from dashboard.ask.columns import Column
from dashboard.services.asking import Chip, Told, Way

COLUMNS = (Column("name", "name", "text"), Column("platform", "platform", "text"), Column("price", "price", "paise"))
ROWS = (("Onion", "Zepto", 2_900), ("Onion", "Blinkit", 3_400), ("=HYPERLINK(1)", "@home", 123_456))
ONIONS = Told(
    "answered", question="cheapest onions", understood={"intent": "cheapest", "entity": "listing"}, intent="cheapest",
    sentence="The cheapest onion is ₹29 on Zepto.", columns=COLUMNS, rows=ROWS, total=3,
    sql="SELECT 1 FROM ask.listing", fresh_at=NOW,
    chips=(Chip("filter:0", "Price", "below ₹50", True, (("op:gt", "above"),), True, "50", "₹"),),
)  # fmt: skip
WHICH = Told("which", question="milk", ways=(Way("The price of milk", {"entity": "a"}), Way("Sales", {"entity": "b"})))
SORRY = Told("sorry", question="blorp", why="I do not know “blorp”.", near=("cheapest onions",))
REFUSED = Told("refused", question="drop it", why="Ask only reads.")


@dataclass
class Fake:
    """Says `says` (or raises it) to every question, and remembers who asked what."""

    says: Told | Exception = ONIONS
    asked: list[tuple[Any, Any, int]] | None = None

    def __call__(self, asked: Any, *, caller: Any, now: Any, page: int = 0, **_: Any) -> Told:
        self.asked = [*(self.asked or []), (asked, caller, page)]
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def price(paise: int) -> Told:
    return replace(ONIONS, rows=(("Onion", "Zepto", paise), ROWS[1]), total=2)

"""What is different between the bill somebody was shown and the bill now: parts, prices, promotions by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from catalog.pricing.bill import Bill

PARTS = (
    "items_paise",
    "delivery_paise",
    "handling_paise",
    "small_cart_paise",
    "surge_paise",
    "tip_paise",
    "discount_paise",
    "cashback_paise",
    "total_paise",
)
OVER = "It is over."


@dataclass(frozen=True, slots=True)
class Shown:
    """A bill as it is remembered: its parts, (units, paise each) by product id, (name, paise saved) by promotion id."""

    parts: Mapping[str, int]
    lines: Mapping[int, tuple[int, int]]
    promotions: Mapping[int, tuple[str, int]]

    @classmethod
    def of(cls, bill: Bill) -> Shown:
        return cls(
            parts={part: getattr(bill, part) for part in PARTS},
            lines={line.product_id: (line.qty, line.unit_price_paise) for line in bill.lines},
            promotions={
                one.rule.id: (one.rule.name, one.discount_paise + one.waived_paise + one.credit_paise)
                for one in bill.promotions.applied
            },
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "parts": dict(self.parts),
            "lines": [[pk, qty, paise] for pk, (qty, paise) in self.lines.items()],
            "promotions": [[pk, name, paise] for pk, (name, paise) in self.promotions.items()],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Shown:
        return cls(
            parts=kept["parts"],
            lines={pk: (qty, paise) for pk, qty, paise in kept["lines"]},
            promotions={pk: (name, paise) for pk, name, paise in kept["promotions"]},
        )


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A line that costs another price per unit, or stands there in another number (0: it was or is not there)."""

    product_id: int
    old_paise: int
    new_paise: int
    old_qty: int
    new_qty: int


@dataclass(frozen=True, slots=True)
class PromotionChange:
    """`new_paise` 0: it no longer applies, and `why`. `old_paise` 0: it applies now."""

    name: str
    old_paise: int
    new_paise: int
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "old_paise": self.old_paise, "new_paise": self.new_paise, "why": self.why or None}


@dataclass(frozen=True, slots=True)
class Changes:
    """`parts` are (name, old paise, new paise) of those that differ, in the order of the bill."""

    parts: tuple[tuple[str, int, int], ...] = ()
    lines: tuple[PriceChange, ...] = ()
    promotions: tuple[PromotionChange, ...] = field(default=())


def differences(old: Shown, bill: Bill) -> Changes:
    """Everything that differs; nothing for equal bills."""
    new = Shown.of(bill)
    parts = tuple((part, old.parts.get(part, 0), new.parts[part]) for part in PARTS)
    lines = tuple(_line(pk, old, new) for pk in sorted({*old.lines, *new.lines}))
    refused = {one.rule.id: one.sentence for one in bill.promotions.refused}
    promotions = []
    for pk in sorted({*old.promotions, *new.promotions}):
        name = (new.promotions.get(pk) or old.promotions[pk])[0]
        before, after = old.promotions.get(pk, ("", 0))[1], new.promotions.get(pk, ("", 0))[1]
        if before != after or (pk in old.promotions) != (pk in new.promotions):
            why = "" if pk in new.promotions else refused.get(pk, OVER)
            promotions.append(PromotionChange(name, before, after, why))
    return Changes(
        parts=tuple(part for part in parts if part[1] != part[2]),
        lines=tuple(line for line in lines if (line.old_paise, line.old_qty) != (line.new_paise, line.new_qty)),
        promotions=tuple(promotions),
    )


def _line(product_id: int, old: Shown, new: Shown) -> PriceChange:
    (old_qty, old_paise), (new_qty, new_paise) = (shown.lines.get(product_id, (0, 0)) for shown in (old, new))
    return PriceChange(product_id, old_paise, new_paise, old_qty, new_qty)


_PART_WORDS = {
    "delivery_paise": "The delivery fee is now {new} (it was {old}).",
    "handling_paise": "The handling fee is now {new} (it was {old}).",
    "small_cart_paise": "The small-cart fee is now {new} (it was {old}).",
    "surge_paise": "The busy-hour fee is now {new} (it was {old}).",
    "tip_paise": "The tip is now {new} (it was {old}).",
    "cashback_paise": "The cashback is now {new} (it was {old}).",
}


def sentences(changes: Changes, names: Mapping[int, str]) -> list[str]:
    """What people are told, the most telling first: prices, promotions, fees. `names` of products by id."""
    told: list[str] = []
    for line in changes.lines:
        name = names.get(line.product_id)
        if name is None:
            continue
        if line.old_qty and line.new_qty and line.old_paise != line.new_paise:
            old, new = rupees(line.old_paise), rupees(line.new_paise)
            told.append(say("{name} is now {new} each (it was {old}).", name=name, new=new, old=old))
        elif line.old_qty != line.new_qty:
            told.append(
                say("{name}: your cart has {new} now, not {old}.", name=name, new=line.new_qty, old=line.old_qty)
            )
    for one in changes.promotions:
        if one.why:
            told.append(say("“{name}” no longer applies. {why}", name=one.name, why=one.why))
        elif not one.old_paise:
            told.append(say("“{name}” applies now and saves {new}.", name=one.name, new=rupees(one.new_paise)))
        else:
            new, old = rupees(one.new_paise), rupees(one.old_paise)
            told.append(say("“{name}” now saves {new} (it was {old}).", name=one.name, new=new, old=old))
    for part, before, after in changes.parts:
        if part in _PART_WORDS:
            told.append(say(_PART_WORDS[part], new=rupees(after), old=rupees(before)))
    return told

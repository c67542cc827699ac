"""Does a bag weigh what is in it?

Tolerance: 60 g or 4 % of what is expected, whichever is more. Packs are filled to within some per cent (the Legal
Metrology (Packaged Commodities) Rules, 2011 allow 4.5 % at 200 to 300 g and 3 % at 500 g to 1 kg short), gross weights
in the catalogue are rounded, and a bag or an ice pack differs. The figures are estimates of ours.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from orders.bagging.packing import PackedBag, Part

LEAST_TOLERANCE_G = 60
TOLERANCE_BP = 400
_TYPED = re.compile(r"[+]?\s*([0-9]{1,6}(?:[.,][0-9]{1,4})?)\s*(kg|g)?")
NAMES_WITHIN_BP = 2_500
"""A line is named when its weight explains the difference to within a quarter of it, or to within the tolerance."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """The line whose weight fits the difference best."""

    id: Hashable
    name: str
    units: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`off_g`: weighed minus expected; negative is lighter. `kind` "unweighed" when nothing was weighed."""

    kind: Literal["right", "lighter", "heavier", "unweighed"]
    expected_g: int
    actual_g: int
    off_g: int
    tolerance_g: int
    weight_known: bool
    suspect: Suspect | None = None

    @property
    def is_off(self) -> bool:
        return self.kind in ("lighter", "heavier")


def grams_of(text: str) -> int:
    """What a person or a scale that types wrote: "1240", "1240 g", "1.24", "1,240 kg". A number with a point, or beside
    "kg", is kilograms. 0 when it is no weight."""
    read = _TYPED.fullmatch(text.strip().lower())
    if read is None:
        return 0
    number, unit = Decimal(read[1].replace(",", ".")), read[2]
    return int(number * 1_000) if unit == "kg" or (not unit and "." in str(number)) else int(number)


def tolerance_g(expected_g: int) -> int:
    """How many grams either way are no difference."""
    return max(LEAST_TOLERANCE_G, expected_g * TOLERANCE_BP // 10_000)


def judge(bag: PackedBag, actual_g: int, *, others: Sequence[Part] = ()) -> Verdict:
    """One bag against its scale. `others`: what lies in the other bags, for a bag that is too heavy.

    With a unit of unknown weight in it a bag can be too light but never too heavy.
    """
    expected_g = bag.expected_g
    within_g = tolerance_g(expected_g)
    off_g = actual_g - expected_g if actual_g else 0
    kind: Literal["right", "lighter", "heavier", "unweighed"] = "right"
    suspect = None
    if not actual_g:
        kind = "unweighed"
    elif off_g < -within_g:
        kind, suspect = "lighter", _suspect(bag.parts, -off_g, within_g, most=None)
    elif off_g > within_g and bag.weight_known:
        kind, suspect = "heavier", _suspect([*bag.parts, *others], off_g, within_g, most=1)
    return Verdict(kind, expected_g, actual_g, off_g, within_g, bag.weight_known, suspect)


def judge_all(bags: Sequence[PackedBag], weights_g: Sequence[int]) -> list[Verdict]:
    """Each bag against its scale; 0 was not weighed. Missing weights at the end count as not weighed."""
    given = [*weights_g, *[0] * len(bags)][: len(bags)]
    return [
        judge(bag, grams, others=[part for other in bags if other is not bag for part in other.parts])
        for bag, grams in zip(bags, given, strict=True)
    ]


def settled(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing is missing although bags are off: all were weighed, and what one lacks the others have too much.
    Things then lie in another bag than planned; the sum is held to one bag's tolerance."""
    whole = all(verdict.actual_g and verdict.weight_known for verdict in verdicts)
    within_g = max((verdict.tolerance_g for verdict in verdicts), default=0)
    return whole and abs(sum(verdict.off_g for verdict in verdicts)) <= within_g


def _suspect(parts: Sequence[Part], off_g: int, within_g: int, *, most: int | None) -> Suspect | None:
    """The line of which some units weigh what the scale is off by, fewest units first; None when none comes near."""
    best: tuple[int, int, int] | None = None
    for number, part in enumerate(parts):
        for units in range(1, (most or part.qty) + 1) if part.weight_g else ():
            rest = abs(units * part.weight_g - off_g)
            best = min(best or (rest, units, number), (rest, units, number))
    if best is None or best[0] > max(within_g, off_g * NAMES_WITHIN_BP // 10_000):
        return None
    return Suspect(parts[best[2]].id, parts[best[2]].name, best[1])

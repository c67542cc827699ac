"""What a credit note takes back from an invoice, line by line (CGST Act, section 34; Rules, rule 53).

A credit note is for a price that turned out too high: goods that were missing, wrong or bad, a delivery that was late,
an order that did not come. What is paid out of goodwill leaves the price as it was: no credit note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blinkit.kernel.money import share_out

PRICE_REDUCTIONS = frozenset({"missing", "wrong", "damaged", "bad", "not-as-described", "late", "never-came"})
"""Kinds of claims whose refund lowers the price. "rider" and "payment" are goodwill: the goods and their price were
right, and the invoice with them."""


def is_price_reduction(kind: str) -> bool:
    return kind in PRICE_REDUCTIONS


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of an invoice and how much of its total was taken back already."""

    key: int
    code: str
    total_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    credited_paise: int = 0

    @property
    def left_paise(self) -> int:
        return self.total_paise - self.credited_paise


@dataclass(frozen=True, slots=True)
class Reduction:
    """Taken back of line `key`: taxable + CGST + SGST + IGST + cess = total."""

    key: int
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    total_paise: int


def reduce(line: Standing, paise: int) -> Reduction:
    """So much, tax included, is taken back of a line, with its share of each tax.

    Shares are cumulative: whatever the steps, a line that is taken back whole has given back exactly its own value and
    taxes, and never more on the way. Raises ValueError for more than is left.
    """
    if not 0 < paise <= line.left_paise:
        raise ValueError(f"{paise} of {line.left_paise} paise that are left.")
    before, after = _parts(line, line.credited_paise), _parts(line, line.credited_paise + paise)
    cgst, sgst, igst, cess = (now - then for now, then in zip(after, before, strict=True))
    return Reduction(line.key, paise - cgst - sgst - igst - cess, cgst, sgst, igst, cess, paise)


def whole(lines: Sequence[Standing], paise: int, *, tip_left_paise: int = 0) -> tuple[list[Reduction], int]:
    """An amount taken back of everything that is left, each part by its size; the tip's part comes second.

    More than is left is not taken back: the rest is goodwill.
    """
    open_lines = [line for line in lines if line.left_paise]
    weights = [line.left_paise for line in open_lines] + [tip_left_paise]
    amount = min(paise, sum(weights))
    *shares, tip = share_out(amount, weights) if amount else [0] * len(weights)
    return [reduce(line, share) for line, share in zip(open_lines, shares, strict=True) if share], tip


def _parts(line: Standing, taken_paise: int) -> tuple[int, int, int, int]:
    """(CGST, SGST, IGST, cess) inside the first `taken_paise` of a line: never falling as that grows."""
    taxes = (line.cgst_paise, line.sgst_paise, line.igst_paise, line.cess_paise)
    tax = sum(taxes)
    if not tax:
        return 0, 0, 0, 0
    inside = (2 * tax * taken_paise + line.total_paise) // (2 * line.total_paise)
    # Two parts at a time, the second being the rest: so that neither ever falls while their sum grows.
    cess = _share(inside, line.cess_paise, tax)
    of_gst, gst = inside - cess, tax - line.cess_paise
    igst = _share(of_gst, line.igst_paise, gst)
    cgst = _share(of_gst - igst, line.cgst_paise, gst - line.igst_paise)
    return cgst, of_gst - igst - cgst, igst, cess


def _share(amount: int, part: int, whole: int) -> int:
    return (2 * part * amount + whole) // (2 * whole) if whole else 0

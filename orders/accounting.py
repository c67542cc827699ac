"""What an order's money is made of: revenue by kind, GST, tip, discount. Plain arithmetic, whole paise, no database.

Parts are named as in `payments.ledger.PARTS`; a discount is negative, so that the parts of an order sum to its total.
Fees and goods are net of GST, which is contained in every price (rule 35 of the CGST Rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from blinkit.kernel.money import share_out
from catalog.pricing.tax import TaxSplit, split

Parts = dict[str, int]

FEES = ("delivery", "handling", "small_cart", "surge")
TIP, DISCOUNT, CLAIMS = "tip", "discount", "claims"


@dataclass(frozen=True, slots=True)
class Places:
    """GST state codes: where the goods leave and where they arrive."""

    supplier_state: str
    place_of_supply: str

    def split(self, tax_paise: int) -> TaxSplit:
        return split(tax_paise, supplier_state=self.supplier_state, place_of_supply=self.place_of_supply)


@dataclass(frozen=True, slots=True)
class Sold:
    """A line as it came: units found at their price, its discount, and the GST inside what is left."""

    gross_paise: int
    discount_paise: int
    tax_paise: int

    @property
    def paid_paise(self) -> int:
        return self.gross_paise - self.discount_paise


def parts_of_bill(
    *,
    lines: Iterable[Sold],
    fees: Mapping[str, int],
    tip_paise: int,
    discount_paise: int,
    tax_paise: int,
    places: Places,
) -> Parts:
    """The parts of a whole bill; they sum to its total. `fees` are GST inclusive, by name of `FEES`.

    What of `tax_paise` is in no line is in the fees, shared over them by their size. The tax is split line by line, as
    on the bill (`catalog.pricing.bill.Bill.tax_split`).
    """
    sold = list(lines)
    gross = [fees.get(name, 0) for name in FEES]
    fee_tax = max(0, min(tax_paise - sum(line.tax_paise for line in sold), sum(gross)))
    taxes = sum((places.split(tax) for tax in [*(line.tax_paise for line in sold), fee_tax]), TaxSplit())
    net = [fee - tax for fee, tax in zip(gross, share_out(fee_tax, gross), strict=True)]
    goods = sum(line.gross_paise - line.tax_paise for line in sold)
    return _filled(
        {"goods": goods, **dict(zip(FEES, net, strict=True)), TIP: tip_paise, DISCOUNT: -discount_paise}, taxes
    )


def parts_of_line(line: Sold, *, refunded_before_paise: int, refund_paise: int, places: Places) -> Parts:
    """The parts of a refund for a line. Shares are cumulative: refunds of all that was paid take all of it."""
    paid, whole = line.paid_paise, places.split(line.tax_paise)

    def share(paise: int) -> int:
        after = refunded_before_paise + refund_paise
        return paise * after // paid - paise * refunded_before_paise // paid if paid else 0

    taxes = TaxSplit(share(whole.cgst_paise), share(whole.sgst_paise), share(whole.igst_paise))
    discount = share(line.discount_paise)
    goods = refund_paise + discount - (taxes.cgst_paise + taxes.sgst_paise + taxes.igst_paise)
    return _filled({"goods": goods, DISCOUNT: -discount}, taxes)


def parts_of_fee(name: str, *, fee_paise: int, fee_net_paise: int, refund_paise: int, places: Places) -> Parts:
    """The parts of a refund of a fee of which `fee_net_paise` is without GST."""
    tax = (fee_paise - fee_net_paise) * refund_paise // fee_paise if fee_paise else 0
    return _filled({name: refund_paise - tax}, places.split(tax))


def parts_of_rest(left: Mapping[str, int], *, refund_paise: int) -> Parts:
    """A refund that is about nothing in particular: the same share of every part that is left.

    The tip is the rider's whatever happens: what goes beyond all the rest is a cost of ours (`claims`).
    """
    ours = {name: paise for name, paise in sorted(left.items()) if paise > 0 and name not in (TIP, CLAIMS)}
    discount = max(0, -left.get(DISCOUNT, 0))
    most = max(0, sum(ours.values()) - discount)
    part = min(refund_paise, most)
    less_discount = discount * part // most if most else 0
    shares = share_out(part + less_discount, list(ours.values())) if ours else []
    return {**dict(zip(ours, shares, strict=True)), DISCOUNT: -less_discount, CLAIMS: refund_paise - part}


def fits(parts: Mapping[str, int], left: Mapping[str, int]) -> bool:
    """Is each of these parts still there?"""
    return all(
        (left.get(name, 0) <= paise <= 0) if name == DISCOUNT else (0 <= paise <= left.get(name, 0))
        for name, paise in parts.items()
    )


def _filled(parts: Parts, taxes: TaxSplit) -> Parts:
    return parts | {"cgst": taxes.cgst_paise, "sgst": taxes.sgst_paise, "igst": taxes.igst_paise}
